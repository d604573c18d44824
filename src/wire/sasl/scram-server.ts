import { decodeBase64, encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import { checkAuthorization } from './authorization.ts'
import { channelBindingTypes } from './channel-binding.ts'
import type { ScramHash } from './crypto.ts'
import { announcedHash } from './downgrade.ts'
import { SaslError } from './errors.ts'
import { decodeSaslName, type Gs2Header, readGs2Header } from './gs2.ts'
import { digestLength, exclusiveOr, freshNonce, isNonce, type ScramKeys } from './scram.ts'
import { scramAttributes } from './scram-attributes.ts'
import type { SaslServerContext, SaslServerSide, SaslStep } from './server.ts'
import { type Soon, when } from './soon.ts'
import { fromUtf8, utf8 } from './text.ts'

/** What the first round leaves for the second. */
interface FirstRound {
  readonly username: string
  readonly keys: ScramKeys
  readonly nonce: string
  /** What `c=` must decode to: the header and the channel's data (RFC 5802 §7, `cbind-input`). */
  readonly binding: Uint8Array
  /** Both first messages with the comma behind each, as they enter the signature (RFC 5802 §3, `AuthMessage`). */
  readonly transcript: string
}

/** The server's side of SCRAM (RFC 5802, RFC 7677). Refusals carry the `server-error-value` of §7 as their text. */
export class ScramServer implements SaslServerSide {
  readonly #hash: ScramHash
  readonly #plus: boolean
  readonly #context: SaslServerContext
  #first: FirstRound | undefined

  constructor(hash: ScramHash, plus: boolean, context: SaslServerContext) {
    this.#hash = hash
    this.#plus = plus
    this.#context = context
  }

  respond(bytes: Uint8Array): Soon<SaslStep> {
    const message = fromUtf8(bytes)
    return this.#first === undefined ? this.#challenge(message) : this.#verify(message, this.#first)
  }

  #challenge(message: string): Soon<SaslStep> {
    const header = readGs2Header(message)
    const binding = this.#binding(header)
    const bare = message.slice(header.raw.length)
    const [name, clientNonce] = scramAttributes(bare, 'nr') as [string, string]
    const username = decodeSaslName(name)
    if (!isNonce(clientNonce)) throw new Malformed('The nonce is not printable ASCII')
    checkAuthorization(this.#context, username, header.authzid)
    return when(this.#context.scramKeys(username, this.#hash), keys =>
      when(this.#extension(), extension => {
        // Ours is new each time: what was said in another exchange fits no other (RFC 5802 §5.1, `r`).
        const nonce = clientNonce + freshNonce(count => this.#context.random(count))
        const answer = `r=${nonce},s=${encodeBase64(keys.salt)},i=${keys.iterations}${extension}`
        this.#first = { username, keys, nonce, binding, transcript: `${bare},${answer},` }
        return { challenge: utf8(answer) }
      }),
    )
  }

  /** XEP-0474 §6.1: both proofs are made of it, so nobody between can change it. */
  #extension(): Soon<string> {
    const { announced, crypto } = this.#context
    return announced === undefined ? '' : when(announcedHash(crypto, this.#hash, announced), hash => `,h=${hash}`)
  }

  /** Judges the flag of the header (RFC 5802 §6); returns what `c=` must be. */
  #binding(header: Gs2Header): Uint8Array {
    const raw = utf8(header.raw)
    if (header.flag !== 'p') {
      if (this.#plus) throw new Malformed('A -PLUS mechanism needs p= in its header')
      if (header.flag === 'y' && this.#context.plusOffered)
        throw new SaslError('not-authorized', 'server-does-support-channel-binding')
      return raw
    }
    if (!this.#plus) throw new Malformed('Only a -PLUS mechanism has p= in its header')
    const type = header.bindingType!
    const { unannouncedBindings = [] } = this.#context
    const accepted = [...channelBindingTypes, ...unannouncedBindings].includes(type)
    const data = accepted ? this.#context.channelBinding(type) : undefined
    if (!data?.length) throw new SaslError('not-authorized', 'unsupported-channel-binding-type')
    const input = new Uint8Array(raw.length + data.length)
    input.set(raw)
    input.set(data, raw.length)
    return input
  }

  #verify(message: string, first: FirstRound): Soon<SaslStep> {
    const { crypto } = this.#context
    const hash = this.#hash
    const [binding, nonce, proof] = scramAttributes(message, 'cr', 'p') as [string, string, string]
    const bound = decodeBase64(binding)
    const signed = decodeBase64(proof)
    if (!crypto.equal(bound, first.binding)) throw new SaslError('not-authorized', 'channel-bindings-dont-match')
    if (!crypto.equal(utf8(nonce), utf8(first.nonce))) throw new SaslError('not-authorized', 'other-error')
    if (signed.length !== digestLength(hash)) throw new SaslError('not-authorized')
    const { keys } = first
    const transcript = utf8(first.transcript + message.slice(0, message.lastIndexOf(',')))
    const clientKey = when(crypto.hmac(hash, keys.storedKey, transcript), made => exclusiveOr(signed, made))
    const storedKey = when(clientKey, key => crypto.hash(hash, key))
    const signature = when(storedKey, key => {
      // No text: a wrong password and an unknown user are one and the same (RFC 6120 §6.5.10).
      if (!crypto.equal(key, keys.storedKey)) throw new SaslError('not-authorized')
      return crypto.hmac(hash, keys.serverKey, transcript)
    })
    return when(signature, made => ({
      success: { username: first.username, data: utf8(`v=${encodeBase64(made)}`) },
    }))
  }
}
