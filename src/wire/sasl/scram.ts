import { encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import type { SaslCrypto, ScramHash } from './crypto.ts'
import { preparePassword } from './password.ts'
import { utf8 } from './text.ts'

/** What an account keeps of its password for one SCRAM hash (RFC 5802 §3). */
export interface ScramKeys {
  readonly hash: ScramHash
  readonly salt: Uint8Array
  readonly iterations: number
  readonly storedKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** What a client may keep of a password instead of it, for one salt and iteration count (RFC 5802 §5.1, `i`). */
export interface ScramClientKeys {
  readonly clientKey: Uint8Array
  readonly serverKey: Uint8Array
}

/** The SCRAM mechanisms, strongest first; each also has a `-PLUS` (RFC 5802 §4, RFC 7677). */
export const scramMechanisms = {
  'SCRAM-SHA-512': 'sha-512',
  'SCRAM-SHA-256': 'sha-256',
  'SCRAM-SHA-1': 'sha-1',
} as const satisfies Record<string, ScramHash>

/** Bytes of the salt that new accounts get; `fakeScramKeys` makes the same, so that both look alike. */
export const saltLength = 16

const digestLengths: Record<ScramHash, number> = { 'sha-1': 20, 'sha-256': 32, 'sha-512': 64 }
const clientKeyText = utf8('Client Key')
const serverKeyText = utf8('Server Key')

/** Bytes of a hash's value. */
export function digestLength(hash: ScramHash): number {
  return digestLengths[hash]
}

/** The hash of a SCRAM mechanism and whether it binds to the channel; undefined for another mechanism. */
export function scramMechanism(name: string): { hash: ScramHash; plus: boolean } | undefined {
  const plus = name.endsWith('-PLUS')
  const bare = plus ? name.slice(0, -'-PLUS'.length) : name
  return Object.hasOwn(scramMechanisms, bare)
    ? { hash: scramMechanisms[bare as keyof typeof scramMechanisms], plus }
    : undefined
}

/**
 * The `SaltedPassword` of RFC 5802 §3, which is all that a client tells of its password in an upgrade (XEP-0480 §3). Takes
 * milliseconds. Throws `Malformed` for a password that cannot be one.
 */
export async function saltedPassword(
  crypto: SaslCrypto,
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<Uint8Array> {
  return crypto.pbkdf2(hash, utf8(preparePassword(password)), salt, iterations, digestLengths[hash])
}

/** Derives what a client needs of a password (RFC 5802 §3). Takes milliseconds. Throws `Malformed` for a password that cannot be one. */
export async function deriveClientKeys(
  crypto: SaslCrypto,
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramClientKeys> {
  return clientKeysOf(crypto, hash, await saltedPassword(crypto, hash, password, salt, iterations))
}

async function clientKeysOf(crypto: SaslCrypto, hash: ScramHash, salted: Uint8Array): Promise<ScramClientKeys> {
  return {
    clientKey: await crypto.hmac(hash, salted, clientKeyText),
    serverKey: await crypto.hmac(hash, salted, serverKeyText),
  }
}

/**
 * Derives the keys that an account keeps of a password, which is prepared by `preparePassword`. Takes milliseconds.
 * Throws `Malformed` for a password that cannot be one.
 */
export async function deriveScramKeys(
  crypto: SaslCrypto,
  hash: ScramHash,
  password: string,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  const salted = await saltedPassword(crypto, hash, password, salt, iterations)
  return scramKeysOf(crypto, hash, salted, salt, iterations)
}

/**
 * The keys that an account keeps, from a `SaltedPassword` that its client has derived with this salt and count (XEP-0480
 * §3). Throws `Malformed` where that has another length than the hash's value.
 */
export async function scramKeysOf(
  crypto: SaslCrypto,
  hash: ScramHash,
  salted: Uint8Array,
  salt: Uint8Array,
  iterations: number,
): Promise<ScramKeys> {
  if (salted.length !== digestLengths[hash])
    throw new Malformed(`The salted password has ${digestLengths[hash]} bytes with this hash`)
  const { clientKey, serverKey } = await clientKeysOf(crypto, hash, salted)
  return { hash, salt, iterations, storedKey: await crypto.hash(hash, clientKey), serverKey }
}

/**
 * Whether these are the keys of the password. With the keys of `fakeScramKeys` it takes as long and is always false.
 * A password that cannot be one is nobody's.
 */
export async function passwordMatches(crypto: SaslCrypto, keys: ScramKeys, password: string): Promise<boolean> {
  try {
    const derived = await deriveScramKeys(crypto, keys.hash, password, keys.salt, keys.iterations)
    return crypto.equal(derived.storedKey, keys.storedKey)
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}

/**
 * Keys for a user that does not exist: the same salt each time, and no password that matches, because the stored key
 * is no hash of anything known. `secret` never changes and nobody else knows it. So that nothing tells them from real
 * ones, accounts have a salt of `saltLength` of their own for each hash and `iterations` in common, and `username` is
 * the prepared localpart: spellings of one account share its salt.
 */
export async function fakeScramKeys(
  crypto: SaslCrypto,
  secret: Uint8Array,
  username: string,
  hash: ScramHash,
  iterations: number,
): Promise<ScramKeys> {
  const [salt, storedKey, serverKey] = await Promise.all(
    ['salt', 'stored key', 'server key'].map(purpose =>
      crypto.hmac(hash, secret, utf8(`scram ${purpose}\0${username}`)),
    ),
  )
  return { hash, salt: salt!.slice(0, saltLength), iterations, storedKey: storedKey!, serverKey: serverKey! }
}

/** One byte of each with the other (RFC 5802 §2.2); both are equally long. */
export function exclusiveOr(a: Uint8Array, b: Uint8Array): Uint8Array {
  const out = new Uint8Array(a.length)
  for (let i = 0; i < a.length; i++) out[i] = a[i]! ^ b[i]!
  return out
}

/** A fresh nonce: 144 bits in base64, which is printable, without a comma and without padding. */
export function freshNonce(random: (count: number) => Uint8Array): string {
  return encodeBase64(random(18))
}

/** Whether a nonce is what RFC 5802 §7 calls printable. */
export function isNonce(text: string): boolean {
  return /^[\x21-\x2b\x2d-\x7e]+$/.test(text)
}
