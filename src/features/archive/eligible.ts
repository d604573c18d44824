import type { Envelope } from '../../server/envelope.ts'
import type { Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'
import { isHinted, noPermanentStore, noStore, store } from '../hints/wire.ts'

/** Message retraction (XEP-0424). */
export const retraction = 'urn:xmpp:message-retract:1'

const mucUser = 'http://jabber.org/protocol/muc#user'

/**
 * What is encrypted: by OpenPGP (XEP-0027, XEP-0373), by OMEMO as deployed and as specified (XEP-0384), or by whatever says
 * so (XEP-0380).
 */
const encrypted = [
  ['jabber:x:encrypted', ['x']],
  ['urn:xmpp:openpgp:0', ['openpgp']],
  ['eu.siacs.conversations.axolotl', ['encrypted']],
  ['urn:xmpp:omemo:1', ['encrypted']],
  ['urn:xmpp:omemo:2', ['encrypted']],
  ['urn:xmpp:eme:0', ['encryption']],
] as const

/**
 * What is worth finding again, by namespace and then by name. Beside the body (XEP-0313 §6.1.1) it is
 * what changes or answers a message, what is encrypted, and invitations.
 */
const worthy = new Map<string, readonly string[]>([
  [ns.client, ['body']],
  ...encrypted,
  // Delivery receipts and displayed markers, but not the wish for them (XEP-0184, XEP-0333).
  ['urn:xmpp:receipts', ['received']],
  ['urn:xmpp:chat-markers:0', ['received', 'displayed', 'acknowledged']],
  // Corrections (XEP-0308), reactions (XEP-0444), retractions as they are and as they were (XEP-0424).
  ['urn:xmpp:message-correct:0', ['replace']],
  ['urn:xmpp:reactions:0', ['reactions']],
  [retraction, ['retract']],
  ['urn:xmpp:fasten:0', ['apply-to']],
  // Invitations to rooms (XEP-0249; for XEP-0045 §7.8.2 see below).
  ['jabber:x:conference', ['x']],
])

/** Whether a message belongs in an archive by its type, its content and its sender's hints (XEP-0313 §6.1.1, XEP-0334). */
export function isWorthy({ type, stanza }: Envelope): boolean {
  // A room has an archive of its own.
  if (type === 'error' || type === 'groupchat' || type === 'headline') return false
  if (isHinted(stanza, noStore) || isHinted(stanza, noPermanentStore)) return false
  for (const child of stanza.children) if (typeof child !== 'string' && isContent(child)) return true
  return isHinted(stanza, store)
}

function isContent(child: Element): boolean {
  if (worthy.get(child.namespace)?.includes(child.name)) return true
  // Rooms put this on all that occupants say to each other.
  return child.is('x', mucUser) && (child.child('invite') !== undefined || child.child('decline') !== undefined)
}

/** Whether the content is encrypted, so that the body only stands in for it (XEP-0380 §3). */
export function isEncrypted(message: Element): boolean {
  return encrypted.some(([namespace, [name]]) => message.child(name, namespace) !== undefined)
}
