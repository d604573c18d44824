import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import type { Ended } from '../../server/pipeline.ts'
import { drop, ended, presence } from '../../server/pipeline.ts'
import type { Contact } from '../../server/roster.ts'
import { contactOf, isSubscribedTo, isSubscriber, newContact, roster } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import { subscriptionTypes } from '../../server/session.ts'
import { slot } from '../../server/slot.ts'
import type { Receipt } from '../../server/turns.ts'
import { afterwards, both } from '../../server/turns.ts'
import { Jid } from '../../wire/jid.ts'
import { bool } from '../../wire/kinds.ts'
import { parse } from '../../wire/reader.ts'
import { push, save } from '../roster/exports.ts'
import { appear, cancel, disappear, tell } from './exports.ts'
import type { SubscriptionType } from './subscriptions.ts'
import { inbound, outbound } from './subscriptions.ts'

/** Whether a session has told that it is available, and was told who else is. */
const present = slot(bool, false, { lives: 'stream' })

/** Requests that wait for an answer, of one account (RFC 6121 §3.1.3, security warning). */
const requestsAtMost = 1000

/** Presence and the subscriptions to it (RFC 6121 §3, §4). */
export default feature({
  name: 'presence',
  start: ({ host }) => [
    presence.sending.check(e => (isSubscription(e) ? sendingSubscription(host, e) : undefined)),
    presence.sending.edit(e => (isSubscription(e) && !e.to!.isBare ? e.withTo(e.to!.bare) : e)),
    presence.sending.store(e => (isSubscription(e) ? save(host, outboundOf(e).next, e.owner) : undefined)),
    presence.sending.spread(audience),
    presence.sending.notify(e => {
      if (isSubscription(e)) sentSubscription(host, e)
      else if (e.to === undefined && e.session !== undefined) announced(host, e.session, e.type)
    }),
    presence.arriving.check(e => arriving(host, e)),
    presence.arriving.store(e => (isSubscription(e) ? save(host, inboundOf(e).next, e.owner) : undefined)),
    presence.arriving.notify(e => {
      if (isSubscription(e)) push(host, e.owner)
    }),
  ],
  removed: async owner => {
    for (const contact of [...owner.rows(roster).values()]) await cancel(owner.host, owner, contact)
  },
})

function isSubscription(e: Envelope): boolean {
  return subscriptionTypes.has(e.type)
}

/** How the stanza's other side stands before it takes effect. */
function standing(owner: Owner, other: Jid): Contact {
  return contactOf(owner, other) ?? newContact(other)
}

function outboundOf(e: Envelope) {
  return outbound(e.type as SubscriptionType, standing(e.owner, e.to!))
}

function inboundOf(e: Envelope) {
  return inbound(e.type as SubscriptionType, standing(e.owner, e.from), e.stanza.xml(''))
}

/** RFC 6121 appendix A.2: what does not travel ends here, having changed what it may. */
function sendingSubscription(host: Host, e: Envelope): typeof drop | Ended | undefined {
  const { owner } = e
  if (e.to!.bare.equals(owner.address)) return drop
  const before = standing(owner, e.to!)
  const { route, next } = outbound(e.type as SubscriptionType, before)
  if (!route) return ended(next === before ? undefined : pushed(host, owner, save(host, next, owner)))
  // §3.2.2: while the contact still may, it sees that everybody leaves.
  if (e.type === 'unsubscribed' && isSubscriber(before)) disappear(host, owner, before.contact)
  return undefined
}

function sentSubscription(host: Host, e: Envelope): void {
  push(host, e.owner)
  // §3.1.5: whoever may see it from now on is shown what there is to see.
  if (e.type === 'subscribed') appear(host, e.owner, e.to!.bare)
}

/** Whom one's own availability is for: oneself, all subscribers, and at the end whoever was told in particular. */
function* audience(e: Envelope): Iterable<Jid> {
  const { owner, session } = e
  yield owner.address
  const contacts = owner.rows(roster)
  for (const contact of contacts.values()) if (isSubscriber(contact)) yield contact.contact
  if (e.type !== 'unavailable' || session === undefined) return
  // §4.6.3
  for (const full of session.directed) {
    const jid = Jid.parse(full)
    if (!isSubscriber(contactOf(owner, jid))) yield jid
  }
  session.directed.clear()
}

/** What follows initial presence (RFC 6121 §4.2.2): the new session hears who else is there, and who asked meanwhile. */
function announced(host: Host, session: Session, type: string): void {
  if (type === 'unavailable' || session.get(present)) {
    session.set(present, type !== 'unavailable')
    return
  }
  session.set(present, true)
  const { owner } = session
  showAll(owner, session)
  for (const contact of owner.rows(roster).values()) {
    if (isSubscribedTo(contact)) probe(host, session, contact.contact)
    if (contact.pendingIn && contact.request !== undefined) session.deliver(parse(contact.request))
  }
}

/** RFC 6121 §4.3.1. On this server, whom memory does not hold is not there, and an answer is for the new session alone. */
function probe(host: Host, session: Session, contact: Jid): void {
  const { owner } = session
  if (contact.domain !== host.domain.domain) tell(host, owner, contact, 'probe')
  else if (host.owners.loaded(contact)) host.send(owner, session.jid, contact, 'presence', ['type', 'probe'])
}

/** Shows a session the presence of an account's other available resources. */
function showAll(owner: Owner, to: Session): void {
  for (const session of owner.sessions) {
    const stanza = session.presence
    if (session !== to && stanza !== undefined) to.deliver(stanza.with('to', to.jid.full))
  }
}

function arriving(host: Host, e: Envelope): typeof drop | Ended | undefined {
  if (e.type === 'probe') return ended(answerProbe(host, e))
  if (!isSubscription(e)) return undefined
  if (e.owner.kind !== 'account') return drop
  const before = standing(e.owner, e.from)
  const { deliver, next, reply } = inboundOf(e)
  if (deliver) {
    if (e.type === 'subscribe') return checkRequests(e.owner)
    if (reply === undefined) return undefined
    if (isSubscriber(before)) disappear(host, e.owner, before.contact)
    tell(host, e.owner, before.contact, reply)
    return undefined
  }
  if (reply === undefined) return drop
  const receipt = next === before ? undefined : pushed(host, e.owner, save(host, next, e.owner))
  const told = tell(host, e.owner, e.from.bare, reply)
  appear(host, e.owner, e.from.bare)
  return ended(both(receipt, told))
}

function checkRequests(owner: Owner): typeof drop | undefined {
  let waiting = 0
  for (const contact of owner.rows(roster).values()) if (contact.pendingIn) waiting++
  return waiting >= requestsAtMost ? drop : undefined
}

/** RFC 6121 §4.3.2. */
function answerProbe(host: Host, e: Envelope): Receipt {
  const { owner, from } = e
  if (owner.kind !== 'account') return undefined
  if (!isSubscriber(contactOf(owner, from)) && !from.bare.equals(owner.address)) {
    return tell(host, owner, from.bare, 'unsubscribed')
  }
  if (owner.sessions.every(session => session.presence === undefined)) return tell(host, owner, from, 'unavailable')
  appear(host, owner, from)
  return undefined
}

/** Pushes what was saved, once it is durable. */
function pushed(host: Host, owner: Owner, receipt: Receipt): Receipt {
  return afterwards(receipt, () => push(host, owner))
}
