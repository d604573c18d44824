import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import type { Contact } from '../../server/roster.ts'
import { isSubscribedTo, isSubscriber } from '../../server/roster.ts'
import type { Receipt } from '../../server/turns.ts'
import { both } from '../../server/turns.ts'
import type { Jid } from '../../wire/jid.ts'

/**
 * Ends all that is between an account and a contact, as the contact is told (RFC 6121 §2.5.2, §3.2.2). The account's own
 * roster is the caller's business.
 */
export function cancel(host: Host, owner: Owner, contact: Contact): Receipt {
  let receipt: Receipt
  if (isSubscribedTo(contact) || contact.pendingOut) receipt = tell(host, owner, contact.contact, 'unsubscribe')
  if (!isSubscriber(contact) && !contact.pendingIn) return receipt
  if (isSubscriber(contact)) disappear(host, owner, contact.contact)
  return both(receipt, tell(host, owner, contact.contact, 'unsubscribed'))
}

/** Tells a contact that all the account's resources are unavailable to it from now on. */
export function disappear(host: Host, owner: Owner, contact: Jid): void {
  for (const session of owner.sessions) {
    if (session.presence !== undefined) host.send(owner, session.jid, contact, 'presence', ['type', 'unavailable'])
  }
}

/** Tells a contact of the presence of all the account's available resources. */
export function appear(host: Host, owner: Owner, contact: Jid): void {
  for (const { presence } of owner.sessions) if (presence !== undefined) host.pass(owner, presence, contact)
}

/** Sends presence of this type in the name of the account. */
export function tell(host: Host, owner: Owner, contact: Jid, type: string): Receipt {
  return host.send(owner, owner.address, contact, 'presence', ['type', type, 'id', host.shared.id()])
}
