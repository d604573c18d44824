import { destination } from '../../server/delivery.ts'
import type { Envelope } from '../../server/envelope.ts'
import type { Kept } from '../../server/pipeline.ts'
import type { Jid } from '../../wire/jid.ts'
import { withStanzaId } from '../stanza-id/wire.ts'
import type { Archives } from './accounts.ts'
import { isWorthy } from './eligible.ts'

/** Puts messages into the logs of their senders and recipients, before anybody gets them (XEP-0313 §3, DESIGN 6). */
export class Keeping {
  readonly #archives: Archives

  constructor(archives: Archives) {
    this.#archives = archives
  }

  /** The sender's own copy, with its place in the sender's archive. What is for oneself is archived where it arrives, once. */
  stampSent(e: Envelope): Envelope {
    const { to, owner } = e
    if (to === undefined || to.bare.equals(owner.address)) return e
    return this.#isArchived(e, to) ? this.#stamped(e, false) : e
  }

  /** The recipient's own copy, with its place in the recipient's archive (XEP-0313 §3.5). */
  stampArrived(e: Envelope): Envelope {
    const { owner, from } = e
    if (owner.kind !== 'account' || !this.#isArchived(e, from)) return e
    // XEP-0313 §6.1: what is refused was never there.
    const found = destination(owner, e)
    return found === 'refuse' || found === 'ignore' ? e : this.#stamped(e, found === 'keep')
  }

  /** Keeps what was stamped. Where nobody is there, the same entry is what waits for somebody. */
  store(e: Envelope, direction: 'in' | 'out'): Kept {
    const { logged, owner, stanza } = e
    if (logged === undefined) return undefined
    const { id, undelivered } = logged
    const peer = (direction === 'in' ? e.from : e.to!).bare.full
    // Reckoned from the id, so that times never go back and are found by ids.
    const at = Math.floor(id / 1000)
    const entry = { id, at, peer, direction, archived: true, undelivered, xml: stanza.toString() }
    return owner.keep({ append: entry }, ...this.#archives.beginning(owner)) ?? true
  }

  #isArchived(e: Envelope, other: Jid): boolean {
    return isWorthy(e) && this.#archives.wants(e.owner, other)
  }

  #stamped(e: Envelope, undelivered: boolean): Envelope {
    const { owner } = e
    const id = owner.nextId()
    const stanza = withStanzaId(e.stanza, owner.address, this.#archives.seal(owner).close(id))
    return e.loggedAs({ id, undelivered }, stanza)
  }
}
