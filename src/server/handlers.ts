import type { Codec } from '../wire/codec.ts'
import type { Element } from '../wire/element.ts'
import type { Envelope } from './envelope.ts'

/** What answers an IQ: the payload of the result, or nothing for an empty one. What is thrown is the error. */
export type Answered = Element | undefined | Promise<Element | undefined>

/** Whose requests an account's handler takes: only those of the account's own sessions, or anybody's. */
export type By = 'self' | 'anyone'

/** A feature's answer to one kind of IQ, as a value. */
export interface IqRegistration {
  readonly registers: 'iq'
  readonly where: 'account' | 'server'
  readonly type: 'get' | 'set'
  readonly namespace: string
  readonly name: string
  readonly by: By
  readonly handle: (payload: Element, e: Envelope) => Answered
}

function registration(where: 'account' | 'server', type: 'get' | 'set') {
  return <T>(
    codec: Codec<T>,
    handle: (value: T, e: Envelope) => Answered,
    options: { by?: By } = {},
  ): IqRegistration => ({
    registers: 'iq',
    where,
    type,
    namespace: codec.namespace,
    name: codec.name,
    by: options.by ?? (where === 'account' ? 'self' : 'anyone'),
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
