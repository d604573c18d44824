import type { Clock, Timer, Timers } from './runtime.ts'

interface Entry {
  readonly due: number
  readonly fn: () => void
  cancelled: boolean
}

/** More turns or timers than any test needs: something goes round in circles. */
const restless = 1_000_000

/** A clock that stands still until it is told to go, with its timers and turns. Waiting work of others is waited for in order. */
export class VirtualTime implements Clock, Timers {
  readonly #start: number
  #elapsed = 0
  /** Sorted by when they are due; equal ones in the order in which they were asked for. */
  readonly #entries: Entry[] = []
  #turns: (() => void)[] = []
  readonly #outside: (() => Promise<void>)[] = []

  /** `start`: what the wall clock shows at first, in milliseconds since 1970. */
  constructor(start: number) {
    this.#start = start
  }

  now(): number {
    return this.#start + this.#elapsed
  }

  elapsed(): number {
    return this.#elapsed
  }

  after(milliseconds: number, fn: () => void): Timer {
    const entry: Entry = { due: this.#elapsed + Math.max(0, milliseconds), fn, cancelled: false }
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#entries[middle]!.due <= entry.due) low = middle + 1
      else high = middle
    }
    this.#entries.splice(low, 0, entry)
    return entry as unknown as Timer
  }

  cancel(timer: Timer | undefined): void {
    if (timer !== undefined) (timer as unknown as Entry).cancelled = true
  }

  turn(fn: () => void): void {
    this.#turns.push(fn)
  }

  /**
   * A promise whose outcome `settle` waits for, although it comes from outside (a hash in another thread): outcomes are
   * handed over in the order in which they were asked for, whichever is ready first.
   */
  track<T>(promise: Promise<T>): Promise<T> {
    promise.catch(() => {})
    return new Promise((resolve, reject) => {
      this.#outside.push(() => promise.then(resolve, reject))
    })
  }

  /** Runs all turns, and all that waits for promises, until nothing moves. The clock stands still. */
  async settle(): Promise<void> {
    for (let count = 0; count < restless; count++) {
      await microtasks()
      const outcome = this.#outside.shift()
      if (outcome) {
        await outcome()
        continue
      }
      if (this.#turns.length === 0) return
      this.#runTurns()
    }
    throw new Error('The simulation does not come to rest: turn follows turn.')
  }

  /** Lets so many milliseconds pass; what becomes due runs at its time. */
  async advance(milliseconds: number): Promise<void> {
    const until = this.#elapsed + milliseconds
    await this.settle()
    while (await this.#next(until));
    this.#elapsed = until
  }

  /** Lets time pass until there is neither a turn nor a timer. For what has a heartbeat, use `until`. */
  async run(): Promise<void> {
    await this.settle()
    for (let count = 0; await this.#next(Number.POSITIVE_INFINITY); count++)
      if (count > restless) throw new Error('The simulation does not come to rest: timer follows timer.')
  }

  /** Lets time pass until this is so. Throws where it is not within so many milliseconds. */
  async until(condition: () => boolean, within = 60_000): Promise<void> {
    const limit = this.#elapsed + within
    await this.settle()
    while (!condition())
      if (!(await this.#next(limit))) throw new Error(`It did not happen within ${within} ms of virtual time.`)
  }

  /** Runs the next timer that is due by then, and what follows from it. */
  async #next(until: number): Promise<boolean> {
    while (this.#entries[0]?.cancelled) this.#entries.shift()
    const entry = this.#entries[0]
    if (!entry || entry.due > until) return false
    this.#entries.shift()
    this.#elapsed = entry.due
    entry.fn()
    await this.settle()
    return true
  }

  #runTurns(): void {
    const turns = this.#turns
    this.#turns = []
    let done = 0
    try {
      while (done < turns.length) turns[done++]!()
    } finally {
      this.#turns.unshift(...turns.slice(done))
    }
  }
}

/** Everything that is ready to go on goes on: an immediate comes only when no microtask is left. */
function microtasks(): Promise<void> {
  return new Promise(resolve => setImmediate(resolve))
}
