import { Commit, stray, type Watcher } from '../storage/commit.ts'

/** What keeping something hands back: nothing when that is done, or a promise of when it will be durable. */
export type Receipt = Promise<void> | undefined

/** The same of a stanza on its way, which may have several steps to go. */
export type Passage = Receipt | Commit | Flight

/** What a step may wait for. */
export type Pending = Promise<unknown> | Commit | Flight | undefined

/** One step in its place. */
class Turn implements Watcher {
  settled = false
  error: unknown
  readonly blocks: boolean
  readonly next: () => Passage
  /** Told how it ended, with an error where it failed. */
  readonly end: (error: unknown) => void
  readonly #turns: Turns

  constructor(turns: Turns, next: () => Passage, end: (error: unknown) => void, blocks: boolean) {
    this.#turns = turns
    this.next = next
    this.end = end
    this.blocks = blocks
  }

  kept(): void {
    this.settled = true
    this.#turns.run()
  }

  failed(error: unknown): void {
    this.error ??= error ?? new Error('A step was refused without a reason.')
    this.kept()
  }
}

/** Never filled. */
const none: Turn[] = []

/**
 * Turns of one owner or one session: what must be waited for starts at once and overlaps, what follows it happens in
 * the order in which it was queued. While nothing waits, callers see `idle` and go on without queueing anything.
 */
export class Turns {
  /** Made when something first waits; nothing ever does for most. */
  #queue = none
  #head = 0
  #waiting = 0
  #running = false
  #blocking = 0

  /** Whether nothing waits: then the next step may be taken directly. */
  get idle(): boolean {
    return this.#waiting === 0 && !this.#running
  }

  /** How many steps wait. */
  get length(): number {
    return this.#waiting
  }

  /** How many steps wait that block: while there is one, what comes now may not even begin. */
  get blocking(): number {
    return this.#blocking
  }

  /** As `queue`, with a promise that settles as the step ends. */
  after(pending: Pending, next: () => Passage): Promise<void> {
    return new Promise<void>((done, failed) => {
      this.queue(pending, next, error => (error === undefined ? done() : failed(error)))
    })
  }

  /** Resolves when nothing waits any more, not even what was queued meanwhile. */
  async through(): Promise<void> {
    while (!this.idle) await this.after(undefined, nothing)
  }

  /**
   * Takes the step `next` when `pending` has settled and everything queued before was taken. `end` is told when what
   * `next` hands on has settled, or with what `pending` or `next` failed with; then `next` may not have been taken.
   * Until one that `blocks` is taken, callers begin nothing that could overtake it (see `blocking`).
   */
  queue(pending: Pending, next: () => Passage, end: (error: unknown) => void, blocks = false): void {
    const turn = new Turn(this, next, end, blocks)
    if (this.#queue === none) this.#queue = []
    this.#queue.push(turn)
    this.#waiting++
    if (blocks) this.#blocking++
    if (pending === undefined) turn.kept()
    else watch(pending, turn)
  }

  /** Takes what may be taken now: for turns whose wait is over. */
  run(): void {
    if (this.#running) return
    this.#running = true
    for (let turn = this.#queue[this.#head]; turn?.settled; turn = this.#queue[this.#head]) {
      this.#head++
      this.#waiting--
      this.#take(turn)
    }
    if (this.#head === this.#queue.length) {
      // emptied in place: where lists come and go, V8 soon makes them old at birth
      if (this.#head > 0) this.#queue.length = 0
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
      end(turn, turn.error)
      return
    }
    let receipt: Passage
    try {
      receipt = turn.next()
    } catch (error) {
      end(turn, error)
      return
    }
    if (receipt === undefined) end(turn, undefined)
    else watch(receipt, { kept: () => turn.end(undefined), failed: turn.end })
  }
}

/** What is told how it ended may throw (a bug): the other turns are taken all the same. */
function end(turn: Turn, error: unknown): void {
  try {
    turn.end(error)
  } catch (thrown) {
    stray(thrown)
  }
}

/** Something under way in several steps: it is through when each of them has ended, and has no failures left then. */
export class Flight {
  #steps: number
  #watcher: Watcher | undefined

  constructor(steps: number) {
    this.#steps = steps
  }

  /** One more step has ended. */
  land(): void {
    if (--this.#steps === 0) this.#watcher?.kept()
  }

  /** One more step ends with this. */
  with(passage: Passage): void {
    if (passage === this) return
    if (passage === undefined) {
      this.land()
      return
    }
    const kept = () => this.land()
    watch(passage, { kept, failed: kept })
  }

  watch(watcher: Watcher): void {
    if (this.#steps === 0) queueMicrotask(() => watcher.kept())
    else if (this.#watcher === undefined) this.#watcher = watcher
    else {
      const first = this.#watcher
      const kept = () => {
        first.kept()
        watcher.kept()
      }
      this.#watcher = { kept, failed: kept }
    }
  }
}

function watch(pending: Promise<unknown> | Commit | Flight, watcher: Watcher): void {
  if (pending instanceof Flight || pending instanceof Commit) pending.watch(watcher)
  else
    pending.then(
      () => watcher.kept(),
      error => watcher.failed(error),
    )
}

/** A promise of when what is under way is through. */
export function promised(passage: Passage): Receipt {
  if (passage instanceof Commit) return passage.promise()
  return passage instanceof Flight ? new Promise(kept => passage.watch({ kept, failed: kept })) : passage
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

function nothing(): undefined {}
