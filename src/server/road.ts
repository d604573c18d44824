import { StorageError } from '../storage/storage.ts'
import type { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import { refusedProbe } from './answers.ts'
import { Arrivals } from './arrivals.ts'
import { Copies, type Envelope } from './envelope.ts'
import type { Host } from './host.ts'
import type { Commit, Owner } from './owner.ts'
import type { Stages } from './pipeline.ts'
import { drop } from './pipeline.ts'
import { Returns } from './returns.ts'
import type { Session } from './session.ts'
import { check, edit, silentlyStopped, stamp, store } from './stages.ts'
import type { Surroundings } from './surroundings.ts'
import type { Passage, Receipt, Turns } from './turns.ts'
import { both, Flight, promised } from './turns.ts'

/**
 * The road of every stanza (DESIGN 4), one way: the sender's stages, the router, the recipient's stages, delivery.
 * Everything on it is synchronous until something must be stored; what is thrown anywhere is answered by `Returns`.
 * Each step hands on a receipt: settled when all that must be durable is.
 */
export class Road {
  readonly #around: Surroundings
  readonly #returns: Returns
  readonly #arrivals: Arrivals
  /** How many messages have set out, for the operator. */
  messages = 0

  constructor(around: Surroundings) {
    this.#around = around
    this.#returns = new Returns(around)
    this.#arrivals = new Arrivals(around, this.#returns)
  }

  /** A stanza sets out under the rules of its sender, when all that it needs is at hand. */
  send(e: Envelope): Passage {
    const { turns } = e.session ?? e.owner
    const ready = this.#ready(e)
    return ready === undefined && turns.blocking === 0 ? this.#setOut(e, turns) : this.#setOutLater(e, turns, ready)
  }

  // What waits has methods of its own here: a method that may make a closure makes room for it each time it is called.

  #setOutLater(e: Envelope, turns: Turns, ready: Promise<unknown> | undefined): Passage {
    return this.#returns.inTurn(turns, e, ready, () => this.#setOut(e, turns, true), true)
  }

  /** What is kept at its sender and at its recipient is kept in one commit: both must be at hand for that. */
  #ready(e: Envelope): Promise<unknown> | undefined {
    const { owner } = e
    if (owner.stale) return this.#readyAgain(e)
    if (!isKeptTogether(e)) return undefined
    let ready: Promise<unknown> | undefined
    for (const run of owner.host.roads[e.branch].sending.ready) {
      const one = run(e)
      if (one !== undefined) ready = ready === undefined ? one : Promise.all([ready, one])
    }
    return ready === undefined ? this.#recipientReady(e) : this.#recipientThen(ready, e)
  }

  async #readyAgain(e: Envelope): Promise<unknown> {
    await e.owner.host.owners.reload(e.owner)
    return this.#ready(e)
  }

  async #recipientThen(ready: Promise<unknown>, e: Envelope): Promise<unknown> {
    await ready
    return this.#recipientReady(e)
  }

  #recipientReady({ to }: Envelope): Promise<unknown> | undefined {
    if (to === undefined || to.local === '') return undefined
    const found = this.#around.host(to.domain)?.owners.find(to.bare)
    return found instanceof Promise ? found : undefined
  }

  #setOut(e: Envelope, turns: Turns, late = false): Passage {
    if (e.kind === 'message') this.messages++
    const { owner } = e
    const stages = owner.host.roads[e.branch].sending
    const { storage } = this.#around
    storage.begin()
    try {
      if (late && isKeptTogether(e)) this.#checkAtHand(e)
      const stop = check(stages, e)
      if (stop !== undefined) return this.#returns.ended(stop, e)
      const edited = edit(stages, e)
      const own = stamp(stages, edited)
      const stored = store(stages, own)
      const together = isKeptTogether(e)
      if (stored === undefined && turns.idle && (!together || owner.turns.idle)) return this.#sent(stages, edited, own)
      if (together) return this.#inTurns(stages, edited, own, turns, stored)
      return this.#sentLater(stages, edited, own, turns, stored)
    } catch (error) {
      return this.#returns.refuse(e, error)
    } finally {
      if (storage.begun) e.session?.committed()
      storage.end()
    }
  }

  #sentLater(stages: Stages, e: Envelope, own: Envelope, turns: Turns, stored: Commit | Receipt): Passage {
    return this.#returns.inTurn(turns, e, stored, () => this.#sent(stages, e, own), true)
  }

  /**
   * Where its recipient is at hand a stanza arrives at once, so that it is kept at both ends together; it is delivered when
   * it is. Own devices are shown it in the order of the owner's log; what the session says next comes behind it.
   */
  #inTurns(stages: Stages, e: Envelope, own: Envelope, turns: Turns, stored: Commit | Receipt): Passage {
    const { owner } = e
    const recipient = this.#recipient(e)
    const flight = new Flight(2)
    if (recipient === undefined) flight.land()
    else flight.with(this.#arrivals.arrive(recipient, addressed(e).arrivingAt(recipient), stored, flight))
    owner.turns.queue(stored, () => this.#shown(stages, e, own), nothing)
    const next = recipient === undefined ? () => this.#onward(stages, e) : nothing
    return this.#returns.inTurn(turns, e, stored, next, recipient === undefined, flight)
  }

  /** What was at hand when a stanza came may have been lost while that waited for its turn. Throws StorageError. */
  #checkAtHand({ owner, to }: Envelope): void {
    const isLost = to !== undefined && this.#around.host(to.domain)?.owners.loaded(to.bare)?.stale === true
    if (owner.stale || isLost) throw new StorageError('What was to be kept before this could not be kept.')
  }

  #recipient(e: Envelope): Owner | undefined {
    const { to } = e
    if (to === undefined) return e.owner
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
      const owner = host.owners.loaded(to.bare)
      if (owner !== undefined && !owner.stale) return this.#arrivals.arrive(owner, e.arrivingAt(owner))
      if (to.local === '') return this.#arrivals.arrive(host.service, e.arrivingAt(host.service))
      // RFC 6121 §8.5.2.2.2: nobody is there to see it, or memory would hold the account.
      if (owner === undefined && e.kind === 'presence' && isNotification(e)) return undefined
      return this.#arriveLater(host, e)
    } catch (error) {
      return this.#returns.refuse(e, error)
    }
  }

  /** Presence that the server itself sends in an account's name: what the account's own rules stop does not set out. */
  show(e: Envelope): Passage {
    return silentlyStopped(e.owner.host.roads[e.branch].sending, e) ? undefined : this.route(e)
  }

  /** A message that was delivered in vain: its reader is gone. It goes the undelivered road at its owner. */
  undeliverable(e: Envelope): void {
    this.#arrivals.undeliverable(e)
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
      if (owner === undefined) this.#arrivals.absent(host, e)
      else await promised(this.#arrivals.arrive(owner, e.arrivingAt(owner)))
    } catch (error) {
      await this.#returns.refuse(e, error)
    }
  }

  /** Who may not see a user's presence hears the same as where there is no such user. */
  refuseProbe(owner: Owner, e: Envelope): Passage {
    return this.route(refusedProbe(owner, e))
  }

  /** It goes on as `e`; the sender's own devices are shown `own`. */
  #sent(stages: Stages, e: Envelope, own: Envelope): Passage {
    try {
      for (const run of stages.copy) for (const { to, stanza } of run(own)) to.deliver(stanza)
      const receipt = this.#onward(stages, e)
      for (const run of stages.notify) run(e)
      return receipt
    } catch (error) {
      return this.#returns.refuse(e, error)
    }
  }

  /** What is left to do at the sender's for what goes on by itself. */
  #shown(stages: Stages, e: Envelope, own: Envelope): undefined {
    try {
      for (const run of stages.copy) for (const { to, stanza } of run(own)) to.deliver(stanza)
      for (const run of stages.notify) run(e)
    } catch (error) {
      this.#returns.refuse(e, error)
    }
  }

  #onward(stages: Stages, e: Envelope): Passage {
    return e.kind === 'presence' ? this.#present(stages, e) : this.route(addressed(e))
  }

  #present(stages: Stages, e: Envelope): Passage {
    if (e.to === undefined) return this.#broadcast(stages, e)
    if (isNotification(e)) {
      if (e.type === 'available') e.session?.directed.add(e.to)
      else e.session?.directed.delete(e.to.full)
    }
    return this.route(e)
  }

  /** RFC 6121 §4.2.2, §4.4.2, §4.5.2: one's own availability changes, then all whom it concerns are told. */
  #broadcast(stages: Stages, e: Envelope): Passage {
    e.session?.available(e.type === 'unavailable' ? undefined : e.stanza)
    const copies = new Copies(e)
    let receipt: Passage
    for (const run of stages.spread)
      for (const jid of run(e)) {
        const one = copies.for(jid)
        // A refusal here is silent: a blocked contact just gets no presence.
        if (!silentlyStopped(stages, one)) receipt = both(receipt, this.route(one, true))
      }
    return receipt
  }
}

/** What both its sender and its recipient may keep: messages, and what is said about subscriptions. */
function isKeptTogether({ branch }: Envelope): boolean {
  return branch === 'message' || branch === 'subscription'
}

function nothing(): undefined {}

/** RFC 6120 §10.3: without `to`, a message or IQ is for the sender's own account. */
function addressed(e: Envelope): Envelope {
  return e.to === undefined ? e.forOwnAccount() : e
}

function isNotification(e: Envelope): boolean {
  return e.type === 'available' || e.type === 'unavailable'
}
