import { conflict } from './driver.ts'
import type { Indexed, LogEntry, LogRange, LogState, Write } from './storage.ts'
import { legacyCursor } from './storage.ts'

/** One owner's log and its cursors, in memory. */
export class MemoryLog {
  /** In the order of their ids. */
  readonly #entries: LogEntry[] = []
  /** The same entries by peer. */
  readonly #peers = new Map<string, LogEntry[]>()
  /** Ids of the entries that are not archived, in order: those that go when every cursor has passed them. */
  #passing: number[] = []
  readonly #cursors = new Map<string, number>()
  /** What entries are found by. */
  readonly #words = new Map<number, readonly string[]>()
  #indexed = 0
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
    const entry: LogEntry = { id, at, peer, direction, archived, undelivered, xml }
    // To look at one of its characters joins a text that was put together: unjoined it would pin the input that it came from.
    xml.charCodeAt(0)
    this.#entries.push(entry)
    const conversation = this.#peers.get(peer)
    if (conversation === undefined) this.#peers.set(peer, [entry])
    else conversation.push(entry)
    if (!archived) this.#passing.push(id)
    this.#last = id
  }

  mark(id: number): void {
    const entry = this.#entries[place(this.#entries, id)]
    if (entry?.id === id) this.#replace({ ...entry, undelivered: true })
  }

  purge(before: number, limit: number): void {
    const passed = this.#passed()
    for (const entry of this.read({ before, limit, archived: true })) {
      if (!entry.undelivered || entry.id <= passed) this.#remove(entry)
      else {
        this.#words.delete(entry.id)
        this.#replace({ ...entry, archived: false })
        this.#passing.push(entry.id)
      }
    }
    this.#passing.sort((a, b) => a - b)
  }

  move(cursor: string, to: number): void {
    this.#cursors.set(cursor, Math.max(this.#cursors.get(cursor) ?? 0, to))
    this.#tidy()
  }

  forget(cursor: string): void {
    this.#cursors.delete(cursor)
    this.#tidy()
  }

  read(range: LogRange): readonly LogEntry[] {
    const { after = 0, before = Number.POSITIVE_INFINITY, limit, last, peer, archived, undelivered, words } = range
    const all = peer === undefined ? this.#entries : (this.#peers.get(peer) ?? [])
    const entries: LogEntry[] = []
    const step = last ? -1 : 1
    for (let at = last ? place(all, before) - 1 : place(all, after + 1); entries.length < limit; at += step) {
      const entry = all[at]
      if (entry === undefined || entry.id <= after || entry.id >= before) break
      if (archived !== undefined && entry.archived !== archived) continue
      if (undelivered !== undefined && entry.undelivered !== undelivered) continue
      if (words !== undefined && !this.#says(entry.id, words)) continue
      entries.push(entry)
    }
    return last ? entries.reverse() : entries
  }

  state(): LogState {
    let undelivered = 0
    for (let at = place(this.#entries, (this.#cursors.get(legacyCursor) ?? 0) + 1); at < this.#entries.length; at++)
      if (this.#entries[at]!.undelivered) undelivered++
    return { last: this.#last, cursors: Object.fromEntries(this.#cursors), undelivered }
  }

  behind(newer: number): number | undefined {
    const archived = this.#entries.filter(entry => entry.archived)
    return archived[archived.length - 1 - newer]?.id
  }

  index(to: number, entries: readonly Indexed[]): void {
    for (const { id, words } of entries) {
      const entry = this.#entries[place(this.#entries, id)]
      if (id > this.#indexed && entry?.id === id && entry.archived) this.#words.set(id, [...words])
    }
    this.#indexed = Math.max(this.#indexed, to)
  }

  get indexed(): number {
    return this.#indexed
  }

  #says(id: number, asked: readonly string[]): boolean {
    const words = this.#words.get(id)
    if (words === undefined) return false
    return asked.every(one =>
      one.endsWith('*') ? words.some(word => word.startsWith(one.slice(0, -1))) : words.includes(one),
    )
  }

  /** How far every cursor has come; 0 where there is none. */
  #passed(): number {
    return this.#cursors.size === 0 ? 0 : Math.min(...this.#cursors.values())
  }

  #tidy(): void {
    if (this.#cursors.size === 0 || this.#passing.length === 0) return
    const passed = this.#passed()
    const needed = this.#passing.findIndex(id => id > passed)
    const gone = needed < 0 ? this.#passing : this.#passing.slice(0, needed)
    for (const id of gone) this.#remove(this.#entries[place(this.#entries, id)]!)
    this.#passing = needed < 0 ? [] : this.#passing.slice(needed)
  }

  #remove({ id, peer }: LogEntry): void {
    const conversation = this.#peers.get(peer)!
    this.#entries.splice(place(this.#entries, id), 1)
    conversation.splice(place(conversation, id), 1)
    this.#words.delete(id)
    if (conversation.length === 0) this.#peers.delete(peer)
  }

  #replace(entry: LogEntry): void {
    const conversation = this.#peers.get(entry.peer)!
    this.#entries[place(this.#entries, entry.id)] = entry
    conversation[place(conversation, entry.id)] = entry
  }
}

/** Where the first entry stands whose id is at least this. */
function place(entries: readonly LogEntry[], id: number): number {
  let low = 0
  let high = entries.length
  while (low < high) {
    const middle = (low + high) >> 1
    if (entries[middle]!.id < id) low = middle + 1
    else high = middle
  }
  return low
}
