import type { Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'

/** Sessions of one account that are remembered after their end. */
const remembered = 20

/**
 * How much was handled of sessions that are over: a client that comes too late learns what it need not send again
 * (XEP-0198 §5).
 */
export class Ended {
  readonly #sessions = new WeakMap<Owner, Map<string, Session>>()

  /** Keeps in mind a session that has begun; the oldest of its account is forgotten for it. */
  follow(session: Session, id: string): void {
    const known = this.#sessions.get(session.owner) ?? new Map<string, Session>()
    this.#sessions.set(session.owner, known)
    known.set(id, session)
    if (known.size > remembered) known.delete(known.keys().next().value!)
  }

  /** Names and counts of those sessions of an account that are over. */
  *of(owner: Owner): Iterable<readonly [id: string, h: number]> {
    for (const [id, session] of this.#sessions.get(owner) ?? [])
      if (session.ended) yield [id, session.managed!.counts.told(session.handled)]
  }

  /** The `h` of a session of this account, once all that it sent is handled; undefined where nothing is known of it. */
  async handled(owner: Owner, id: string): Promise<number | undefined> {
    const session = this.#sessions.get(owner)?.get(id)
    await session?.settled()
    return session?.managed?.counts.told(session.handled)
  }
}
