import type { Element } from '../wire/element.ts'
import { Malformed, StanzaError, StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'

/** The types of presence that are about subscriptions (RFC 6121 §3). */
export const subscriptionTypes: ReadonlySet<string> = new Set([
  'subscribe',
  'subscribed',
  'unsubscribe',
  'unsubscribed',
])

/** RFC 6121 §4.7.2.3; what is no number there counts as the default. */
export function priorityOf(presence: Element): number {
  const written = presence.child('priority')?.text.trim() ?? ''
  const priority = written === '' ? 0 : Number(written)
  return Number.isInteger(priority) && priority >= -128 && priority <= 127 ? priority : 0
}

/** Whom a stanza is for; undefined where it names nobody. Throws StanzaError where the address is none (RFC 6120 §8.3.3.8). */
export function addressee(to: string | undefined): Jid | undefined {
  if (to === undefined) return undefined
  try {
    return Jid.parse(to)
  } catch (error) {
    if (error instanceof Malformed) throw new StanzaError('jid-malformed', { text: error.message })
    throw error
  }
}

/** RFC 6120 §8.2.3: an id, one of four types, exactly one payload in a request and at most one in a result. */
export function checkIq(stanza: Element, type: string): void {
  const id = stanza.attribute('id')
  if (id === undefined || id === '') throw new StanzaError('bad-request', { text: 'An IQ needs an id.' })
  if (type === 'error') return
  let payloads = 0
  for (const node of stanza.children) if (typeof node !== 'string') payloads++
  if (type === 'result') {
    if (payloads > 1) throw new StanzaError('bad-request', { text: 'A result has one payload or none.' })
    return
  }
  if (type !== 'get' && type !== 'set')
    throw new StanzaError('bad-request', { text: 'An IQ is get, set, result or error.' })
  if (payloads !== 1) throw new StanzaError('bad-request', { text: 'A request has exactly one payload.' })
}

/** RFC 6121 §4.7.1: one of the types that are known; only one's own availability is for nobody in particular. */
export function checkPresence(type: string | undefined, to: Jid | undefined): void {
  if (type === undefined || type === 'unavailable') return
  if (!subscriptionTypes.has(type) && type !== 'probe' && type !== 'error')
    throw new StanzaError('bad-request', { text: 'There is no such type of presence.' })
  if (to === undefined) throw new StanzaError('bad-request', { text: `Presence of type ${type} needs a "to".` })
}

/**
 * RFC 6120 §8.1.2.1: a client may name its own bare or full JID as sender, and nobody else. Throws StreamError.
 */
export function checkFrom(self: Jid, from: string | undefined): void {
  if (from === undefined || from === self.full) return
  const jid = Jid.tryParse(from)
  if (jid === undefined || !(jid.equals(self) || jid.equals(self.bare))) {
    throw new StreamError('invalid-from', 'A stanza named somebody else as its sender.')
  }
}
