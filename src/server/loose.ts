import type { Session } from './session.ts'

/** What counts of a session. */
export type Counting = Pick<Session, 'managed' | 'received' | 'turns'>

/**
 * Requests of one session that are done in their own time: nobody else sees what they keep, or when. The count of what was
 * handled (XEP-0198) passes none of them before the count itself is on the disk, so that it is exact after a crash.
 */
export class Loose {
  /** How many stanzas had come with each that does not count yet, the oldest first. */
  readonly #places = new Set<number>()
  /** How many of them are not through: the last ones. */
  #open = 0
  /** Resolves when all that is through by now counts. */
  counted: Promise<void> | undefined

  /** A request begins: the stanza that came last. */
  begin(place: number): void {
    this.#places.add(place)
    this.#open++
  }

  /** So many stanzas may count as handled. */
  get limit(): number {
    for (const place of this.#places) return place - 1
    return Number.POSITIVE_INFINITY
  }

  /** Whether one is not through: then the count cannot be kept now; it is when that is. */
  get open(): boolean {
    return this.#open > 0
  }

  /** The oldest that was not through is, well or not. Resolves when it counts: when the count behind it is on the disk. */
  through(session: Counting, place: number): Promise<void> {
    this.#open--
    const counted = this.#count(session, place)
    // The count of an earlier one may be on the disk later.
    this.counted = Promise.all([this.counted, counted]).then(nothing)
    return counted
  }

  async #count({ managed, received, turns }: Counting, place: number): Promise<void> {
    if (managed !== undefined) {
      let next = Number.POSITIVE_INFINITY
      for (const other of this.#places) if (other > place && other < next) next = other
      managed.keep(managed.counts.told(Math.min(received - turns.blocking, next - 1)))
      await managed.kept()
    }
    this.#places.delete(place)
  }
}

function nothing(): void {}
