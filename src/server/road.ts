import type { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import type { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import { answerTo, forward, handlerOf, refusedProbe, turnAway } from './answers.ts'
import type { Destination } from './delivery.ts'
import { destination, sessionOf } from './delivery.ts'
import { type Envelope, envelope } from './envelope.ts'
import type { Host } from './host.ts'
import type { Commit, Owner, Storage } from './owner.ts'
import type { Stages } from './pipeline.ts'
import { absent, drop } from './pipeline.ts'
import { answer } from './refusal.ts'
import type { Refusals } from './refusals.ts'
import type { Requests } from './requests.ts'
import type { Session } from './session.ts'
import { check, edit, silentlyStopped, stamp, store } from './stages.ts'
import { subscriptionTypes } from './stanza-checks.ts'
import type { Passage, Pending, Receipt, Turns } from './turns.ts'
import { both, Flight, promised } from './turns.ts'

/** What the road needs of the server that it leads through. */
export interface Surroundings {
  /** The host of a domain served here, or undefined. */
  host(domain: string): Host | undefined
  readonly requests: Requests
  readonly refusals: Refusals
  readonly storage: Storage
}

/**
 * The road of every stanza (DESIGN 4), one way: the sender's stages, the router, the recipient's stages, delivery.
 * Everything on it is synchronous until something must be stored; what is thrown anywhere is answered in `#refuse`.
 * Each step hands on a receipt: settled when all that must be durable is.
 */
export class Road {
  readonly #around: Surroundings
  /** How many messages have set out, for the operator. */
  messages = 0

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** A stanza sets out under the rules of its sender, when all that it needs is at hand. */
  send(e: Envelope): Passage {
    const { turns } = e.session ?? e.owner
    const ready = this.#ready(e)
    if (ready === undefined && !turns.blocked) return this.#setOut(e, turns)
    return this.#inTurn(turns, e, ready, () => this.#setOut(e, turns), true)
  }

  /** What is kept at a message's sender and at its recipient is kept in one commit: both must be at hand for that. */
  #ready(e: Envelope): Promise<unknown> | undefined {
    const { owner } = e
    if (owner.stale) return owner.host.owners.reload(owner).then(() => this.#ready(e))
    if (e.kind !== 'message') return undefined
    let ready: Promise<unknown> | undefined
    for (const run of owner.host.roads.message.sending.ready) {
      const one = run(e)
      if (one !== undefined) ready = ready === undefined ? one : Promise.all([ready, one])
    }
    return ready === undefined ? this.#recipientReady(e) : ready.then(() => this.#recipientReady(e))
  }

  #recipientReady(e: Envelope): Promise<unknown> | undefined {
    if (e.to === undefined || e.to.local === '') return undefined
    const owners = this.#around.host(e.to.domain)?.owners
    const recipient = owners?.loaded(e.to.bare)
    return owners === undefined || recipient?.stale === false ? undefined : owners.find(e.to.bare)
  }

  #setOut(e: Envelope, turns: Turns): Passage {
    if (e.kind === 'message') this.messages++
    const stages = e.owner.host.roads[e.kind].sending
    const { storage } = this.#around
    storage.begin()
    try {
      const stop = check(stages, e)
      if (stop !== undefined) return stop.receipt
      const edited = edit(stages, e)
      const own = stamp(stages, edited)
      const stored = store(stages, own)
      if (stored === undefined && turns.idle) return this.#sent(stages, edited, own)
      const recipient = e.kind === 'message' ? this.#recipient(edited) : undefined
      if (recipient === undefined) return this.#inTurn(turns, e, stored, () => this.#sent(stages, edited, own), true)
      // It arrives at once, so that it is kept at both ends together, and is delivered when it is.
      const flight = new Flight(2)
      flight.with(this.#arrive(recipient, addressed(edited).arrivingAt(recipient), stored, flight))
      this.#inTurn(turns, e, stored, () => this.#shown(stages, edited, own), false, flight)
      return flight
    } catch (error) {
      return this.#refuse(e, error)
    } finally {
      if (storage.begun) e.session?.committed()
      storage.end()
    }
  }

  #recipient({ to, owner }: Envelope): Owner | undefined {
    if (to === undefined) return owner
    const found = to.local === '' ? undefined : this.#around.host(to.domain)?.owners.loaded(to.bare)
    return found?.stale === false ? found : undefined
  }

  /**
   * A stanza that has passed its sender's rules, or that the server makes itself, goes to whom it is for. One of many
   * copies is not worth an error.
   */
  route(e: Envelope, copy = false): Passage {
    try {
      const to = e.to!
      const host = this.#around.host(to.domain)
      if (host === undefined && copy) return undefined
      if (host === undefined)
        throw new StanzaError('remote-server-not-found', { text: `This server does not reach ${to.domain}.` })
      if (to.local === '') return this.#arrive(host.service, e.arrivingAt(host.service))
      const owner = host.owners.loaded(to.bare)
      if (owner !== undefined && !owner.stale) return this.#arrive(owner, e.arrivingAt(owner))
      // RFC 6121 §8.5.2.2.2: nobody is there to see it, or memory would hold the account.
      if (owner === undefined && e.kind === 'presence' && isNotification(e)) return undefined
      return this.#arriveLater(host, e)
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  /** Presence that the server itself sends in an account's name: what the account's own rules stop does not set out. */
  show(e: Envelope): Passage {
    return silentlyStopped(e.owner.host.roads.presence.sending, e) ? undefined : this.route(e)
  }

  /** A message that was delivered in vain: its reader is gone. It goes the undelivered road at its owner. */
  undeliverable(e: Envelope): void {
    try {
      this.#undelivered(e)
    } catch (error) {
      this.#refuse(e, error)
    }
  }

  /** Whether a session's own stages let a stanza go to its client now. */
  mayWrite(session: Session, stanza: Element, envelope?: Envelope): boolean {
    const { writing } = session.owner.host
    for (const run of writing.check) if (run(session, stanza, envelope) === drop) return false
    if (session.holding > 0) for (const run of writing.hold) if (run(session, stanza, envelope)) return false
    return true
  }

  async #arriveLater(host: Host, e: Envelope): Promise<void> {
    try {
      const owner = await host.owners.find(e.to!.bare)
      if (owner === undefined) this.#absent(host, e)
      else await this.#arrive(owner, e.arrivingAt(owner))
    } catch (error) {
      await this.#refuse(e, error)
    }
  }

  /**
   * RFC 6121 §8.5.1 and §8.5.4: nobody has this address. What would be stored for somebody is refused aloud, so that no
   * word is lost in silence; all else reads as it does for somebody who is away.
   */
  #absent(host: Host, e: Envelope): void {
    const to = e.to!
    if (e.kind === 'presence') {
      if (e.type === 'probe') this.refuseProbe(host.service, e)
    } else if (e.type !== 'headline' || !to.isBare) this.#return(e, turnAway(handlerOf(host, 'account', e), e))
  }

  /** Looks for the account all the same: an answer that comes sooner, or before others, would tell that it is there. */
  async #asIfAbsent({ address, host }: Owner, e: Envelope): Promise<void> {
    try {
      await host.shared.keeping.storage.find(address.full)
      this.#absent(host, e)
    } catch (error) {
      await this.#refuse(e, error)
    }
  }

  /** Who may not see a user's presence hears the same as where there is no such user. */
  refuseProbe(owner: Owner, e: Envelope): Passage {
    return this.route(refusedProbe(owner, e))
  }

  /** It goes on as `e`; the sender's own devices are shown `own`. */
  #sent(stages: Stages, e: Envelope, own: Envelope): Passage {
    return this.#shown(stages, e, own, false)
  }

  /** The same for one that has `arrived` already. */
  #shown(stages: Stages, e: Envelope, own: Envelope, arrived = true): Passage {
    try {
      for (const run of stages.copy) for (const { to, stanza } of run(own)) to.deliver(stanza)
      let receipt: Passage
      if (!arrived) receipt = e.kind === 'presence' ? this.#present(stages, e) : this.route(addressed(e))
      for (const run of stages.notify) run(e)
      return receipt
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  #present(stages: Stages, e: Envelope): Passage {
    if (e.to === undefined) return this.#broadcast(stages, e)
    if (isNotification(e)) e.session?.directedTo(e.to, e.type === 'available')
    return this.route(e)
  }

  /** RFC 6121 §4.2.2, §4.4.2, §4.5.2: one's own availability changes, then all whom it concerns are told. */
  #broadcast(stages: Stages, e: Envelope): Passage {
    e.session?.available(e.type === 'unavailable' ? undefined : e.stanza)
    let receipt: Passage
    for (const run of stages.spread)
      for (const jid of run(e)) {
        const one = e.withTo(jid)
        // A refusal here is silent: a blocked contact just gets no presence.
        if (!silentlyStopped(stages, one)) receipt = both(receipt, this.route(one, true))
      }
    return receipt
  }

  /**
   * `before`: what is to be kept elsewhere before it may be delivered; whoever waits for that too answers its failure.
   * `flight`: what lands when it has arrived, where it must wait for its turn.
   */
  #arrive(owner: Owner, e: Envelope, before?: Receipt | Commit, flight = new Flight(1)): Passage {
    owner.used = true
    const stages = owner.host.roads[e.kind].arriving
    try {
      const stop = check(stages, e)
      if (stop === absent) return this.#asIfAbsent(owner, e)
      if (stop !== undefined) return stop.receipt
      const edited = stamp(stages, edit(stages, e))
      const stored = store(stages, edited) ?? before
      if (stored === undefined && owner.turns.idle) return this.#arrived(stages, edited)
      owner.turns.queue(
        stored,
        () => this.#arrived(stages, edited),
        error => this.#landed(flight, edited, error, before),
      )
      return flight
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  #arrived(stages: Stages, e: Envelope): Passage {
    try {
      const delivered = e.kind === 'message' ? this.#destination(e) : undefined
      const receipt = this.#deliver(e, delivered)
      for (const run of stages.copy) for (const { to, stanza } of run(e, delivered)) to.deliver(stanza)
      for (const run of stages.notify) run(e)
      return receipt
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  #deliver(e: Envelope, found: Destination | undefined): Passage {
    switch (e.kind) {
      case 'message':
        return this.#deliverMessage(e, found!)
      case 'presence':
        return this.#deliverPresence(e)
      case 'iq':
        return this.#deliverIq(e)
    }
  }

  /** A message to the host itself has no reader (RFC 6121 §8.4). */
  #destination(e: Envelope): Destination {
    return e.owner.kind === 'account' ? destination(e.owner, e) : 'refuse'
  }

  #deliverMessage(e: Envelope, found: Destination): Passage {
    if (found === 'ignore') return undefined
    if (found === 'refuse') throw new StanzaError('service-unavailable')
    if (found === 'keep') return this.#undelivered(e)
    const xml = e.stanza.xml(ns.client)
    if (!Array.isArray(found)) (found as Session).deliver(e.stanza, e, xml)
    // One of several devices has it: then it was delivered, whoever else was too slow.
    else for (const session of found as readonly Session[]) session.deliver(e.stanza, undefined, xml)
    return undefined
  }

  #undelivered(e: Envelope): Passage {
    const stages = e.owner.host.roads[e.kind].undelivered
    const stop = check(stages, e)
    if (stop !== undefined) return stop.receipt
    const edited = stamp(stages, edit(stages, e))
    let kept = false
    let receipt: Receipt
    for (const run of stages.store) {
      const one = run(edited)
      kept ||= one !== undefined
      if (one !== undefined && one !== true) receipt = both(receipt, promised(one))
    }
    if (!kept) throw new StanzaError('service-unavailable')
    for (const run of stages.notify) run(edited)
    return receipt?.catch(error => this.#refuse(e, error))
  }

  /**
   * RFC 6121 §8.5.2.1.2 and §8.5.3: to all available resources, or to the one that is named. What answers a subscription
   * is for the interested ones (§3.1.6, §3.2.3, §3.3.3).
   */
  #deliverPresence(e: Envelope): Passage {
    const resource = e.to!.resource
    if (resource !== '' && !subscriptionTypes.has(e.type)) {
      sessionOf(e.owner, resource)?.deliver(e.stanza)
      return undefined
    }
    const answers = e.type !== 'subscribe' && subscriptionTypes.has(e.type)
    const xml = e.stanza.xml(ns.client)
    for (const session of e.owner.sessions) {
      if (answers ? session.interested : session.presence !== undefined) session.deliver(e.stanza, undefined, xml)
    }
    return undefined
  }

  #deliverIq(e: Envelope): Passage {
    const { owner } = e
    const request = e.type === 'get' || e.type === 'set'
    if (!request && this.#around.requests.take(e.stanza, e.from, e.to)) return undefined
    if (owner.kind === 'account' && e.to!.resource !== '') {
      const reply = forward(e, request)
      if (reply !== undefined) this.#return(e, reply)
      return undefined
    }
    // RFC 6121 §8.5.2.1.3: the server answers for the user.
    return request ? this.#answer(e) : undefined
  }

  #answer(e: Envelope): Passage {
    const reply = answerTo(e)
    if (!(reply instanceof Promise)) {
      this.#return(e, reply)
      return undefined
    }
    return reply.then(
      value => this.#return(e, value),
      error => this.#refuse(e, error),
    )
  }

  /** The one place where what was thrown becomes an answer. */
  #refuse(e: Envelope, thrown: unknown): undefined {
    const error = this.#around.refusals.note(e, thrown)
    const reply = answer(e, error)
    if (reply !== undefined) this.#return(e, reply)
    return undefined
  }

  /** Takes an answer back to where its stanza came from. */
  #return(e: Envelope, reply: Element): void {
    const session = e.session ?? this.#sessionOf(e.from)
    if (session === undefined) return
    session.answer(reply)
    if (e.kind === 'message') this.#copyAnswer(session, reply, e.to ?? session.owner.address)
  }

  /** An error of ours that answers a message arrives like any other: who follows the conversation may have to know. */
  #copyAnswer(session: Session, reply: Element, from: Jid): void {
    const { owner } = session
    const arrived = envelope(reply, from, session.jid, owner)
    for (const run of owner.host.roads.message.arriving.copy)
      for (const { to, stanza } of run(arrived, session)) to.deliver(stanza)
  }

  #sessionOf(jid: Jid): Session | undefined {
    const owner = this.#around.host(jid.domain)?.owners.loaded(jid.bare)
    return owner && sessionOf(owner, jid.resource)
  }

  /** Takes the step when `pending` has settled and its turn has come; one that fails is refused. The flight lands with it. */
  #inTurn(
    turns: Turns,
    e: Envelope,
    pending: Pending,
    next: () => Passage,
    blocks = false,
    flight = new Flight(1),
  ): Flight {
    turns.queue(pending, next, error => this.#landed(flight, e, error), blocks)
    return flight
  }

  /** A step has ended. Whoever waits for `before` too has answered where it failed because of that. */
  #landed(flight: Flight, e: Envelope, error: unknown, before?: Receipt | Commit): void {
    if (error === undefined) flight.land()
    else if (before === undefined) flight.with(this.#refuse(e, error))
    else
      promised(before)!.then(
        () => flight.with(this.#refuse(e, error)),
        () => flight.land(),
      )
  }
}

/** RFC 6120 §10.3: without `to`, a message or IQ is for the sender's own account. */
function addressed(e: Envelope): Envelope {
  return e.to === undefined ? e.forOwnAccount() : e
}

function isNotification(e: Envelope): boolean {
  return e.type === 'available' || e.type === 'unavailable'
}
