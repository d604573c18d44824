import type { Envelope } from '../../server/envelope.ts'
import type { Session } from '../../server/session.ts'
import { slot } from '../../server/slot.ts'
import type { Element } from '../../wire/element.ts'
import { bool } from '../../wire/kinds.ts'
import { type Unimportant, unimportant } from './unimportant.ts'

/** §5.2: a stream begins active, a resumed one too. */
const inactive = slot(bool, false, { lives: 'stream' })

/** What a stanza costs besides its content, in characters. */
const overhead = 256

/** What waits, and how much: read whenever it counts. */
export interface Limits {
  readonly waits: readonly Unimportant['kind'][]
  /** Characters of XML that may wait for one session. */
  readonly waiting: number
}

interface Kept {
  readonly stanza: Element
  readonly envelope: Envelope | undefined
}

/** What waits for one session, in the order in which it will go. */
interface Shelf {
  readonly kept: Map<string | number, Kept>
  length: number
  /** Numbers those that take nobody's place. */
  count: number
  releasing: boolean
}

/** What waits until its client is active again, or until something comes that cannot wait (XEP-0352 §3.2). */
export class Waiting {
  readonly #limits: Limits
  readonly #shelves = new WeakMap<Session, Shelf>()

  constructor(limits: Limits) {
    this.#limits = limits
  }

  inactive(session: Session): void {
    session.set(inactive, true)
    if (this.#shelves.has(session)) return
    this.#shelves.set(session, { kept: new Map(), length: 0, count: 0, releasing: false })
    session.holding++
  }

  /** §5.1: when this returns, everything is on its way. */
  active(session: Session): void {
    session.set(inactive, false)
    const shelf = this.#shelves.get(session)
    if (shelf === undefined) return
    this.#shelves.delete(session)
    session.holding--
    this.#release(session, shelf)
  }

  /** Whether a stanza waits. What cannot takes with it all that came before (RFC 6120 §10.1). */
  holds(session: Session, stanza: Element, envelope: Envelope | undefined): boolean {
    const shelf = this.#shelves.get(session)
    if (shelf === undefined || shelf.releasing) return false
    if (!session.get(inactive)) {
      this.active(session)
      return false
    }
    const found = unimportant(session, stanza, envelope)
    const waits = found !== undefined && this.#limits.waits.includes(found.kind)
    if (waits) this.#keep(shelf, found.replaces ?? shelf.count++, { stanza, envelope })
    if (!waits || shelf.length > this.#limits.waiting) this.#release(session, shelf)
    return waits
  }

  #keep(shelf: Shelf, name: string | number, kept: Kept): void {
    const before = shelf.kept.get(name)
    if (before !== undefined) shelf.length -= lengthOf(before)
    // Behind the others: the latest of one sender comes where it came.
    shelf.kept.delete(name)
    shelf.kept.set(name, kept)
    shelf.length += lengthOf(kept)
  }

  #release(session: Session, shelf: Shelf): void {
    const kept = [...shelf.kept.values()]
    shelf.kept.clear()
    shelf.length = 0
    shelf.releasing = true
    for (const { stanza, envelope } of kept) session.deliver(stanza, envelope)
    shelf.releasing = false
  }
}

function lengthOf({ stanza }: Kept): number {
  return stanza.inner.length + overhead
}
