import type { Timers } from '../runtime/runtime.ts'

/** Somebody that bytes may wait for. */
export interface Reader {
  readonly unsent: Share
  /** Ends it at once, so that nothing waits for it any more. */
  shed(): void
}

/** How much may wait, in bytes: for one reader, and for all. */
export interface UnsentLimits {
  readonly unsent: number
  readonly unsentInAll: number
}

interface Surroundings {
  /** As they are in effect now. */
  limits(): UnsentLimits
  readers(): Iterable<Reader>
  /** Told when some were ended: how many, and how many bytes waited in all. */
  relieved(count: number, bytes: number): void
}

/**
 * What waits for readers, in all (DESIGN 6): a thousand that stop reading must not fill the memory, each within its own
 * limit. Where it is too much, those that most waits for are ended until a quarter is free again, so that looking for
 * them costs little for each byte.
 */
export class Unsent {
  /** Bytes that wait now. */
  bytes = 0
  readonly #around: Surroundings
  readonly #timers: Timers
  #planned = false
  readonly #run = () => this.#relieve()

  constructor(timers: Timers, around: Surroundings) {
    this.#timers = timers
    this.#around = around
  }

  /** Bytes that may wait for one reader. */
  get each(): number {
    return this.#around.limits().unsent
  }

  /** So many more bytes wait, or fewer. */
  add(bytes: number): void {
    this.bytes += bytes
    if (bytes <= 0 || this.#planned || this.bytes <= this.#around.limits().unsentInAll) return
    // Not now: somebody is being delivered to.
    this.#planned = true
    this.#timers.turn(this.#run)
  }

  #relieve(): void {
    this.#planned = false
    const most = this.#around.limits().unsentInAll
    const { bytes } = this
    if (bytes <= most) return
    const readers = [...this.#around.readers()].sort((a, b) => b.unsent.bytes - a.unsent.bytes)
    let count = 0
    for (const reader of readers) {
      if (this.bytes <= most * 0.75) break
      reader.shed()
      count++
    }
    this.#around.relieved(count, bytes)
  }
}

/** So many bytes are worth a look at what really waits. */
const muchIs = 16_384

/** What waits for one reader. */
export class Share {
  /** Bytes that it was sent and is not known to have taken. */
  bytes = 0
  readonly #all: Unsent

  constructor(all: Unsent) {
    this.#all = all
  }

  /** How many there may be. */
  get most(): number {
    return this.#all.each
  }

  /** Whether it matters how many really wait. */
  get much(): boolean {
    return this.bytes > muchIs || this.bytes > this.most
  }

  /** So many wait now. */
  set(bytes: number): void {
    if (bytes !== this.bytes) this.add(bytes - this.bytes)
  }

  /** So many more wait. */
  add(bytes: number): void {
    this.#all.add(bytes)
    this.bytes += bytes
  }
}
