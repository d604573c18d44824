import { element } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'

/** What all chat states are qualified by (XEP-0085). */
export const chatStates = 'http://jabber.org/protocol/chatstates'

/** XEP-0085 §2 */
export const active = element(chatStates, 'active', {})
export const inactive = element(chatStates, 'inactive', {})
export const gone = element(chatStates, 'gone', {})
export const composing = element(chatStates, 'composing', {})
export const paused = element(chatStates, 'paused', {})

/** Namespaces of what clients and servers put on every message and what says nothing by itself: hints, ids, a delay. */
const remarks: ReadonlySet<string> = new Set(['urn:xmpp:hints', 'urn:xmpp:sid:0', 'urn:xmpp:delay'])

/**
 * Whether a message says nothing but what somebody is just doing (XEP-0085 §2, "standalone notification"), which is of no
 * worth later. A thread may be with it (§5.6), and so may remarks that a client puts on all its messages.
 */
export function isStandalone(message: Element): boolean {
  let state = false
  for (const child of message.children) {
    if (typeof child === 'string') continue
    if (child.namespace === chatStates) state = true
    else if (!isRemark(child)) return false
  }
  return state
}

function isRemark(child: Element): boolean {
  return remarks.has(child.namespace) || child.is('thread', ns.client) || child.is('private', 'urn:xmpp:carbons:2')
}
