import { StorageError } from '../storage/storage.ts'
import { StanzaError } from '../wire/errors.ts'
import { answerTo, forward, handlerOf, turnAway } from './answers.ts'
import type { Destination } from './delivery.ts'
import { destination, sessionOf } from './delivery.ts'
import type { Envelope } from './envelope.ts'
import type { Host } from './host.ts'
import type { Commit, Owner } from './owner.ts'
import type { Stages } from './pipeline.ts'
import { absent } from './pipeline.ts'
import type { Returns } from './returns.ts'
import type { Session } from './session.ts'
import { check, edit, stamp, store } from './stages.ts'
import type { Surroundings } from './surroundings.ts'
import type { Passage, Receipt } from './turns.ts'
import { both, Flight, promised } from './turns.ts'

/** The recipient's half of the road: its stages, and delivery (RFC 6121 §8). */
export class Arrivals {
  readonly #around: Surroundings
  readonly #returns: Returns

  constructor(around: Surroundings, returns: Returns) {
    this.#around = around
    this.#returns = returns
  }

  /**
   * `before`: what is to be kept elsewhere before it may be delivered; whoever waits for that too answers its failure.
   * `flight`: what lands when it has arrived, where it must wait for its turn.
   */
  arrive(owner: Owner, e: Envelope, before?: Receipt | Commit, flight?: Flight): Passage {
    owner.used = true
    const stages = owner.host.roads[e.branch].arriving
    try {
      const stop = check(stages, e)
      if (stop === absent) return this.#asIfAbsent(owner, e)
      if (stop !== undefined) return this.#returns.ended(stop, e)
      const edited = stamp(stages, edit(stages, e))
      const stored = store(stages, edited) ?? before ?? (isForServer(e) ? owner.underway : undefined)
      if (stored === undefined && owner.turns.idle) return this.#arrived(stages, edited)
      return this.#inTurn(stages, edited, stored, before, flight ?? new Flight(1))
    } catch (error) {
      return this.#returns.refuse(e, error)
    }
  }

  /** A method of its own, so that what waits for nothing makes no closures. */
  #inTurn(stages: Stages, e: Envelope, stored: Receipt | Commit, before: Receipt | Commit, flight: Flight): Flight {
    e.owner.turns.queue(
      stored,
      () => this.#arrived(stages, e),
      error => this.#returns.landed(flight, e, error, before),
    )
    return flight
  }

  #arrived(stages: Stages, e: Envelope): Passage {
    try {
      // What memory holds is not true any more: nobody is told of that.
      if (e.owner.stale && isForServer(e)) throw new StorageError('What was to be kept before this could not be kept.')
      const delivered = e.kind === 'message' ? this.#destination(e) : undefined
      const receipt = this.#deliver(e, delivered)
      for (const run of stages.copy) for (const { to, stanza } of run(e, delivered)) to.deliver(stanza)
      for (const run of stages.notify) run(e)
      return receipt
    } catch (error) {
      return this.#returns.refuse(e, error)
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
    if (!Array.isArray(found)) (found as Session).deliver(e.stanza, e, e.xml)
    // One of several devices has it: then it was delivered, whoever else was too slow.
    else for (const session of found as readonly Session[]) session.deliver(e.stanza, undefined, e.xml)
    return undefined
  }

  #undelivered(e: Envelope): Passage {
    const stages = e.owner.host.roads[e.branch].undelivered
    const stop = check(stages, e)
    if (stop !== undefined) return this.#returns.ended(stop, e)
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
    return receipt?.catch(error => this.#returns.refuse(e, error))
  }

  /**
   * RFC 6121 §8.5.2.1.2 and §8.5.3: to all available resources, or to the one that is named. What answers a subscription
   * is for the interested ones (§3.1.6, §3.2.3, §3.3.3).
   */
  #deliverPresence(e: Envelope): Passage {
    const resource = e.to!.resource
    if (resource !== '' && e.branch === 'presence') {
      sessionOf(e.owner, resource)?.deliver(e.stanza)
      return undefined
    }
    const answers = e.branch === 'subscription' && e.type !== 'subscribe'
    for (const session of e.owner.sessions) {
      if (answers ? session.interested : session.presence !== undefined) session.deliver(e.stanza, undefined, e.xml)
    }
    return undefined
  }

  #deliverIq(e: Envelope): Passage {
    const { owner } = e
    const request = e.type === 'get' || e.type === 'set'
    if (!request && this.#around.requests.take(e.stanza, e.from, e.to)) return undefined
    if (owner.kind === 'account' && e.to!.resource !== '') {
      const reply = forward(e, request)
      if (reply !== undefined) this.#returns.return(e, reply)
      return undefined
    }
    // RFC 6121 §8.5.2.1.3: the server answers for the user.
    return request ? this.#answer(e) : undefined
  }

  #answer(e: Envelope): Passage {
    const reply = answerTo(e)
    if (!(reply instanceof Promise)) {
      this.#returns.return(e, reply)
      return undefined
    }
    return reply.then(
      value => this.#returns.return(e, value),
      error => this.#returns.refuse(e, error),
    )
  }

  /**
   * RFC 6121 §8.5.1 and §8.5.4: nobody has this address. What would be stored for somebody is refused aloud, so that no
   * word is lost in silence; all else reads as it does for somebody who is away.
   */
  absent(host: Host, e: Envelope): void {
    const to = e.to!
    if (e.kind === 'presence') {
      if (e.type === 'probe') host.shared.road.refuseProbe(host.service, e)
    } else if (e.type !== 'headline' || !to.isBare) this.#returns.return(e, turnAway(handlerOf(host, 'account', e), e))
  }

  /** Looks for the account all the same: an answer that comes sooner, or before others, would tell that it is there. */
  async #asIfAbsent({ address, host }: Owner, e: Envelope): Promise<void> {
    try {
      await host.shared.keeping.storage.find(address.full)
      this.absent(host, e)
    } catch (error) {
      await this.#returns.refuse(e, error)
    }
  }

  /** A message that was delivered in vain: its reader is gone. It goes the undelivered road at its owner. */
  undeliverable(e: Envelope): void {
    try {
      this.#undelivered(e)
    } catch (error) {
      this.#returns.refuse(e, error)
    }
  }
}

/** A request that the server answers for the user: with what is durable. */
function isForServer({ kind, to }: Envelope): boolean {
  return kind === 'iq' && to!.resource === ''
}
