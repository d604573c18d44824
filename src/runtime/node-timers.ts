import type { Clock, Timer, Timers } from './runtime.ts'

export const nodeClock: Clock = { now: Date.now, elapsed: () => performance.now() }

/** The longest delay that Node keeps; a longer one would fire at once. */
const longest = 2 ** 31 - 1

/** A delay of more than 24 days, waited for in parts. */
class LongTimer {
  handle: NodeJS.Timeout
  #left: number
  readonly #fn: () => void

  constructor(milliseconds: number, fn: () => void) {
    this.#left = milliseconds - longest
    this.#fn = fn
    this.handle = setTimeout(wake, longest, this).unref()
  }

  next(): void {
    if (this.#left <= 0) {
      this.#fn()
      return
    }
    const part = Math.min(this.#left, longest)
    this.#left -= part
    this.handle = setTimeout(wake, part, this).unref()
  }
}

function wake(timer: LongTimer): void {
  timer.next()
}

/** Timers that do not keep the process alive, and the turns of the loop: one immediate a turn, however many ask. */
export class NodeTimers implements Timers {
  #turns: (() => void)[] = []
  #spare: (() => void)[] = []
  readonly #run = () => this.#flush()

  after(milliseconds: number, fn: () => void): Timer {
    const timer = milliseconds > longest ? new LongTimer(milliseconds, fn) : setTimeout(fn, milliseconds).unref()
    return timer as unknown as Timer
  }

  cancel(timer: Timer | undefined): void {
    if (timer === undefined) return
    const known = timer as unknown as LongTimer | NodeJS.Timeout
    clearTimeout(known instanceof LongTimer ? known.handle : known)
  }

  turn(fn: () => void): void {
    if (this.#turns.push(fn) === 1) setImmediate(this.#run)
  }

  /** What is asked for meanwhile belongs to the next turn. One that throws does not take the others with it. */
  #flush(): void {
    const turns = this.#turns
    this.#turns = this.#spare
    let done = 0
    try {
      while (done < turns.length) turns[done++]!()
    } finally {
      if (done < turns.length) {
        if (this.#turns.length === 0) setImmediate(this.#run)
        this.#turns.unshift(...turns.slice(done))
      }
      turns.length = 0
      this.#spare = turns
    }
  }
}
