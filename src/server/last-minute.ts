import type { Timer, Timers } from '../runtime/runtime.ts'

/** How often is looked, in milliseconds, and how many looks back a minute is. */
const interval = 10_000
const looks = 6

/** How much numbers that only grow have grown in the last minute, on ten seconds exact; costs nothing where they are counted. */
export class LastMinute<Name extends string> {
  readonly #timers: Pick<Timers, 'after' | 'cancel'>
  readonly #read: () => Readonly<Record<Name, number>>
  /** What was read at the last looks, the oldest first. */
  readonly #seen: Readonly<Record<Name, number>>[] = []
  #timer: Timer | undefined

  constructor(timers: Pick<Timers, 'after' | 'cancel'>, read: () => Readonly<Record<Name, number>>) {
    this.#timers = timers
    this.#read = read
  }

  start(): void {
    this.#seen.push(this.#read())
    if (this.#seen.length > looks) this.#seen.shift()
    this.#timer = this.#timers.after(interval, () => this.start())
  }

  stop(): void {
    this.#timers.cancel(this.#timer)
  }

  /** By how much this number has grown; since the start, where that is less than a minute ago. */
  growth(name: Name): number {
    const now = this.#read()
    return now[name] - (this.#seen[0] ?? now)[name]
  }
}
