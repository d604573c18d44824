import type { Answers, Driver, Outcome, Query, QueryName, Unit } from '../storage/driver.ts'
import { Group } from '../storage/group.ts'
import { MemoryData } from '../storage/memory-data.ts'
import type { OpenStorage, StorageError } from '../storage/storage.ts'
import { Tables } from '../storage/tables.ts'

/** A store in memory below the real group commit, whose disk keeps a batch when the test says so. */
export class SlowStore implements Driver {
  /** Whether batches are kept as soon as they come. */
  quick = true
  /** All batches that were handed over, the last perhaps not kept yet. */
  readonly batches: (readonly Unit[])[] = []
  #data: MemoryData | undefined
  #waiting: { readonly units: readonly Unit[]; readonly answer: PromiseWithResolvers<Outcome> } | undefined

  /** Opens it, again with what is kept where it was open before: what was not kept is lost. */
  readonly open: OpenStorage = async shapes => {
    const tables = new Tables(shapes)
    this.#data ??= new MemoryData(tables)
    this.#waiting = undefined
    return new Group(this, tables, { turn: fn => queueMicrotask(fn) })
  }

  apply(units: readonly Unit[]): Promise<Outcome> {
    this.batches.push(units)
    this.#waiting = { units, answer: Promise.withResolvers<Outcome>() }
    const { promise } = this.#waiting.answer
    if (this.quick) this.keep()
    return promise
  }

  /** Keeps the batch that waits. */
  keep(): void {
    const { units, answer } = this.#take()
    const created = new Map<number, number>()
    for (const [place, unit] of units.entries()) created.set(place, this.#data!.apply(unit))
    answer.resolve({ failures: new Map(), created })
  }

  /** Fails the batch that waits. */
  fail(error: StorageError): void {
    this.#take().answer.reject(error)
  }

  /** Whether a batch waits. */
  get waits(): boolean {
    return this.#waiting !== undefined
  }

  async read<N extends QueryName>(query: Query<N>): Promise<Answers[N]> {
    return this.#data!.read(query)
  }

  async close(): Promise<void> {}

  #take() {
    const waiting = this.#waiting!
    this.#waiting = undefined
    return waiting
  }
}
