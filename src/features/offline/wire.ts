import type { Element } from '../../wire/element.ts'

const hints = 'urn:xmpp:hints'
const chatStates = 'http://jabber.org/protocol/chatstates'

/** Whether the sender asks that a message be not stored (XEP-0334 §4). */
export function isNotToBeStored(message: Element): boolean {
  return message.child('no-store', hints) !== undefined || message.child('no-permanent-store', hints) !== undefined
}

/** Whether a message says nothing but what somebody is just doing (XEP-0085): of no worth later. */
export function isOnlyChatState(message: Element): boolean {
  const { elements } = message
  return elements.length > 0 && elements.every(child => child.namespace === chatStates || child.name === 'thread')
}
