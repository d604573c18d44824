import type { Element } from '../wire/element.ts'
import type { Jid } from '../wire/jid.ts'
import { sessionOf } from './delivery.ts'
import { type Envelope, envelope } from './envelope.ts'
import type { Commit } from './owner.ts'
import type { Ended } from './pipeline.ts'
import { answer } from './refusal.ts'
import type { Session } from './session.ts'
import type { Surroundings } from './surroundings.ts'
import type { Passage, Pending, Receipt, Turns } from './turns.ts'
import { Flight, promised } from './turns.ts'

/** The way back: what was thrown on the road becomes an answer here, and answers get to where their stanza came from. */
export class Returns {
  readonly #around: Surroundings

  constructor(around: Surroundings) {
    this.#around = around
  }

  /** The one place where what was thrown becomes an answer. */
  refuse(e: Envelope, thrown: unknown): undefined {
    const error = this.#around.refusals.note(e, thrown)
    const reply = answer(e, error)
    try {
      if (reply !== undefined) this.return(e, reply)
    } catch (fault) {
      // What has its say in the answer was thrown by it: one answer is enough.
      this.#around.refusals.note(e, fault)
    }
    return undefined
  }

  /** Takes an answer back to where its stanza came from. */
  return(e: Envelope, reply: Element): void {
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

  /** A check has ended the journey; what that still waits for may fail, and then the stanza is refused. */
  ended({ receipt }: Ended, e: Envelope): Passage {
    if (receipt === undefined || receipt instanceof Flight) return receipt
    return promised(receipt)!.catch(error => this.refuse(e, error))
  }

  /** Takes the step when `pending` has settled and its turn has come; one that fails is refused. The flight lands with it. */
  inTurn(
    turns: Turns,
    e: Envelope,
    pending: Pending,
    next: () => Passage,
    blocks = false,
    flight = new Flight(1),
  ): Flight {
    turns.queue(pending, next, error => this.landed(flight, e, error), blocks)
    return flight
  }

  /** A step has ended. Whoever waits for `before` too has answered where it failed because of that. */
  landed(flight: Flight, e: Envelope, error: unknown, before?: Receipt | Commit): void {
    if (error === undefined) flight.land()
    else if (before === undefined) flight.with(this.refuse(e, error))
    else
      promised(before)!.then(
        () => flight.with(this.refuse(e, error)),
        () => flight.land(),
      )
  }
}
