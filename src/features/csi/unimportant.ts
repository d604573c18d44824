import type { Envelope } from '../../server/envelope.ts'
import type { Session } from '../../server/session.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import { received as receivedCopy, sent as sentCopy } from '../carbons/wire.ts'
import { isStandalone } from '../chat-states/wire.ts'
import { received as receipt } from '../receipts/wire.ts'

/** Kinds of stanzas that can wait while nobody looks. */
export const kinds = ['presence', 'chat-states', 'receipts', 'events'] as const

/**
 * A stanza that can wait: what kind it is, and the name under which the next of its kind takes its place, where only
 * the latest counts.
 */
export interface Unimportant {
  readonly kind: (typeof kinds)[number]
  readonly replaces?: string
}

/**
 * What is nothing to wake a client for (XEP-0352 §3.2), or undefined for all else. With its envelope a message is
 * accounted for: it would go the undelivered road if it were not taken, and so it does not wait, unless it is of no worth
 * later.
 */
export function unimportant(
  session: Session,
  stanza: Element,
  envelope: Envelope | undefined,
): Unimportant | undefined {
  const type = stanza.attribute('type')
  if (stanza.name === 'presence') {
    // Requests and answers to them, and the errors of what the client did, are for the user.
    if (type !== undefined && type !== 'unavailable') return undefined
    return { kind: 'presence', replaces: `presence ${stanza.attribute('from')}` }
  }
  if (stanza.name !== 'message' || type === 'error') return undefined
  if (type === 'headline' && isEvent(stanza)) return envelope === undefined ? { kind: 'events' } : undefined
  const copied = copiedIn(session, stanza)
  const message = copied ?? stanza
  if (isStandalone(message)) {
    return { kind: 'chat-states', replaces: `state ${message.attribute('from')} ${message.attribute('to')}` }
  }
  // Another device asked for it.
  return copied !== undefined && isReceipt(copied) ? { kind: 'receipts' } : undefined
}

/** XEP-0060 §7.1.2, XEP-0163 §4.3: news of a node, in so many words nothing for people. */
function isEvent(message: Element): boolean {
  return (
    message.child('body') === undefined &&
    message.child('event', 'http://jabber.org/protocol/pubsub#event') !== undefined
  )
}

function isReceipt(message: Element): boolean {
  return message.child('body') === undefined && message.child(receipt.name, receipt.namespace) !== undefined
}

/** The message in a carbon of the session's own account (XEP-0280 §11). */
function copiedIn(session: Session, message: Element): Element | undefined {
  if (message.attribute('from') !== session.owner.address.full) return undefined
  try {
    return (receivedCopy.of(message) ?? sentCopy.of(message))?.forwarded.stanza
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}
