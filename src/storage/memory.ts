import { Commit } from './commit.ts'
import type { Answers, Query, QueryName, Unit } from './driver.ts'
import { MemoryData } from './memory-data.ts'
import type {
  Indexed,
  LogEntry,
  LogRange,
  LogState,
  OpenStorage,
  OwnerId,
  OwnerKind,
  Row,
  Storage,
  Write,
} from './storage.ts'
import { StorageError } from './storage.ts'
import { checkLimit, checkRange, Tables, weighIndexed } from './tables.ts'

/**
 * A store that lasts as long as the process. Writes are applied when they are handed over, so `commit` has nothing to
 * wait for, and `pending` is always 0.
 */
export function openMemory(): OpenStorage {
  return async shapes => new MemoryStorage(new Tables(shapes))
}

class MemoryStorage implements Storage {
  readonly pending = 0
  begun = false
  #depth = 0
  readonly #tables: Tables
  readonly #data: MemoryData
  #closed = false

  constructor(tables: Tables) {
    this.#tables = tables
    this.#data = new MemoryData(tables)
  }

  commit(owner: OwnerId, writes: readonly Write[]): Promise<void> | undefined {
    return this.keep(owner, writes)?.promise()
  }

  keep(owner: OwnerId, writes: readonly Write[]): Commit | undefined {
    try {
      this.#tables.weigh(writes)
      this.#apply({ unit: 'commit', parts: [{ owner, writes }] })
      this.begun = this.#depth > 0
      return undefined
    } catch (error) {
      return Commit.failed(error)
    }
  }

  begin(): void {
    this.#depth++
  }

  end(): void {
    if (--this.#depth === 0) this.begun = false
  }

  mark(owner: OwnerId, _name: string, write: Write): void {
    if (this.#closed) return
    this.#tables.weigh([write])
    this.#apply({ unit: 'commit', parts: [{ owner, writes: [write] }] })
  }

  async create(address: string, kind: OwnerKind, writes: readonly Write[] = []): Promise<OwnerId> {
    this.#tables.weigh(writes)
    return this.#apply({ unit: 'create', address, kind, writes })
  }

  async remove(owner: OwnerId, at: number): Promise<void> {
    this.#apply({ unit: 'remove', owner, at })
  }

  async find(address: string): Promise<OwnerId | undefined> {
    return this.#read({ query: 'find', address })
  }

  async tombstone(address: string): Promise<number | undefined> {
    return this.#read({ query: 'tombstone', address })
  }

  async owners(host: string, kind: OwnerKind, page: { after?: string; limit: number }): Promise<readonly string[]> {
    const { after, limit } = page
    checkLimit(limit)
    return this.#read({ query: 'owners', host, kind, after, limit })
  }

  async rows(owner: OwnerId, table: string, key: Row = {}): Promise<readonly Row[]> {
    this.#tables.key(table, key)
    return this.#read({ query: 'rows', owner, table, key })
  }

  async log(owner: OwnerId, range: LogRange): Promise<readonly LogEntry[]> {
    checkRange(range)
    return this.#read({ query: 'log', owner, range })
  }

  async logState(owner: OwnerId): Promise<LogState> {
    return this.#read({ query: 'state', owner })
  }

  async logBehind(owner: OwnerId, newer: number): Promise<number | undefined> {
    checkLimit(newer)
    return this.#read({ query: 'behind', owner, newer })
  }

  async index(owner: OwnerId, to: number, entries: readonly Indexed[]): Promise<void> {
    weighIndexed(to, entries)
    this.#apply({ unit: 'index', owner, to, entries })
  }

  async indexed(owner: OwnerId): Promise<number> {
    return this.#read({ query: 'indexed', owner })
  }

  async close(): Promise<void> {
    this.#closed = true
  }

  #apply(unit: Unit): OwnerId {
    this.#open()
    return this.#data.apply(unit)
  }

  #read<N extends QueryName>(query: Query<N>): Answers[N] {
    this.#open()
    return this.#data.read(query)
  }

  #open(): void {
    if (this.#closed) throw new StorageError('The store is closed.')
  }
}
