import type { Timers } from '../runtime/runtime.ts'

/** Something that has been written to and sends it later. */
export interface Flushable {
  flush(): void
}

/** From so many on, those that are patient wait for more. */
const many = 32

/** How long those wait, in milliseconds. */
const patience = 5

/**
 * All that was written to in this turn of the loop, flushed together at its end. One list serves all links of a runtime.
 * What can wait (presence) does where it is for many: a write costs several times what it takes to make one more copy,
 * and where presence goes to many, more of it mostly follows.
 */
export class FlushList {
  readonly #timers: Timers
  #dirty: Flushable[] = []
  #spare: Flushable[] = []
  #patient: Flushable[] = []
  readonly #run = () => {
    const dirty = this.#dirty
    this.#dirty = this.#spare
    this.#spare = dirty
    this.#flush(dirty)
  }
  readonly #judge = () => {
    if (this.#patient.length < many) this.#runPatient()
    else this.#timers.after(patience, this.#runPatient)
  }
  readonly #runPatient = () => {
    const patient = this.#patient
    this.#patient = []
    this.#flush(patient)
  }

  constructor(timers: Timers) {
    this.#timers = timers
  }

  /** Once a turn for each. */
  add(one: Flushable): void {
    if (this.#dirty.push(one) === 1) this.#timers.turn(this.#run)
  }

  /** One that may wait; what it has is flushed no later than some milliseconds from now. */
  addPatient(one: Flushable): void {
    if (this.#patient.push(one) === 1) this.#timers.turn(this.#judge)
  }

  /** One that throws (its reader's fault) does not take the others with it: they are flushed in the next turn. */
  #flush(list: Flushable[]): void {
    let done = 0
    try {
      while (done < list.length) list[done++]!.flush()
    } finally {
      while (done < list.length) this.add(list[done++]!)
      list.length = 0
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
