import { decodeBase64, encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import type { SaslClientContext, SaslClientSide } from './client.ts'
import type { ScramHash } from './crypto.ts'
import { announcedHash } from './downgrade.ts'
import { SaslError } from './errors.ts'
import { encodeSaslName, writeGs2Header } from './gs2.ts'
import type { ChosenMechanism } from './mechanisms.ts'
import { deriveClientKeys, digestLength, exclusiveOr, freshNonce, isNonce, type ScramClientKeys } from './scram.ts'
import { scramAttributes } from './scram-attributes.ts'
import { fromUtf8, utf8 } from './text.ts'

/** The fewest iterations that a client accepts: fewer would be a server that fishes for passwords (RFC 7677 §4). */
export const minimumIterations = 4096
/** The most that it accepts: more would be a server that wears its clients out. */
export const maximumIterations = 10_000_000

/** The client's side of SCRAM (RFC 5802, RFC 7677). */
export class ScramClient implements SaslClientSide {
  readonly #hash: ScramHash
  readonly #context: SaslClientContext
  readonly #header: string
  readonly #binding: Uint8Array
  readonly #nonce: string
  readonly #bare: string
  /** Whether the server must prove what it announced (XEP-0474 §7, rule 6). */
  readonly #announcedProven: boolean
  /** What the server must answer in the end; its keys enter the cache when it does. */
  #expected: { signature: Uint8Array; keys: ScramClientKeys; cacheKey: string } | undefined
  #verified = false

  constructor(hash: ScramHash, { binding, announcedProven }: ChosenMechanism, context: SaslClientContext) {
    this.#hash = hash
    this.#context = context
    this.#announcedProven = announcedProven ?? false
    this.#header = writeGs2Header(binding, context.authzid)
    this.#binding = bindingInput(this.#header, binding, context)
    this.#nonce = freshNonce(count => context.random(count))
    this.#bare = `n=${encodeSaslName(context.username)},r=${this.#nonce}`
  }

  get verified(): boolean {
    return this.#verified
  }

  initial(): Uint8Array {
    return utf8(this.#header + this.#bare)
  }

  async respond(challenge: Uint8Array): Promise<Uint8Array> {
    if (this.#expected === undefined) return this.#prove(fromUtf8(challenge))
    // A server may say its last word in a challenge instead of with success (RFC 6120 §6.3.10): an empty response.
    if (this.#verified) throw new Malformed('The server challenges after its last word')
    this.#verify(fromUtf8(challenge))
    return new Uint8Array(0)
  }

  async success(data: Uint8Array | undefined): Promise<void> {
    if (data !== undefined && !this.#verified) return this.#verify(fromUtf8(data))
    if (data?.length) throw new Malformed('The server says its last word twice')
    if (!this.#verified) throw new SaslError('not-authorized', 'The server has not shown that it knows the password')
  }

  async #prove(message: string): Promise<Uint8Array> {
    const { crypto } = this.#context
    const hash = this.#hash
    const [nonce, saltText, count, announced] = scramAttributes(message, 'rsi', '', 'h') as [
      string,
      string,
      string,
      string?,
    ]
    if (!isNonce(nonce) || !nonce.startsWith(this.#nonce) || nonce.length === this.#nonce.length)
      throw new SaslError('not-authorized', 'The server did not extend the nonce')
    await this.#compare(announced)
    const iterations = readIterations(count)
    const cacheKey = `${hash} ${saltText} ${iterations}`
    const keys = await this.#keys(decodeBase64(saltText), iterations, cacheKey)
    const final = `c=${encodeBase64(this.#binding)},r=${nonce}`
    const transcript = utf8(`${this.#bare},${message},${final}`)
    const storedKey = await crypto.hash(hash, keys.clientKey)
    const proof = exclusiveOr(keys.clientKey, await crypto.hmac(hash, storedKey, transcript))
    this.#expected = { signature: await crypto.hmac(hash, keys.serverKey, transcript), keys, cacheKey }
    return utf8(`${final},p=${encodeBase64(proof)}`)
  }

  /** XEP-0474 §6.2: `hash` is the server's word for what it announced, undefined where it does not say. */
  async #compare(hash: string | undefined): Promise<void> {
    const { announced, crypto } = this.#context
    if (hash !== undefined && announced !== undefined) {
      if (hash === (await announcedHash(crypto, this.#hash, announced))) return
      throw new SaslError('mechanism-too-weak', 'Somebody between has changed what the server announced')
    }
    if (this.#announcedProven)
      throw new SaslError('mechanism-too-weak', 'Nothing proves that the server announced no better channel binding')
  }

  async #keys(salt: Uint8Array, iterations: number, cacheKey: string): Promise<ScramClientKeys> {
    const { cache, crypto, password } = this.#context
    const cached = cache?.get(cacheKey)
    if (cached && cached.clientKey.length === digestLength(this.#hash)) return cached
    if (password === undefined)
      throw new SaslError('credentials-expired', 'The server asks for keys of another password')
    return deriveClientKeys(crypto, this.#hash, password, salt, iterations)
  }

  #verify(message: string): void {
    const expected = this.#expected
    if (expected === undefined) throw new SaslError('not-authorized', 'The server is content without a proof')
    if (message.startsWith('e=')) throw new SaslError('not-authorized', scramAttributes(message, 'e')[0])
    const signature = decodeBase64(scramAttributes(message, 'v')[0]!)
    if (!this.#context.crypto.equal(signature, expected.signature))
      throw new SaslError('not-authorized', 'The server does not know the password')
    this.#verified = true
    this.#context.cache?.set(expected.cacheKey, expected.keys)
  }
}

function bindingInput(header: string, binding: string, context: SaslClientContext): Uint8Array {
  const raw = utf8(header)
  if (!binding.startsWith('p=')) return raw
  const data = context.channelBinding(binding.slice('p='.length))
  if (!data?.length) throw new SaslError('not-authorized', 'The connection does not have this channel binding')
  const input = new Uint8Array(raw.length + data.length)
  input.set(raw)
  input.set(data, raw.length)
  return input
}

function readIterations(text: string): number {
  if (!/^[1-9][0-9]*$/.test(text)) throw new Malformed('The iteration count is not a positive number')
  const iterations = Number(text)
  if (iterations < minimumIterations)
    throw new SaslError('mechanism-too-weak', `The server asks for less than ${minimumIterations} iterations`)
  if (iterations > maximumIterations)
    throw new SaslError('mechanism-too-weak', `The server asks for more than ${maximumIterations} iterations`)
  return iterations
}
