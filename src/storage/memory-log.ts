import { conflict } from './driver.ts'
import type { LogEntry, LogRange, LogState, Write } from './storage.ts'

/** One owner's log and its cursors, in memory. */
export class MemoryLog {
  /** In the order of their ids. */
  readonly #entries: LogEntry[] = []
  /** Ids of the entries that are not archived, in order: those that go when every cursor has passed them. */
  #passing: number[] = []
  readonly #cursors = new Map<string, number>()
  #last = 0

  /** Throws StorageError where the entries among these writes do not go on from the last. */
  check(writes: readonly Write[]): void {
    let last = this.#last
    for (const write of writes) {
      if (write.write !== 'append') continue
      if (write.entry.id <= last) throw conflict(write.entry.id, last)
      last = write.entry.id
    }
  }

  append({ id, at, peer, direction, archived, undelivered, xml }: LogEntry): void {
    this.#entries.push({ id, at, peer, direction, archived, undelivered, xml })
    if (!archived) this.#passing.push(id)
    this.#last = id
  }

  move(cursor: string, to: number): void {
    this.#cursors.set(cursor, Math.max(this.#cursors.get(cursor) ?? 0, to))
    this.#tidy()
  }

  forget(cursor: string): void {
    this.#cursors.delete(cursor)
    this.#tidy()
  }

  read({
    after = 0,
    before = Number.POSITIVE_INFINITY,
    limit,
    last,
    peer,
    archived,
    undelivered,
  }: LogRange): readonly LogEntry[] {
    const entries: LogEntry[] = []
    const step = last ? -1 : 1
    for (let at = last ? this.#place(before) - 1 : this.#place(after + 1); entries.length < limit; at += step) {
      const entry = this.#entries[at]
      if (entry === undefined || entry.id <= after || entry.id >= before) break
      if (peer !== undefined && entry.peer !== peer) continue
      if (archived !== undefined && entry.archived !== archived) continue
      if (undelivered !== undefined && entry.undelivered !== undelivered) continue
      entries.push(entry)
    }
    return last ? entries.reverse() : entries
  }

  state(): LogState {
    const passed = this.#cursors.size === 0 ? 0 : Math.min(...this.#cursors.values())
    let undelivered = 0
    for (let at = this.#place(passed + 1); at < this.#entries.length; at++)
      if (this.#entries[at]!.undelivered) undelivered++
    return { last: this.#last, cursors: Object.fromEntries(this.#cursors), undelivered }
  }

  #tidy(): void {
    if (this.#cursors.size === 0 || this.#passing.length === 0) return
    const passed = Math.min(...this.#cursors.values())
    const needed = this.#passing.findIndex(id => id > passed)
    const gone = needed < 0 ? this.#passing : this.#passing.slice(0, needed)
    for (const id of gone) this.#entries.splice(this.#place(id), 1)
    this.#passing = needed < 0 ? [] : this.#passing.slice(needed)
  }

  /** Where the first entry stands whose id is at least this. */
  #place(id: number): number {
    let low = 0
    let high = this.#entries.length
    while (low < high) {
      const middle = (low + high) >> 1
      if (this.#entries[middle]!.id < id) low = middle + 1
      else high = middle
    }
    return low
  }
}
