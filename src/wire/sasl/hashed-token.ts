import { Malformed } from '../errors.ts'
import type { SaslCrypto } from './crypto.ts'
import { fromUtf8, utf8 } from './text.ts'

// The HT mechanisms, as XEP-0484 §3.1 has them: draft-schmaus-kitten-sasl-ht-09. Its successor,
// draft-ietf-kitten-sasl-ht-01, keeps their names and puts a field of keys and values into both messages; the length of
// the proof tells which of the two a message is.

/** A HT mechanism (draft-schmaus-kitten-sasl-ht-09 §2). */
export interface HashedTokenMechanism {
  readonly hash: 'sha-256'
  /** The channel binding type that its name says; undefined for `-NONE`. */
  readonly binding: string | undefined
}

const mechanisms: ReadonlyMap<string, HashedTokenMechanism> = new Map([
  ['HT-SHA-256-EXPR', { hash: 'sha-256', binding: 'tls-exporter' }],
  ['HT-SHA-256-UNIQ', { hash: 'sha-256', binding: 'tls-unique' }],
  ['HT-SHA-256-ENDP', { hash: 'sha-256', binding: 'tls-server-end-point' }],
  ['HT-SHA-256-NONE', { hash: 'sha-256', binding: undefined }],
])

/** The HT mechanisms that are deployed, the strongest channel binding first. */
export const hashedTokenMechanisms: readonly string[] = [...mechanisms.keys()]

/** What the name of a HT mechanism says; undefined for another mechanism. */
export function hashedTokenMechanism(name: string): HashedTokenMechanism | undefined {
  return mechanisms.get(name)
}

/** The HT mechanisms that a connection with these channel binding types can have, best first. */
export function hashedTokenMechanismsFor(bindings: readonly string[]): readonly string[] {
  return hashedTokenMechanisms.filter(name => {
    const { binding } = mechanisms.get(name)!
    return binding === undefined || bindings.includes(binding)
  })
}

/** Bytes of a proof: of SHA-256. */
const proofLength = 32
const initiator = utf8('Initiator')
const responder = utf8('Responder')
const nothing = new Uint8Array(0)

/** What a client says with a HT mechanism (§3.1). */
export interface InitiatorMessage {
  readonly username: string
  /** Keys and values of draft-ietf-kitten-sasl-ht-01 §3.1, as they are written; undefined in a message of the older draft. */
  readonly extra: string | undefined
  /** What shows that it has the token. */
  readonly proof: Uint8Array
}

/** Reads the client's message, by either draft. Throws `Malformed`. */
export function readInitiatorMessage(message: Uint8Array): InitiatorMessage {
  const end = message.indexOf(0)
  if (end <= 0) throw new Malformed('HT is a name, NUL and a proof')
  const username = fromUtf8(message.subarray(0, end))
  const split = message.length - proofLength
  if (split === end + 1) return { username, extra: undefined, proof: message.subarray(split) }
  if (split < end + 2 || message[split - 1] !== 0) throw new Malformed('The proof has another length')
  const extra = fromUtf8(message.subarray(end + 1, split - 1))
  const character = '[A-Za-z0-9/+_-]+'
  if (extra !== '' && !new RegExp(`^${character}=${character}(,${character}=${character})*$`).test(extra))
    throw new Malformed('What stands between the name and the proof is not keys and values')
  return { username, extra, proof: message.subarray(split) }
}

/** Writes the client's message. Throws `Malformed` for a name that it cannot have. */
export function writeInitiatorMessage({ username, extra, proof }: InitiatorMessage): Uint8Array {
  if (username === '' || username.includes('\0')) throw new Malformed('The user name is empty or contains NUL')
  return joined(utf8(`${username}\0${extra === undefined ? '' : `${extra}\0`}`), proof)
}

/** What a client proves a token with (§3.1): `data` is that of the channel binding, undefined for `-NONE`. */
export async function initiatorProof(
  crypto: SaslCrypto,
  token: string,
  data: Uint8Array | undefined,
  extra = '',
): Promise<Uint8Array> {
  return crypto.hmac('sha-256', utf8(token), joined(initiator, data ?? nothing, utf8(extra)))
}

/** What a server proves with success that it knows the token too (§3.3). */
export async function responderProof(
  crypto: SaslCrypto,
  token: string,
  data: Uint8Array | undefined,
): Promise<Uint8Array> {
  return crypto.hmac('sha-256', utf8(token), joined(responder, data ?? nothing))
}

/** Which of some tokens was proved, and what to answer. */
export interface ProvenToken {
  /** The place of the token among those that were tried. */
  readonly index: number
  /** Additional data for success (§3.3). */
  readonly answer: Uint8Array
}

/**
 * Finds the token that the client's message proves; undefined where it is none of these. All of them are tried, and each
 * comparison takes the same time, so that the time tells nothing about which it was.
 */
export async function provenToken(
  crypto: SaslCrypto,
  message: InitiatorMessage,
  tokens: readonly string[],
  data: Uint8Array | undefined,
): Promise<ProvenToken | undefined> {
  let found = -1
  for (let index = 0; index < tokens.length; index++) {
    const expected = await initiatorProof(crypto, tokens[index]!, data, message.extra)
    if (crypto.equal(expected, message.proof) && found < 0) found = index
  }
  if (found < 0) return undefined
  const proof = await responderProof(crypto, tokens[found]!, data)
  // draft-ietf-kitten-sasl-ht-01 §3.3.1: success is NUL, then no keys and values of ours, NUL, and the proof.
  return { index: found, answer: message.extra === undefined ? proof : joined(Uint8Array.of(0, 0), proof) }
}

function joined(...parts: readonly Uint8Array[]): Uint8Array {
  const out = new Uint8Array(parts.reduce((sum, part) => sum + part.length, 0))
  let at = 0
  for (const part of parts) {
    out.set(part, at)
    at += part.length
  }
  return out
}
