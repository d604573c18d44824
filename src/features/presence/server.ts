import { setting, whole } from '../../server/config.ts'
import { sessionOf } from '../../server/delivery.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import type { Ended } from '../../server/pipeline.ts'
import { drop, ended, presence, subscription } from '../../server/pipeline.ts'
import { starts } from '../../server/restart.ts'
import type { Contact } from '../../server/roster.ts'
import { contactOf, isSubscribedTo, isSubscriber, newContact, roster } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import type { Receipt } from '../../server/turns.ts'
import { afterwards } from '../../server/turns.ts'
import { StreamError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { push, save } from '../roster/exports.ts'
import { appear, cancel, disappear, probe, tell } from './exports.ts'
import { answerProbe, showAll } from './probes.ts'
import { isSeen, isSeenNoMore, seen, takeBack } from './seen.ts'
import type { Inbound, Outbound, SubscriptionType } from './subscriptions.ts'
import { inbound, outbound } from './subscriptions.ts'
import { preApproval } from './wire.ts'

const preApprovalOffered = preApproval.write({})

/** Presence and the subscriptions to it (RFC 6121 §3, §4). */
export default feature({
  name: 'presence',
  config: {
    requests: setting(whole, 1000, 'Subscription requests that may wait for the answer of one account.'),
    requestLength: setting(
      whole,
      4096,
      'Characters of a waiting subscription request; of a longer one all but the address is forgotten.',
    ),
  },
  tables: [seen],
  start: ({ config, host }) => [
    starts.add(() => void takeBack(host)),
    {
      registers: 'stream-feature',
      namespace: preApproval.namespace,
      when: ['authenticated', 'bound'],
      offer: () => preApprovalOffered,
      take() {
        throw new StreamError('unsupported-stanza-type')
      },
    },
    presence.sending.spread(audience),
    presence.sending.notify(e => {
      if (e.to === undefined && e.session !== undefined) announced(host, e, e.session)
    }),
    presence.arriving.check(e => arriving(host, e)),
    subscription.sending.check(e => sending(host, e)),
    subscription.sending.edit(toBare),
    subscription.sending.store(e => saved(host, e.owner, outboundOf(e))),
    subscription.sending.notify(e => sent(host, e)),
    subscription.arriving.check(e => arrivingSubscription(host, e, config.requests)),
    subscription.arriving.edit(toBare),
    subscription.arriving.store(e => arrived(host, e, config.requestLength)),
    subscription.arriving.notify(e => push(host, e.owner)),
  ],
  removed: async owner => {
    for (const contact of [...owner.rows(roster).values()]) await cancel(owner.host, owner, contact)
  },
})

/** RFC 6121 §3.1.2: subscriptions are between accounts. */
function toBare(e: Envelope): Envelope {
  return e.to!.isBare ? e : e.withTo(e.to!.bare)
}

/** How the stanza's other side stands before it takes effect. */
function standing(owner: Owner, other: Jid): Contact {
  return contactOf(owner, other) ?? newContact(other)
}

/** Where a subscription stanza leads, and from where. */
interface Step {
  readonly before: Contact
  readonly next: Contact
}

function outboundOf(e: Envelope): Step & Outbound {
  const before = standing(e.owner, e.to!)
  return { before, ...outbound(e.type as SubscriptionType, before) }
}

function inboundOf(e: Envelope, requestLength: number): Step & Inbound {
  const before = standing(e.owner, e.from)
  return {
    before,
    ...inbound(e.type as SubscriptionType, before, e.type === 'subscribe' ? kept(e, requestLength) : ''),
  }
}

/** RFC 6121 §3.1.3: the complete stanza, within the limit. */
function kept({ stanza }: Envelope, requestLength: number): string {
  const xml = stanza.toString()
  return xml.length <= requestLength ? xml : stanza.withChildren([]).toString()
}

function saved(host: Host, owner: Owner, { before, next }: Step): Receipt {
  return next === before ? undefined : save(host, next, owner)
}

/** RFC 6121 appendix A.2: what does not travel ends here, having changed what it may. */
function sending(host: Host, e: Envelope): typeof drop | Ended | undefined {
  const { owner } = e
  if (e.to!.bare.equals(owner.address)) return drop
  const step = outboundOf(e)
  const { before, route } = step
  if (!route) return ended(afterwards(saved(host, owner, step), () => push(host, owner)))
  // §3.2.2: while the contact still may, it sees that everybody leaves.
  if (e.type === 'unsubscribed' && isSubscriber(before)) disappear(host, owner, before.contact)
  return undefined
}

function sent(host: Host, e: Envelope): void {
  push(host, e.owner)
  // §3.1.5: whoever may see it from now on is shown what there is to see.
  if (e.type === 'subscribed') appear(host, e.owner, e.to!.bare)
}

/**
 * Whom one's own availability is for: oneself, all subscribers, and at the end whoever was told in particular. Who was
 * never available has nothing to take back but that (RFC 6121 §4.6.3).
 */
function audience({ owner, session, type }: Envelope): readonly Jid[] {
  const all: Jid[] = []
  const leaving = type === 'unavailable'
  const toAll = !leaving || session === undefined || session.wasAvailable
  if (toAll) {
    all.push(owner.address)
    for (const contact of owner.rows(roster).values()) if (isSubscriber(contact)) all.push(contact.contact)
  }
  if (!leaving || session === undefined) return all
  for (const full of session.directed) {
    const jid = Jid.parse(full)
    const told = toAll && (jid.bare.equals(owner.address) || isSubscriber(contactOf(owner, jid)))
    if (!told) all.push(jid)
  }
  session.directed.clear()
  return all
}

/** What follows presence that was for all (RFC 6121 §4.2.2, §4.5.2). */
function announced(host: Host, e: Envelope, session: Session): void {
  if (e.type !== 'unavailable') {
    if (session.wasAvailable) return
    isSeen(host, session.jid)
    entered(host, session)
    return
  }
  if (!session.wasAvailable) return
  isSeenNoMore(host, session.jid)
  // Who leaves is no available resource any more, and hears it all the same.
  session.deliver(e.stanza.with('to', e.owner.address.full))
}

/** A new session hears who else is there, and who asked meanwhile. */
function entered(host: Host, session: Session): void {
  const { owner } = session
  showAll(owner, session)
  for (const contact of owner.rows(roster).values()) {
    if (isSubscribedTo(contact)) probe(host, session, contact.contact)
    // §3.1.2: a request that got lost on its way to another server is made again.
    if (contact.pendingOut && contact.contact.domain !== host.domain.domain)
      tell(host, owner, contact.contact, 'subscribe')
    if (contact.pendingIn && contact.request !== undefined) session.deliver(parse(contact.request))
  }
}

/** RFC 6121 appendix A.3: what does not concern the user's clients ends here. */
function arriving(host: Host, e: Envelope): Ended | undefined {
  if (e.type === 'probe') return ended(answerProbe(host, e))
  // §4.6.1: who is gone needs not be told.
  if (e.type === 'unavailable')
    for (const { directed } of e.owner.sessions) if (directed.size > 0) directed.delete(e.from.full)
  return undefined
}

function arrivingSubscription(host: Host, e: Envelope, requests: number): typeof drop | Ended | undefined {
  const { owner, type } = e
  if (owner.kind !== 'account') return drop
  const to = e.to!
  // §8.5.3.2.2
  if (!to.isBare && type !== 'subscribe' && sessionOf(owner, to.resource) === undefined) return drop
  const { before, next, deliver, reply } = inboundOf(e, 0)
  if (deliver) return type === 'subscribe' && waiting(owner) >= requests ? drop : undefined
  if (reply === undefined) return drop
  // §3.1.3, case 2; who may see the user's presence is shown it (§3.1.5).
  return ended(
    afterwards(saved(host, owner, { before, next }), () => {
      push(host, owner)
      tell(host, owner, before.contact, reply)
      appear(host, owner, before.contact)
    }),
  )
}

/** What an inbound subscription stanza changes; what the server answers for the user follows (§3.3.3, A.3.2). */
function arrived(host: Host, e: Envelope, requestLength: number): Receipt {
  const { owner } = e
  const step = inboundOf(e, requestLength)
  const { before, reply } = step
  return afterwards(saved(host, owner, step), () => {
    if (reply === undefined) return
    if (isSubscriber(before)) disappear(host, owner, before.contact)
    tell(host, owner, before.contact, reply)
  })
}

/** Requests that wait for the user's answer. */
function waiting(owner: Owner): number {
  let count = 0
  for (const contact of owner.rows(roster).values()) if (contact.pendingIn) count++
  return count
}
