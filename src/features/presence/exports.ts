import { extensionPoint } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import type { Contact } from '../../server/roster.ts'
import { isSubscribedTo, isSubscriber } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import type { Passage } from '../../server/turns.ts'
import { both } from '../../server/turns.ts'
import { Jid } from '../../wire/jid.ts'

/** Features that know when somebody was last there; who asks for the presence of those who are away is told (RFC 6121 §4.3.2). */
export const departures = extensionPoint<(owner: Owner) => Promise<Date | undefined>>('departures')

/**
 * Ends all that is between an account and a contact, as the contact is told (RFC 6121 §2.5.2, §3.2.2). The account's own
 * roster is the caller's business.
 */
export function cancel(host: Host, owner: Owner, contact: Contact): Passage {
  let receipt: Passage
  if (isSubscribedTo(contact) || contact.pendingOut) receipt = tell(host, owner, contact.contact, 'unsubscribe')
  if (!isSubscriber(contact) && !contact.pendingIn) return receipt
  if (isSubscriber(contact)) disappear(host, owner, contact.contact)
  return both(receipt, tell(host, owner, contact.contact, 'unsubscribed'))
}

/** Tells a contact that all the account's resources are unavailable to it from now on (RFC 6121 §3.2.2, §4.6.1). */
export function disappear(host: Host, owner: Owner, contact: Jid): void {
  for (const session of owner.sessions) {
    let seen = session.presence !== undefined
    for (const full of session.directed) {
      if (!Jid.parse(full).bare.equals(contact)) continue
      session.directed.delete(full)
      seen = true
    }
    if (seen) host.send(owner, session.jid, contact, 'presence', ['type', 'unavailable'])
  }
}

/** Tells a contact of the presence of all the account's available resources. */
export function appear(host: Host, owner: Owner, contact: Jid): void {
  for (const { presence } of owner.sessions) if (presence !== undefined) host.pass(owner, presence, contact)
}

/** Sends presence of this type in the name of the account. */
export function tell(host: Host, owner: Owner, contact: Jid, type: string): Passage {
  return host.send(owner, owner.address, contact, 'presence', ['type', type, 'id', host.shared.id()])
}

/**
 * RFC 6121 §4.3.1: asks for the presence of a contact on behalf of a session that has become available. On this host an
 * answer is for that session alone, and who is known to be away is not asked.
 */
export function probe(host: Host, session: Session, contact: Jid): void {
  const { owner } = session
  if (contact.domain !== host.domain.domain) tell(host, owner, contact, 'probe')
  else if (host.owners.loaded(contact)?.sessions.some(({ presence }) => presence !== undefined))
    host.send(owner, session.jid, contact, 'presence', ['type', 'probe'])
}
