import { Malformed } from '../errors.ts'
import { anonymousServer } from './anonymous.ts'
import type { SaslCrypto, ScramHash } from './crypto.ts'
import type { Announced } from './downgrade.ts'
import { SaslError } from './errors.ts'
import { externalServer } from './external.ts'
import { plainServer } from './plain.ts'
import { type ScramKeys, scramMechanism } from './scram.ts'
import { ScramServer } from './scram-server.ts'
import type { Soon } from './soon.ts'
import { maximumMessage } from './text.ts'

export { SaslError, type SaslFailure } from './errors.ts'
export { deriveScramKeys, fakeScramKeys, passwordMatches, type ScramKeys, saltLength, scramKeysOf } from './scram.ts'

/** What a server's side of an exchange asks of its surroundings. What these functions throw ends the exchange and passes through. */
export interface SaslServerContext {
  readonly crypto: SaslCrypto
  random(count: number): Uint8Array
  /** Keys of a user (localpart, already as the client wrote it) for a hash; for an unknown user, keys that look the same every time and never match. */
  scramKeys(username: string, hash: ScramHash): Soon<ScramKeys>
  /** Whether the password (prepared) is this user's: costs the same for an unknown user. */
  checkPassword(username: string, password: string): Promise<boolean>
  /** The JIDs that the client's certificate proves (EXTERNAL); empty where it showed none. */
  readonly certificateJids: readonly string[]
  /** Channel binding data of this connection, or undefined. */
  channelBinding(type: string): Uint8Array | undefined
  /**
   * Channel binding types that clients may use beyond `channelBindingTypes`; none are announced. There are clients that
   * know tls-unique alone, use it on TLS 1.3 too, and say `y` when they do without -PLUS (COMPAT: slixmpp 1.8): they
   * get in with this or not at all.
   */
  readonly unannouncedBindings?: readonly string[]
  /** Whether a mechanism with channel binding was offered: then gs2 flag `y` is a downgrade (RFC 5802 §6). */
  readonly plusOffered: boolean
  /** What was announced on this stream, for the client to compare (XEP-0474); undefined leaves that out. */
  readonly announced?: Announced
  /** The account's bare JID for a username here: an authzid must equal it. Throws Malformed. */
  jid(username: string): string
}

export type SaslStep =
  | { readonly challenge: Uint8Array }
  /** `username` is undefined for ANONYMOUS; `data` is additional data with success (RFC 6120 §6.4.6). */
  | { readonly success: { readonly username: string | undefined; readonly data?: Uint8Array } }

/**
 * One exchange. `step` takes what the client sent (initial response included; undefined where it sent none). Throws, or
 * rejects with, SaslError, after which the exchange is over.
 */
export interface SaslServer {
  readonly mechanism: string
  step(response: Uint8Array | undefined): Soon<SaslStep>
}

/** A mechanism's own part: what it answers to each message of the client. Throws SaslError, or Malformed for a `malformed-request`. */
export interface SaslServerSide {
  respond(message: Uint8Array): Soon<SaslStep>
}

/** The mechanisms of this house, best first; whoever offers them leaves out what the connection or the configuration rules out. */
export const serverMechanisms: readonly string[] = [
  'EXTERNAL',
  'SCRAM-SHA-512-PLUS',
  'SCRAM-SHA-256-PLUS',
  'SCRAM-SHA-1-PLUS',
  'SCRAM-SHA-512',
  'SCRAM-SHA-256',
  'SCRAM-SHA-1',
  'PLAIN',
  'ANONYMOUS',
]

/** Begins an exchange. Whether the mechanism was offered is the caller's to know. Throws SaslError `invalid-mechanism`. */
export function saslServer(mechanism: string, context: SaslServerContext): SaslServer {
  return saslExchange(mechanism, serverSide(mechanism, context))
}

/** An exchange of a mechanism that is none of this house's own: its part, with the order of steps and the limit on messages. */
export function saslExchange(mechanism: string, side: SaslServerSide): SaslServer {
  return new Exchange(mechanism, side)
}

function serverSide(mechanism: string, context: SaslServerContext): SaslServerSide {
  switch (mechanism) {
    case 'PLAIN':
      return plainServer(context)
    case 'EXTERNAL':
      return externalServer(context)
    case 'ANONYMOUS':
      return anonymousServer
  }
  const scram = scramMechanism(mechanism)
  if (scram === undefined || (scram.plus && !context.plusOffered)) throw new SaslError('invalid-mechanism')
  return new ScramServer(scram.hash, scram.plus, context)
}

const empty = new Uint8Array(0)

/** What all mechanisms share: the order of steps, the limit on messages, the end. */
class Exchange implements SaslServer {
  readonly mechanism: string
  readonly #side: SaslServerSide
  #state: 'begin' | 'asked' | 'busy' | 'over' = 'begin'

  constructor(mechanism: string, side: SaslServerSide) {
    this.mechanism = mechanism
    this.#side = side
  }

  step(response: Uint8Array | undefined): Soon<SaslStep> {
    const state = this.#state
    if (state === 'over') throw new SaslError('malformed-request', 'The exchange is over')
    if (state === 'busy') {
      this.#state = 'over'
      throw new SaslError('malformed-request', 'It is not the turn of the client')
    }
    // Every mechanism here lets the client begin: without an initial response it is asked once, by an empty challenge
    // (RFC 4422 §3.1).
    if (state === 'begin' && response === undefined) {
      this.#state = 'asked'
      return { challenge: empty }
    }
    this.#state = 'busy'
    try {
      const message = response ?? empty
      if (message.length > maximumMessage) throw new Malformed(`The message is longer than ${maximumMessage} bytes`)
      const step = this.#side.respond(message)
      if (!(step instanceof Promise)) return this.#taken(step)
      return step.then(made => this.#taken(made)).catch(error => this.#refused(error))
    } catch (error) {
      return this.#refused(error)
    }
  }

  #taken(step: SaslStep): SaslStep {
    if (this.#state === 'over') throw new SaslError('malformed-request', 'It is not the turn of the client')
    this.#state = 'challenge' in step ? 'asked' : 'over'
    return step
  }

  #refused(error: unknown): never {
    this.#state = 'over'
    throw error instanceof Malformed ? new SaslError('malformed-request', error.message) : error
  }
}
