import { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { sessionOf } from './delivery.ts'
import { type Envelope, envelope } from './envelope.ts'
import type { By, IqRegistration } from './handlers.ts'
import type { Host } from './host.ts'
import type { Owner } from './owner.ts'
import { replyAttributes } from './refusal.ts'
import { contactOf, isSubscriber } from './roster.ts'

/** What answers a request to the host, or to an account on its user's behalf (RFC 6121 §8.5.2.1.3). Throws or rejects with StanzaError. */
export function answerTo(e: Envelope): Element | Promise<Element> {
  const { owner } = e
  const handler = handlerOf(owner.host, owner.kind === 'account' ? 'account' : 'server', e)
  if (handler === undefined || !mayAsk(handler.by, e)) return turnAway(handler, e)
  const result = handler.handle(e.stanza.elements[0]!, e)
  return result instanceof Promise ? result.then(payload => resultOf(e, payload)) : resultOf(e, result)
}

/**
 * RFC 6121 §8.5.3.1: a request reaches a resource only from whom its user lets see that it is there. What answers it
 * here, or nothing where it has reached its resource. Throws StanzaError.
 */
export function forward(e: Envelope, request: boolean): Element | undefined {
  const { owner } = e
  const session = sessionOf(owner, e.to!.resource)
  if (session !== undefined && (!request || owner.host.maySee(session, e.from))) {
    session.deliver(e.stanza, e)
    return undefined
  }
  if (request && !mayAsk('subscribers', e)) return turnAway(handlerOf(owner.host, 'account', e), e)
  throw new StanzaError('service-unavailable')
}

/** What those hear who may not ask, and, all the same, everybody where there is no such account (RFC 6121 §8.5.1). */
export function turnAway(handler: IqRegistration | undefined, e: Envelope): Element {
  if (handler?.otherwise === undefined || e.to!.resource !== '')
    throw new StanzaError(handler?.refusal ?? 'service-unavailable')
  return resultOf(e, handler.otherwise(e.stanza.elements[0]!))
}

/** RFC 6121 §4.3.2, case 1: who may not see a user's presence hears the same as where there is no such user. */
export function refusedProbe(owner: Owner, { from, to, id }: Envelope): Envelope {
  const attributes = ['from', to!.bare.full, 'to', from.bare.full, 'type', 'unsubscribed']
  // §4.3.2.1
  if (id !== undefined) attributes.push('id', id)
  return envelope(new Element('presence', ns.client, attributes), to!.bare, from.bare, owner)
}

/** Who answers this request, or undefined where it is none, or nobody does. */
export function handlerOf(host: Host, where: 'account' | 'server', e: Envelope): IqRegistration | undefined {
  if (e.kind !== 'iq' || (e.type !== 'get' && e.type !== 'set')) return undefined
  return host.handlers.find(where, e.type, e.stanza.elements[0]!)
}

function resultOf(e: Envelope, payload: Element | undefined): Element {
  return new Element('iq', ns.client, replyAttributes(e.stanza, 'result'), payload === undefined ? [] : [payload])
}

function mayAsk(by: By, { from, owner }: Envelope): boolean {
  if (by === 'anyone' || from.bare.equals(owner.address)) return true
  return by === 'subscribers' && owner.kind === 'account' && isSubscriber(contactOf(owner, from))
}
