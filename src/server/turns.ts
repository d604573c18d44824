/** What keeping something hands back: nothing when that is done, or a promise of when it will be durable. */
export type Receipt = Promise<void> | undefined

/** The same of a stanza on its way, which may have several steps to go. */
export type Passage = Receipt | Flight

interface Turn {
  settled: boolean
  error: unknown
  readonly blocks: boolean
  readonly next: () => Passage
  /** Told how it ended, with an error where it failed. */
  readonly end: (error: unknown) => void
}

/**
 * Turns of one owner or one session: what must be waited for starts at once and overlaps, what follows it happens in
 * the order in which it was queued. While nothing waits, callers see `idle` and go on without queueing anything.
 */
export class Turns {
  readonly #queue: Turn[] = []
  #head = 0
  #running = false
  #blocking = 0

  /** Whether nothing waits: then the next step may be taken directly. */
  get idle(): boolean {
    return this.#queue.length === 0 && !this.#running
  }

  /** How many steps wait. */
  get length(): number {
    return this.#queue.length - this.#head
  }

  /** Whether a step waits that `blocks`: what comes now may not even begin before it. */
  get blocked(): boolean {
    return this.#blocking > 0
  }

  /** As `queue`, with a promise that settles as the step ends. */
  after(pending: Promise<unknown> | undefined, next: () => Passage): Promise<void> {
    return new Promise<void>((done, failed) => {
      this.queue(pending, next, error => (error === undefined ? done() : failed(error)))
    })
  }

  /**
   * Takes the step `next` when `pending` has settled and everything queued before was taken. `end` is told when what
   * `next` hands on has settled, or with what `pending` or `next` failed with; then `next` may not have been taken.
   * Until one that `blocks` is taken, callers begin nothing that could overtake it (see `blocked`).
   */
  queue(
    pending: Promise<unknown> | Flight | undefined,
    next: () => Passage,
    end: (error: unknown) => void,
    blocks = false,
  ): void {
    const turn: Turn = { settled: pending === undefined, error: undefined, blocks, next, end }
    this.#queue.push(turn)
    if (blocks) this.#blocking++
    if (pending === undefined) {
      this.#run()
      return
    }
    pending.then(
      () => {
        turn.settled = true
        this.#run()
      },
      (error: unknown) => {
        turn.settled = true
        turn.error = error ?? new Error('A step was refused without a reason.')
        this.#run()
      },
    )
  }

  /** Fails all that waits: what it was reckoned on is no longer true. */
  fail(error: unknown): void {
    for (const turn of this.#queue) turn.error ??= error
  }

  #run(): void {
    if (this.#running) return
    this.#running = true
    for (let turn = this.#queue[this.#head]; turn?.settled; turn = this.#queue[this.#head]) {
      this.#head++
      this.#take(turn)
    }
    if (this.#head === this.#queue.length) {
      this.#queue.length = 0
      this.#head = 0
    } else if (this.#head > 1024) {
      this.#queue.splice(0, this.#head)
      this.#head = 0
    }
    this.#running = false
  }

  #take(turn: Turn): void {
    if (turn.blocks) this.#blocking--
    if (turn.error !== undefined) {
      turn.end(turn.error)
      return
    }
    let receipt: Passage
    try {
      receipt = turn.next()
    } catch (error) {
      turn.end(error)
      return
    }
    if (receipt === undefined) turn.end(undefined)
    else receipt.then(() => turn.end(undefined), turn.end)
  }
}

/** Something under way in several steps: it settles, well, when each of them has ended. A receipt without a promise. */
export class Flight {
  #steps: number
  #done: (() => void) | undefined

  constructor(steps: number) {
    this.#steps = steps
  }

  /** One more step has ended. */
  land(): void {
    if (--this.#steps === 0) this.#done?.()
  }

  /** One more step ends with this. */
  with(passage: Passage): void {
    if (passage === this) return
    if (passage === undefined) {
      this.land()
      return
    }
    const land = () => this.land()
    passage.then(land, land)
  }

  /** Tells when it has landed; it has no failures left then. */
  // biome-ignore lint/suspicious/noThenProperty: it is awaited like a promise, and is none because one costs more
  then(done: () => void, _failed?: (error: unknown) => void): void {
    if (this.#steps === 0) queueMicrotask(done)
    else if (this.#done === undefined) this.#done = done
    else {
      const first = this.#done
      this.#done = () => {
        first()
        done()
      }
    }
  }
}

/** A promise of when what is under way has landed. */
export function promised(passage: Passage): Receipt {
  return passage instanceof Flight ? new Promise(done => passage.then(done)) : passage
}

/** One receipt for two. */
export function both(one: Receipt, other: Receipt): Receipt
export function both(one: Passage, other: Passage): Passage
export function both(one: Passage, other: Passage): Passage {
  if (one === undefined) return other
  if (other === undefined) return one
  return Promise.all([promised(one), promised(other)]).then(nothing)
}

/** Takes the step when the receipt has settled well: at once where there is nothing to wait for. */
export function afterwards(receipt: Receipt, step: () => void): Receipt {
  if (receipt !== undefined) return receipt.then(step)
  step()
  return undefined
}

function nothing(): void {}
