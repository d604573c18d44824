import type { Outbox } from './outbox.ts'

/** XEP-0198 §4: counters are unsigned and have 32 bits. */
const wrap = 2 ** 32

/**
 * Stream management of one session (XEP-0198): from `<enable/>` on both sides count what they send and what they have
 * handled. Here is the arithmetic; elements are the feature's, and what waits is in the session's outbox.
 */
export class Management {
  /** The name by which the client resumes it: unguessable. */
  readonly id: string
  /** How long it is kept for a client that is not connected, in milliseconds; 0 where it cannot be resumed. */
  readonly resumable: number
  readonly #outbox: Outbox<unknown>
  /** How many stanzas had been received when counting began. */
  readonly #before: number
  /** Whether the client was asked for its count, and has not answered. */
  asked = false
  /** Whether the client wants to know as soon as more of what it sent is handled. */
  owed = false

  constructor(id: string, resumable: number, outbox: Outbox<unknown>, received: number) {
    this.id = id
    this.resumable = resumable
    this.#outbox = outbox
    this.#before = received
  }

  /** The `h` to tell: stanzas handled since counting began. `handled` counts since the session began. */
  told(handled: number): number {
    return Math.max(0, handled - this.#before) % wrap
  }

  /**
   * The client says that it has handled `h` stanzas. False where that is more than it was sent; one that says less than
   * before changes nothing.
   */
  acknowledge(h: number): boolean {
    const { acknowledged, length } = this.#outbox
    const fresh = (h - (acknowledged % wrap) + wrap) % wrap
    if (fresh > length) return fresh > wrap / 2
    this.#outbox.acknowledge(acknowledged + fresh)
    return true
  }

  /** How many stanzas were sent, as the client counts them. */
  get sent(): number {
    return this.#outbox.sent % wrap
  }
}

/** Stream management as a session needs it: the arithmetic, and the elements in which it is told. */
export interface Managed {
  readonly counts: Management
  /** `<r/>` */
  readonly request: string
  /** `<a/>` with this `h`. */
  answer(h: number): string
  /** Nobody may resume the session any more: it is over. */
  expire(): void
  /** Keeps the count with what is being committed now, for a client that asks after a crash. */
  keep(h: number): void
  /** Resolves when that is durable, or cannot be. */
  kept(): Promise<void> | undefined
}
