import type { Codec } from '../wire/codec.ts'
import type { Element } from '../wire/element.ts'
import type { StanzaCondition } from '../wire/errors.ts'
import type { Envelope } from './envelope.ts'

/** What answers an IQ: the payload of the result, or nothing for an empty one. What is thrown is the error. */
export type Answered = Element | undefined | Promise<Element | undefined>

/** Whose requests an account's handler takes: those of its own sessions, also those of who may see its presence, or anybody's. */
export type By = 'self' | 'subscribers' | 'anyone'

/**
 * Who may ask for something of an account, and what all others hear, of its resources too. They hear the same where there
 * is no such account, so that nobody learns whether there is one.
 */
export interface IqOptions<T> {
  readonly by?: By
  /** The error for those who may not ask; `service-unavailable` where it is not given. */
  readonly refusal?: StanzaCondition
  /** What they get instead of the error, where the request was to the bare JID. */
  readonly otherwise?: (value: T) => Element | undefined
}

/** A feature's answer to one kind of IQ, as a value. */
export interface IqRegistration {
  readonly registers: 'iq'
  readonly where: 'account' | 'server'
  readonly type: 'get' | 'set'
  readonly namespace: string
  readonly name: string
  readonly by: By
  readonly refusal: StanzaCondition
  readonly otherwise: ((payload: Element) => Element | undefined) | undefined
  readonly handle: (payload: Element, e: Envelope) => Answered
}

function registration(where: 'account' | 'server', type: 'get' | 'set') {
  return <T>(
    codec: Codec<T>,
    handle: (value: T, e: Envelope) => Answered,
    { by, refusal, otherwise }: IqOptions<T> = {},
  ): IqRegistration => ({
    registers: 'iq',
    where,
    type,
    namespace: codec.namespace,
    name: codec.name,
    by: by ?? (where === 'account' ? 'self' : 'anyone'),
    refusal: refusal ?? 'service-unavailable',
    otherwise: otherwise && (payload => otherwise(codec.read(payload))),
    handle: (payload, e) => handle(codec.read(payload), e),
  })
}

/** Requests to an account: without `to`, or to its bare JID. */
export const account = { get: registration('account', 'get'), set: registration('account', 'set') }

/** Requests to the host itself. */
export const server = { get: registration('server', 'get'), set: registration('server', 'set') }

/** Finds the handler of an IQ by one map look-up, never by trial. */
export class Handlers {
  readonly #map = new Map<string, IqRegistration>()

  constructor(registrations: readonly IqRegistration[]) {
    for (const one of registrations) {
      const key = keyOf(one.where, one.type, one.namespace, one.name)
      if (this.#map.has(key))
        throw new Error(`two features answer <${one.name} xmlns="${one.namespace}"/> (${one.where}, ${one.type})`)
      this.#map.set(key, one)
    }
  }

  find(where: 'account' | 'server', type: string, payload: Element): IqRegistration | undefined {
    return this.#map.get(keyOf(where, type, payload.namespace, payload.name))
  }
}

function keyOf(where: string, type: string, namespace: string, name: string): string {
  return `${where} ${type} ${name} ${namespace}`
}
