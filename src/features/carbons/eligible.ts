import type { Envelope } from '../../server/envelope.ts'
import type { Element } from '../../wire/element.ts'
import { chatStates } from '../chat-states/wire.ts'
import { isHinted, noCopy } from '../hints/wire.ts'
import { markers } from '../markers/wire.ts'
import { receipts } from '../receipts/wire.ts'
import { privately } from './wire.ts'

/** Seen from the account whose sessions get copies: what one of them sent, or what arrived. */
export type Way = 'sent' | 'received'

const mucUser = 'http://jabber.org/protocol/muc#user'
const directInvitation = 'jabber:x:conference'
const conversation: ReadonlySet<string> = new Set([receipts, chatStates, markers])

/**
 * Whether a message is for all devices: the rules of XEP-0280 §6.1, all of them, but for the one about errors, which
 * asks what came before (see `Recent`).
 */
export function isEligible({ stanza, type, from }: Pick<Envelope, 'stanza' | 'type' | 'from'>, way: Way): boolean {
  // §9 asks senders for both, and XEP-0334 §4.3 for one of them.
  if (stanza.child(privately.name, privately.namespace) !== undefined || isHinted(stanza, noCopy)) return false
  if (type === 'groupchat' || type === 'error') return false
  if (stanza.child('x', directInvitation) !== undefined) return true
  const muc = stanza.child('x', mucUser)
  if (muc !== undefined) {
    if (muc.child('invite') !== undefined) return true
    // A room sends what one occupant says to another to all sessions that are in the room.
    if (way === 'received' && !from.isBare) return false
  }
  return type === 'chat' || (type !== 'headline' && stanza.child('body') !== undefined) || isConversation(stanza)
}

function isConversation(stanza: Element): boolean {
  for (const child of stanza.children) if (typeof child !== 'string' && conversation.has(child.namespace)) return true
  return false
}
