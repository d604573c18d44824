import type { Timer, Timers } from '../runtime/runtime.ts'
import { Batch, type Waiting } from './batch.ts'
import { Commit } from './commit.ts'
import type { Answers, Driver, Outcome, Part, Query, QueryName, Unit } from './driver.ts'
import { behindFailed } from './driver.ts'
import type { Indexed, LogEntry, LogRange, LogState, OwnerId, OwnerKind, Row, Storage, Write } from './storage.ts'
import { StorageError } from './storage.ts'
import type { Tables } from './tables.ts'
import { checkLimit, checkRange, weighIndexed } from './tables.ts'

export interface GroupOptions {
  readonly turn: Timers['turn']
  /** For what may wait a while for others; without it nothing does. */
  readonly after?: Timers['after']
  /** More bytes than this are not taken: writes fail until the driver has caught up. 256 MiB if not given. */
  readonly pendingBytes?: number
  /** A batch is full when it has so many bytes; 4 MiB if not given. */
  readonly batchBytes?: number
}

/**
 * Group commit above any driver. The units of a moment go to the driver as one batch; while one is being applied the
 * next collects, so batches grow with the load. A batch begins at the end of the turn in which its first unit came.
 */
export class Group implements Storage {
  readonly #driver: Driver
  readonly #tables: Tables
  readonly #options: GroupOptions & { readonly pendingBytes: number; readonly batchBytes: number }
  /** Batches in order. The first is being applied where `#applying` says so; units are added to the last. */
  readonly #batches: Batch[] = []
  #applying = false
  #scheduled = false
  /** Until when what is patient waits. */
  #patience: Timer | undefined
  #pending = 0
  /** How many `begin`s have not had their `end`. */
  #depth = 0
  /** What was committed since `begin`, the receipt of it all, and the batch that it is in. */
  #together: { readonly parts: Part[]; readonly commit: Commit; readonly batch: Batch } | undefined
  #closed: Promise<void> | undefined

  constructor(driver: Driver, tables: Tables, options: GroupOptions) {
    this.#driver = driver
    this.#tables = tables
    this.#options = { pendingBytes: 256 << 20, batchBytes: 4 << 20, ...options }
  }

  get pending(): number {
    return this.#pending
  }

  commit(owner: OwnerId, writes: readonly Write[]): Promise<void> {
    return this.keep(owner, writes).promise()
  }

  keep(owner: OwnerId, writes: readonly Write[]): Commit {
    if (this.#together !== undefined) return this.#add(this.#together, owner, writes)
    const parts = [{ owner, writes }]
    const commit = new Commit()
    if (this.#take({ unit: 'commit', parts }, writes, commit) && this.#depth > 0)
      this.#together = { parts, commit, batch: this.#batches.at(-1)! }
    return commit
  }

  begin(): void {
    this.#depth++
  }

  end(): void {
    if (--this.#depth === 0) this.#together = undefined
  }

  get begun(): boolean {
    return this.#together !== undefined
  }

  mark(owner: OwnerId, name: string, write: Write, patience = 0): void {
    if (this.#closed) return
    this.#tables.weigh([write])
    const batch = this.#together === undefined ? this.#open() : this.#together.batch
    batch.mark(owner, name, write)
    if (patience === 0 || this.#options.after === undefined) this.#schedule(batch)
    else if (!batch.due) this.#patience ??= this.#options.after(patience, this.#hurry)
  }

  create(address: string, kind: OwnerKind, writes: readonly Write[] = []): Promise<OwnerId> {
    return new Promise((kept, failed) => {
      this.#take({ unit: 'create', address, kind, writes }, writes, { bytes: 0, kept, failed })
    })
  }

  remove(owner: OwnerId, at: number): Promise<void> {
    return new Promise((resolve, failed) => {
      this.#take({ unit: 'remove', owner, at }, [], { bytes: 0, kept: () => resolve(), failed })
    })
  }

  find(address: string): Promise<OwnerId | undefined> {
    return this.#read({ query: 'find', address }, this.#batchOfOwners())
  }

  tombstone(address: string): Promise<number | undefined> {
    return this.#read({ query: 'tombstone', address }, this.#batchOfOwners())
  }

  async owners(host: string, kind: OwnerKind, page: { after?: string; limit: number }): Promise<readonly string[]> {
    const { after, limit } = page
    checkLimit(limit)
    return this.#read({ query: 'owners', host, kind, after, limit }, this.#batchOfOwners())
  }

  async rows(owner: OwnerId, table: string, key: Row = {}): Promise<readonly Row[]> {
    this.#tables.key(table, key)
    return this.#read({ query: 'rows', owner, table, key }, this.#batchOf(owner))
  }

  async log(owner: OwnerId, range: LogRange): Promise<readonly LogEntry[]> {
    checkRange(range)
    return this.#read({ query: 'log', owner, range }, this.#batchOf(owner))
  }

  logState(owner: OwnerId): Promise<LogState> {
    return this.#read({ query: 'state', owner }, this.#batchOf(owner))
  }

  async logBehind(owner: OwnerId, newer: number): Promise<number | undefined> {
    checkLimit(newer)
    return this.#read({ query: 'behind', owner, newer }, this.#batchOf(owner))
  }

  index(owner: OwnerId, to: number, entries: readonly Indexed[]): Promise<void> {
    return new Promise((resolve, failed) => {
      this.#take({ unit: 'index', owner, to, entries }, [], { bytes: 0, kept: () => resolve(), failed })
    })
  }

  indexed(owner: OwnerId): Promise<number> {
    return this.#read({ query: 'indexed', owner }, undefined)
  }

  /** Everything that was handed over is applied first. */
  close(): Promise<void> {
    this.#closed ??= (async () => {
      const last = this.#batches.at(-1)
      if (last !== undefined) this.#schedule(last)
      await last?.settled()
      await this.#driver.close()
    })()
    return this.#closed
  }

  /** Whether it is taken; else who waits for it knows why. */
  #take(unit: Unit, writes: readonly Write[], waiting: Waiting): boolean {
    try {
      if (this.#closed) throw new StorageError('The store is closed.')
      const alone = unit.unit === 'index'
      const bytes = 64 + (alone ? weighIndexed(unit.to, unit.entries) : this.#tables.weigh(writes))
      if (this.#pending + bytes > this.#options.pendingBytes) {
        throw new StorageError(`The disk is too slow: ${this.#pending} bytes wait to be written. Try again later.`)
      }
      waiting.bytes = bytes
      this.#pending += bytes
      const batch = this.#open(alone)
      batch.add(unit, waiting)
      this.#schedule(batch)
      return true
    } catch (error) {
      waiting.failed(error)
      return false
    }
  }

  /** Another part of what is kept together. Its batch was not sent since, within one turn. */
  #add(
    { parts, commit, batch }: { parts: Part[]; commit: Commit; batch: Batch },
    owner: OwnerId,
    writes: readonly Write[],
  ): Commit {
    try {
      const bytes = 64 + this.#tables.weigh(writes)
      const place = parts.findIndex(part => part.owner === owner)
      if (place < 0) parts.push({ owner, writes })
      else parts[place] = { owner, writes: [...parts[place]!.writes, ...writes] }
      batch.grown(owner, bytes, commit)
      this.#pending += bytes
      return commit
    } catch (error) {
      return Commit.failed(error)
    }
  }

  /** What was patient has waited long enough. */
  readonly #hurry = (): void => {
    this.#patience = undefined
    const batch = this.#batches.at(-1)
    if (batch !== undefined) this.#schedule(batch)
  }

  #schedule(batch: Batch): void {
    batch.due = true
    if (this.#applying || this.#scheduled) return
    this.#scheduled = true
    this.#options.turn(this.#send)
  }

  /** The batch that takes the next unit: never the one that is being applied. */
  #open(alone = false): Batch {
    const last = this.#batches.at(-1)
    const taken = alone || last?.alone || (this.#applying && this.#batches.length === 1)
    if (last !== undefined && !taken && last.bytes < this.#options.batchBytes) return last
    if (last !== undefined) last.due = true
    const batch = new Batch(alone)
    this.#batches.push(batch)
    return batch
  }

  readonly #send = (): void => {
    this.#scheduled = false
    const batch = this.#batches[0]
    if (batch === undefined || this.#applying || !batch.due) return
    const units = batch.take()
    // Units of a failed owner were taken out: nothing may be left.
    if (units.length === 0) {
      this.#settled(batch)
      return
    }
    this.#applying = true
    this.#driver.apply(units).then(
      outcome => this.#applied(batch, outcome),
      error => this.#failed(batch, error),
    )
  }

  #applied(batch: Batch, { failures, created }: Outcome): void {
    const owners = new Set<OwnerId>()
    for (const place of failures.keys()) {
      for (const owner of batch.ownersAt(place)) owners.add(owner)
    }
    // Whoever is told may hand over more at once: that is not behind what failed.
    this.#failBehind(batch, owners)
    batch.applied(failures, created)
    this.#settled(batch)
  }

  #failed(batch: Batch, error: unknown): void {
    this.#failBehind(batch, new Set(batch.owners))
    batch.failed(error)
    this.#settled(batch)
  }

  /** What waits behind a failed unit of its owner was reckoned on it: it fails too (DESIGN 6). */
  #failBehind(batch: Batch, owners: Set<OwnerId>): void {
    if (owners.size === 0) return
    for (const later of this.#batches) {
      if (later === batch) continue
      // Whoever is told hands over more at once.
      const dropped = later.drop(owners, behindFailed())
      this.#pending -= dropped
    }
  }

  #settled(batch: Batch): void {
    this.#batches.shift()
    this.#applying = false
    this.#pending -= batch.bytes
    batch.letGo()
    this.#send()
  }

  /** The last batch that has writes of this owner. */
  #batchOf(owner: OwnerId): Batch | undefined {
    return this.#batches.findLast(batch => batch.owners.has(owner))
  }

  /** The last batch that makes or removes owners. */
  #batchOfOwners(): Batch | undefined {
    return this.#batches.findLast(batch => batch.changesOwners)
  }

  async #read<N extends QueryName>(query: Query<N>, behind: Batch | undefined): Promise<Answers[N]> {
    if (this.#closed) throw new StorageError('The store is closed.')
    if (behind !== undefined) {
      this.#schedule(behind)
      await behind.settled()
    }
    return this.#driver.read(query)
  }
}
