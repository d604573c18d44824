import { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import type { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import type { Destination } from './delivery.ts'
import { destination, sessionOf } from './delivery.ts'
import type { Envelope } from './envelope.ts'
import type { Host } from './host.ts'
import type { Log } from './log.ts'
import type { Owner } from './owner.ts'
import type { Ended, Stages } from './pipeline.ts'
import { drop, ended } from './pipeline.ts'
import { answer, refusalOf, replyAttributes } from './refusal.ts'
import type { Requests } from './requests.ts'
import type { Session } from './session.ts'
import { subscriptionTypes } from './session.ts'
import type { Receipt } from './turns.ts'
import { both } from './turns.ts'

/** What the road needs of the server that it leads through. */
export interface Surroundings {
  /** The host of a domain served here, or undefined. */
  host(domain: string): Host | undefined
  readonly requests: Requests
  readonly log: Log
  reference(): string
}

/**
 * The road of every stanza (DESIGN 4), one way: the sender's stages, the router, the recipient's stages, delivery.
 * Everything on it is synchronous until something must be stored; what is thrown anywhere is answered in `#refuse`.
 * Each step hands on a receipt: settled when all that must be durable is.
 */
export class Road {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** A stanza sets out under the rules of its sender. */
  send(e: Envelope): Receipt {
    const { owner } = e
    if (owner.stale) return this.#inTurn(e, owner.host.owners.reload(owner), () => this.send(e))
    const stages = owner.host.roads[e.kind].sending
    try {
      const stop = check(stages, e)
      if (stop !== undefined) return stop.receipt
      const edited = edit(stages, e)
      const stored = store(stages, stamp(stages, edited))
      const { turns } = e.session ?? owner
      if (stored === undefined && turns.idle) return this.#sent(stages, edited)
      return this.#inTurn(e, stored, () => this.#sent(stages, edited))
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  /** A stanza that has passed its sender's rules, or that the server makes itself, goes to whom it is for. */
  route(e: Envelope): Receipt {
    try {
      const to = e.to!
      const host = this.#around.host(to.domain)
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

  /** A message that was delivered in vain: its reader is gone. It goes the undelivered road at its owner. */
  undeliverable(e: Envelope): void {
    try {
      const receipt = this.#undelivered(e)
      receipt?.catch(error => this.#refuse(e, error))
    } catch (error) {
      this.#refuse(e, error)
    }
  }

  /** Whether a session's own stages let a stanza go to its client now. */
  mayWrite(session: Session, stanza: Element): boolean {
    const { writing } = session.owner.host
    for (const run of writing.check) if (run(session, stanza) === drop) return false
    for (const run of writing.hold) if (run(session, stanza)) return false
    return true
  }

  async #arriveLater(host: Host, e: Envelope): Promise<void> {
    try {
      const owner = await host.owners.find(e.to!.bare)
      // RFC 6121 §8.5.1: the same answer as for a user who does not answer.
      if (owner === undefined) throw new StanzaError('service-unavailable')
      await this.#arrive(owner, e.arrivingAt(owner))
    } catch (error) {
      await this.#refuse(e, error)
    }
  }

  #sent(stages: Stages, e: Envelope): Receipt {
    try {
      for (const run of stages.copy) for (const { to, stanza } of run(e)) to.deliver(stanza)
      const receipt = e.kind === 'presence' ? this.#present(stages, e) : this.route(addressed(e))
      for (const run of stages.notify) run(e)
      return receipt
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  #present(stages: Stages, e: Envelope): Receipt {
    if (e.to === undefined) return this.#broadcast(stages, e)
    if (isNotification(e)) e.session?.directedTo(e.to, e.type === 'available')
    return this.route(e)
  }

  /** RFC 6121 §4.2.2, §4.4.2, §4.5.2: one's own availability changes, then all whom it concerns are told. */
  #broadcast(stages: Stages, e: Envelope): Receipt {
    e.session?.available(e.type === 'unavailable' ? undefined : e.stanza)
    let receipt: Receipt
    for (const run of stages.spread)
      for (const jid of run(e)) {
        const one = e.withTo(jid)
        // A refusal here is silent: a blocked contact just gets no presence.
        if (!silentlyStopped(stages, one)) receipt = both(receipt, this.route(one))
      }
    return receipt
  }

  #arrive(owner: Owner, e: Envelope): Receipt {
    owner.used = true
    const stages = owner.host.roads[e.kind].arriving
    try {
      const stop = check(stages, e)
      if (stop !== undefined) return stop.receipt
      const edited = stamp(stages, edit(stages, e))
      const stored = store(stages, edited)
      if (stored === undefined && owner.turns.idle) return this.#arrived(stages, edited)
      return this.#inTurn(edited, stored, () => this.#arrived(stages, edited))
    } catch (error) {
      return this.#refuse(e, error)
    }
  }

  #arrived(stages: Stages, e: Envelope): Receipt {
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

  #deliver(e: Envelope, found: Destination | undefined): Receipt {
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

  #deliverMessage(e: Envelope, found: Destination): Receipt {
    if (found === 'ignore') return undefined
    if (found === 'refuse') throw new StanzaError('service-unavailable')
    if (found === 'keep') return this.#undelivered(e)
    const xml = e.stanza.xml(ns.client)
    if (!Array.isArray(found)) (found as Session).deliver(e.stanza, e, xml)
    // One of several devices has it: then it was delivered, whoever else was too slow.
    else for (const session of found as readonly Session[]) session.deliver(e.stanza, undefined, xml)
    return undefined
  }

  #undelivered(e: Envelope): Receipt {
    const stages = e.owner.host.roads[e.kind].undelivered
    const stop = check(stages, e)
    if (stop !== undefined) return stop.receipt
    const edited = stamp(stages, edit(stages, e))
    let kept = false
    let receipt: Receipt
    for (const run of stages.store) {
      const one = run(edited)
      kept ||= one !== undefined
      if (one instanceof Promise) receipt = both(receipt, one)
    }
    if (!kept) throw new StanzaError('service-unavailable')
    for (const run of stages.notify) run(edited)
    return receipt === undefined ? undefined : receipt.catch(error => this.#refuse(e, error))
  }

  /**
   * RFC 6121 §8.5.2.1.2 and §8.5.3: to all available resources, or to the one that is named. What answers a subscription
   * is for the interested ones (§3.1.6, §3.2.3, §3.3.3).
   */
  #deliverPresence(e: Envelope): Receipt {
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

  #deliverIq(e: Envelope): Receipt {
    const { owner } = e
    const request = e.type === 'get' || e.type === 'set'
    if (!request && this.#around.requests.take(e.stanza, e.from, e.to)) return undefined
    if (owner.kind === 'account' && e.to!.resource !== '') return this.#forward(e, request)
    // RFC 6121 §8.5.2.1.3: the server answers for the user.
    return request ? this.#answer(e) : undefined
  }

  /** RFC 6121 §8.5.3.1: a request reaches a resource only from whom its user lets see that it is there. */
  #forward(e: Envelope, request: boolean): Receipt {
    const session = sessionOf(e.owner, e.to!.resource)
    if (session === undefined || (request && !e.owner.host.maySee(session, e.from)))
      throw new StanzaError('service-unavailable')
    session.deliver(e.stanza)
    return undefined
  }

  #answer(e: Envelope): Receipt {
    const payload = e.stanza.elements[0]!
    const handler = e.owner.host.handlers.find(e.owner.kind === 'account' ? 'account' : 'server', e.type, payload)
    const allowed = handler?.by === 'anyone' || e.from.bare.equals(e.owner.address)
    if (handler === undefined || !allowed) throw new StanzaError('service-unavailable')
    const result = handler.handle(payload, e)
    if (!(result instanceof Promise)) {
      this.#reply(e, result)
      return undefined
    }
    return result.then(
      value => this.#reply(e, value),
      error => this.#refuse(e, error),
    )
  }

  #reply(e: Envelope, payload: Element | undefined): void {
    this.#return(
      e,
      new Element('iq', ns.client, replyAttributes(e.stanza, 'result'), payload === undefined ? [] : [payload]),
    )
  }

  /** The one place where what was thrown becomes an answer. */
  #refuse(e: Envelope, thrown: unknown): Receipt {
    let reference: string | undefined
    const error = refusalOf(thrown, () => (reference ??= this.#around.reference()))
    if (reference === undefined) {
      this.#around.log('debug', 'stanza refused', {
        from: e.from.full,
        to: e.to?.full,
        kind: e.kind,
        condition: error.condition,
      })
    } else {
      const stack = thrown instanceof Error ? thrown.stack : String(thrown)
      this.#around.log('error', 'fault while handling a stanza', {
        reference,
        kind: e.kind,
        from: e.from.full,
        fault: stack,
      })
    }
    const reply = answer(e, error)
    if (reply !== undefined) this.#return(e, reply)
    return undefined
  }

  /** Takes an answer back to where its stanza came from. */
  #return(e: Envelope, reply: Element): void {
    const session = e.session ?? this.#sessionOf(e.from)
    session?.answer(reply)
  }

  #sessionOf(jid: Jid): Session | undefined {
    const owner = this.#around.host(jid.domain)?.owners.loaded(jid.bare)
    return owner && sessionOf(owner, jid.resource)
  }

  async #inTurn(e: Envelope, pending: Receipt, next: () => Receipt): Promise<void> {
    try {
      await (e.session ?? e.owner).turns.after(pending, next)
    } catch (error) {
      await this.#refuse(e, error)
    }
  }
}

const vanished = ended()

/** How a stanza's journey ends at a `check`, or undefined where it goes on; what a check throws refuses it aloud. */
function check(stages: Stages, e: Envelope): Ended | undefined {
  for (const run of stages.check) {
    const verdict = run(e)
    if (verdict !== undefined) return verdict === drop ? vanished : (verdict as Ended)
  }
  return undefined
}

function silentlyStopped(stages: Stages, e: Envelope): boolean {
  try {
    return check(stages, e) !== undefined
  } catch (error) {
    if (error instanceof StanzaError) return true
    throw error
  }
}

function edit(stages: Stages, e: Envelope): Envelope {
  for (const run of stages.edit) e = run(e)
  return e
}

function stamp(stages: Stages, e: Envelope): Envelope {
  for (const run of stages.stamp) e = run(e)
  return e
}

function store(stages: Stages, e: Envelope): Receipt {
  let receipt: Receipt
  for (const run of stages.store) {
    const one = run(e)
    if (one instanceof Promise) receipt = both(receipt, one)
  }
  return receipt
}

/** RFC 6120 §10.3: without `to`, a message or IQ is for the sender's own account. */
function addressed(e: Envelope): Envelope {
  return e.to === undefined ? e.forOwnAccount() : e
}

function isNotification(e: Envelope): boolean {
  return e.type === 'available' || e.type === 'unavailable'
}
