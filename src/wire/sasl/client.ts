import { Malformed } from '../errors.ts'
import type { SaslCrypto } from './crypto.ts'
import type { Announced } from './downgrade.ts'
import { SaslError } from './errors.ts'
import { hashedTokenMechanism } from './hashed-token.ts'
import { HashedTokenClient } from './hashed-token-client.ts'
import type { ChosenMechanism } from './mechanisms.ts'
import { plainMessage } from './plain.ts'
import { type ScramClientKeys, scramMechanism } from './scram.ts'
import { ScramClient } from './scram-client.ts'
import { maximumMessage, utf8 } from './text.ts'

export { SaslError, type SaslFailure } from './errors.ts'
export { type ChosenMechanism, chooseMechanism, type MechanismOptions } from './mechanisms.ts'
export type { ScramClientKeys } from './scram.ts'

/** What a client's side of an exchange asks of its surroundings. */
export interface SaslClientContext {
  readonly crypto: SaslCrypto
  random(count: number): Uint8Array
  /** The localpart of the account, prepared; empty for EXTERNAL and ANONYMOUS. */
  readonly username: string
  /** May be left out where `cache` knows the keys, and for EXTERNAL and ANONYMOUS. */
  readonly password?: string
  /** A bare JID to act as: only where it is another than the user's own (RFC 6120 §6.3.8). */
  readonly authzid?: string
  /** Channel binding data of this connection, or undefined. */
  channelBinding(type: string): Uint8Array | undefined
  /** Keeps what the password became (a Map will do). It belongs to one account and one password: a new one needs a new one. */
  readonly cache?: ScramCache
  /** The token for a HT mechanism (XEP-0484). */
  readonly token?: string
  /** What this side saw announced on the stream: a server that proves to have announced something else is refused (XEP-0474). */
  readonly announced?: Announced
}

/** Keys by hash, salt and iteration count, so that a client stretches its password once (RFC 5802 §5.1, `i`). */
export interface ScramCache {
  get(key: string): ScramClientKeys | undefined
  set(key: string, keys: ScramClientKeys): unknown
}

/** One exchange, seen from the client. Each function throws SaslError, or Malformed for a password or name that cannot be one; then abort. */
export interface SaslClient {
  readonly mechanism: string
  /** Whether the server has shown that it knows the password. Never so for PLAIN, EXTERNAL and ANONYMOUS. */
  readonly verified: boolean
  /**
   * What to send: first the initial response, without a challenge (or with the empty one of a server that was not
   * sent any); then the response to each challenge.
   */
  step(challenge?: Uint8Array): Promise<Uint8Array>
  /** Judges the server's success with its additional data: a server that has not shown that it knows the password is refused. */
  success(data?: Uint8Array): Promise<void>
}

/** A mechanism's own part of an exchange. */
export interface SaslClientSide {
  readonly verified: boolean
  initial(): Uint8Array | Promise<Uint8Array>
  respond(challenge: Uint8Array): Promise<Uint8Array>
  success(data: Uint8Array | undefined): Promise<void>
}

/** Begins an exchange with a mechanism from `chooseMechanism`. Throws SaslError `invalid-mechanism` for another. */
export function saslClient(mechanism: ChosenMechanism, context: SaslClientContext): SaslClient {
  return new Exchange(mechanism.name, clientSide(mechanism, context))
}

function clientSide(mechanism: ChosenMechanism, context: SaslClientContext): SaslClientSide {
  const scram = scramMechanism(mechanism.name)
  if (scram) {
    if (scram.plus !== mechanism.binding.startsWith('p='))
      throw new SaslError('invalid-mechanism', 'The channel binding flag does not go with the mechanism')
    return new ScramClient(scram.hash, mechanism, context)
  }
  const hashedToken = hashedTokenMechanism(mechanism.name)
  if (hashedToken) return new HashedTokenClient(hashedToken, context)
  switch (mechanism.name) {
    case 'PLAIN':
      return oneMessage(() => plainMessage(context.username, context.password ?? '', context.authzid))
    case 'EXTERNAL':
      return oneMessage(() => utf8(context.authzid ?? ''))
    case 'ANONYMOUS':
      // RFC 4505 §5: without trace information, for privacy.
      return oneMessage(() => new Uint8Array(0))
    default:
      throw new SaslError('invalid-mechanism')
  }
}

/** A mechanism that says one thing and hears nothing but the outcome. */
function oneMessage(message: () => Uint8Array): SaslClientSide {
  return {
    verified: false,
    initial: message,
    async respond() {
      throw new SaslError('malformed-request', 'The server asks for more than the mechanism has')
    },
    async success(data) {
      if (data?.length)
        throw new SaslError('malformed-request', 'The server adds data that the mechanism does not have')
    },
  }
}

/** What all mechanisms share: the order of steps, the limit on messages, the end. */
class Exchange implements SaslClient {
  readonly mechanism: string
  readonly #side: SaslClientSide
  #state: 'begin' | 'waiting' | 'busy' | 'over' = 'begin'

  constructor(mechanism: string, side: SaslClientSide) {
    this.mechanism = mechanism
    this.#side = side
  }

  get verified(): boolean {
    return this.#side.verified
  }

  async step(challenge?: Uint8Array): Promise<Uint8Array> {
    return this.#turn('waiting', challenge, begin => {
      if (!begin) return this.#side.respond(challenge ?? new Uint8Array(0))
      if (challenge?.length) throw new Malformed('The server speaks first in a mechanism where the client does')
      return this.#side.initial()
    })
  }

  async success(data?: Uint8Array): Promise<void> {
    return this.#turn('over', data, begin => {
      if (begin) throw new Malformed('The server is content before anything was said')
      return this.#side.success(data)
    })
  }

  async #turn<Result>(
    next: 'waiting' | 'over',
    data: Uint8Array | undefined,
    act: (begin: boolean) => Result | Promise<Result>,
  ): Promise<Result> {
    const state = this.#state
    if (state === 'busy' || state === 'over') {
      this.#state = 'over'
      throw new SaslError('malformed-request', 'The exchange is over, or it is not the turn of the server')
    }
    this.#state = 'busy'
    try {
      if (data && data.length > maximumMessage)
        throw new Malformed(`The message is longer than ${maximumMessage} bytes`)
      const result = await act(state === 'begin')
      if ((this.#state as string) === 'over')
        throw new SaslError('malformed-request', 'It is not the turn of the server')
      this.#state = next
      return result
    } catch (error) {
      this.#state = 'over'
      throw error
    }
  }
}
