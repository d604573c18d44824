/** What a step hands on: nothing when all is done, or a promise of when what must be durable is. */
export type Receipt = Promise<void> | undefined

interface Turn {
  settled: boolean
  error: unknown
  readonly blocks: boolean
  readonly next: () => Receipt
  readonly done: () => void
  readonly failed: (error: unknown) => void
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

  /**
   * Takes the step `next` when `pending` has settled and everything queued before was taken. The receipt settles with
   * what `next` hands on, and rejects with what `pending` or `next` failed with; then `next` may not have been taken.
   * Until one that `blocks` is taken, callers begin nothing that could overtake it (see `blocked`).
   */
  after(pending: Promise<unknown> | undefined, next: () => Receipt, blocks = false): Promise<void> {
    return new Promise<void>((done, failed) => {
      const turn: Turn = { settled: pending === undefined, error: undefined, blocks, next, done, failed }
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
        error => {
          turn.settled = true
          turn.error = error ?? new Error('A step was refused without a reason.')
          this.#run()
        },
      )
    })
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
      turn.failed(turn.error)
      return
    }
    try {
      const receipt = turn.next()
      if (receipt === undefined) turn.done()
      else receipt.then(turn.done, turn.failed)
    } catch (error) {
      turn.failed(error)
    }
  }
}

/** One receipt for two. */
export function both(one: Receipt, other: Receipt): Receipt {
  if (one === undefined) return other
  if (other === undefined) return one
  return Promise.all([one, other]).then(nothing)
}

/** Takes the step when the receipt has settled well: at once where there is nothing to wait for. */
export function afterwards(receipt: Receipt, step: () => void): Receipt {
  if (receipt !== undefined) return receipt.then(step)
  step()
  return undefined
}

function nothing(): void {}
