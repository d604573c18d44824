import { envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import { contactOf, isSubscribedTo, isSubscriber, roster } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { probe } from '../presence/exports.ts'
import { denies, type List, stanzas } from './list.ts'
import { listFor, listsOf } from './lists.ts'

/** What follows when another list begins to hold for a session: who sees it, and whom it sees, from now on. */
export function follow(host: Host, session: Session, before: List | undefined, after: List | undefined): void {
  if (before === after) return
  const named = addresses(before, after)
  tellOthers(host, session, named, before, after)
  if (session.presence !== undefined) tellClient(host, session, named, before, after)
}

/**
 * XEP-0191 §3.3, §3.4 and XEP-0016 §2.11: who may see the session, and now is denied, sees it leave; who was denied sees
 * it again.
 */
function tellOthers(
  host: Host,
  session: Session,
  named: readonly Jid[],
  before: List | undefined,
  after: List | undefined,
): void {
  const { owner, presence } = session
  const change = (other: Jid): 'hidden' | 'shown' | undefined => {
    const was = denies(before, owner, other, stanzas.presenceOut)
    const is = denies(after, owner, other, stanzas.presenceOut)
    return was === is ? undefined : is ? 'hidden' : 'shown'
  }
  // The last word to somebody who is denied all others, so not under the rules that hold from now on.
  const leave = (other: Jid) => {
    const attributes = ['from', session.jid.full, 'to', other.full, 'type', 'unavailable']
    host.shared.road.route(envelope(new Element('presence', ns.client, attributes), session.jid, other, owner))
  }
  if (presence !== undefined) {
    const subscribers: Jid[] = []
    for (const contact of owner.rows(roster).values()) if (isSubscriber(contact)) subscribers.push(contact.contact)
    // A resource by itself, where the whole contact is not concerned.
    for (const other of named)
      if (!other.isBare && isSubscriber(contactOf(owner, other)) && change(other.bare) !== change(other))
        subscribers.push(other)
    for (const other of subscribers) {
      const changed = change(other)
      if (changed === 'hidden') leave(other)
      else if (changed === 'shown') host.pass(owner, presence, other)
    }
  }
  for (const full of session.directed) {
    const other = Jid.parse(full)
    if (change(other) !== 'hidden') continue
    session.directed.delete(full)
    if (presence === undefined || !isSubscriber(contactOf(owner, other))) leave(other)
  }
}

/** XEP-0016 §2.10: whom the session may not see any more leaves for its client; whom it may see again is asked. */
function tellClient(
  host: Host,
  session: Session,
  named: readonly Jid[],
  before: List | undefined,
  after: List | undefined,
): void {
  const { owner } = session
  for (const contact of owner.rows(roster).values()) {
    if (!isSubscribedTo(contact)) continue
    let ask = false
    for (const other of seenOf(host, session, contact.contact, named)) {
      const was = denies(before, owner, other, stanzas.presenceIn)
      const is = denies(after, owner, other, stanzas.presenceIn)
      if (!was && is) {
        const attributes = ['from', other.full, 'to', session.jid.full, 'type', 'unavailable']
        session.deliver(new Element('presence', ns.client, attributes))
      } else if (was && !is) ask = true
    }
    if (ask) probe(host, session, contact.contact)
  }
}

/** The addresses under which a session may have seen a contact: resources, where they are known to be there and to be shown. */
function seenOf(host: Host, session: Session, contact: Jid, named: readonly Jid[]): readonly Jid[] {
  const { address } = session.owner
  if (contact.domain !== host.domain.domain)
    return [contact, ...named.filter(other => !other.isBare && other.bare.equals(contact))]
  const other = host.owners.loaded(contact)
  if (other === undefined || !isSubscriber(contactOf(other, address))) return []
  const lists = listsOf(other)
  return (
    other.sessions
      .filter(one => one.presence !== undefined)
      // Nothing may tell that who hides from the user is there.
      .filter(one => !denies(listFor(lists, one), other, address, stanzas.presenceOut))
      .map(one => one.jid)
  )
}

function addresses(...lists: readonly (List | undefined)[]): readonly Jid[] {
  const values = new Set<string>()
  for (const list of lists) for (const item of list?.items ?? []) if (item.type === 'jid') values.add(item.value)
  return [...values].map(value => Jid.parse(value))
}
