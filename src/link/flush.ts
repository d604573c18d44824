import type { Timers } from '../runtime/runtime.ts'

/** Something that has been written to and sends it later. */
export interface Flushable {
  flush(): void
}

/** All that was written to in this turn of the loop, flushed together at its end. One list serves all links of a runtime. */
export class FlushList {
  readonly #timers: Timers
  #dirty: Flushable[] = []
  #spare: Flushable[] = []
  readonly #run = () => this.#flush()

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Once a turn for each. */
  add(one: Flushable): void {
    if (this.#dirty.push(one) === 1) this.#timers.turn(this.#run)
  }

  /** One that throws (its reader's fault) does not take the others with it: they are flushed in the next turn. */
  #flush(): void {
    const dirty = this.#dirty
    this.#dirty = this.#spare
    let done = 0
    try {
      while (done < dirty.length) dirty[done++]!.flush()
    } finally {
      while (done < dirty.length) this.add(dirty[done++]!)
      dirty.length = 0
      this.#spare = dirty
    }
  }
}

const lists = new WeakMap<Timers, FlushList>()

/** The one list of these timers. */
export function flushList(timers: Timers): FlushList {
  let list = lists.get(timers)
  if (!list) lists.set(timers, (list = new FlushList(timers)))
  return list
}
