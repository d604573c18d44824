import { attr, element, maybe } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import type { StanzaCondition } from '../../wire/errors.ts'
import { bool, intBetween, text, whole } from '../../wire/kinds.ts'
import { ns } from '../../wire/namespaces.ts'

const namespace = 'urn:xmpp:sm:3'
/** A counter of stanzas (XEP-0198 §4). */
const count = intBetween(0, 2 ** 32 - 1)

/** The stream feature (XEP-0198 §2). */
export const streamManagement = element(namespace, 'sm', {})

/** The client wants stanzas counted (§3), and perhaps the session kept; `max` in seconds. */
export const enable = element(namespace, 'enable', { resume: maybe(attr(bool)), max: maybe(attr(whole)) })

export const enabled = element(namespace, 'enabled', {
  id: maybe(attr(text)),
  resume: maybe(attr(bool)),
  max: maybe(attr(whole)),
  /** Where the client should rather resume it (§3): for a server of several machines. */
  location: maybe(attr(text)),
})

/** Asks for the other side's count (§4). */
export const request = element(namespace, 'r', {})

/** Tells one's own count (§4). */
export const answer = element(namespace, 'a', { h: attr(count) })

/** The client is back (§5). */
export const resume = element(namespace, 'resume', { previd: attr(text), h: attr(count) })

export const resumed = element(namespace, 'resumed', { previd: attr(text), h: attr(count) })

/** What cannot be enabled or resumed (§6); `h` tells how much of an ended session was handled (§5). */
export function failed(condition: StanzaCondition, h?: number): Element {
  return new Element('failed', namespace, h === undefined ? [] : ['h', String(h)], [new Element(condition, ns.stanzas)])
}

/** What ends a stream whose client has more than it was sent (§6). */
export function tooHigh(h: number, sent: number): Element {
  return new Element('handled-count-too-high', namespace, ['h', String(h), 'send-count', String(sent)])
}
