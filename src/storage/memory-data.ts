import type { Answers, Part, Query, QueryName, Unit } from './driver.ts'
import { hostOf, noOwner, taken } from './driver.ts'
import { MemoryLog } from './memory-log.ts'
import type { Cell, LogState, OwnerId, OwnerKind, Row, Write } from './storage.ts'
import type { Table, Tables } from './tables.ts'
import { cellAt, compareCells, compareText } from './tables.ts'

interface Owned {
  readonly address: string
  readonly kind: OwnerKind
  readonly log: MemoryLog
  /** Rows of each table by the order of their keys. */
  readonly rows: Map<string, Row[]>
}

/** What a store holds, as plain values: the data of `openMemory`, and of a disk that is only played. */
export class MemoryData {
  readonly #tables: Tables
  readonly #owners = new Map<OwnerId, Owned>()
  readonly #numbers = new Map<string, OwnerId>()
  readonly #tombstones = new Map<string, number>()
  #last: OwnerId = 0

  constructor(tables: Tables) {
    this.#tables = tables
  }

  /**
   * Applies a unit whole, or throws StorageError and changes nothing. Its writes were weighed before. Returns the
   * owner that it has made, or 0.
   */
  apply(unit: Unit): OwnerId {
    if (unit.unit === 'create') return this.#create(unit.address, unit.kind, unit.writes)
    if (unit.unit === 'commit') this.#commit(unit.parts)
    else if (unit.unit === 'index') this.#owned(unit.owner).log.index(unit.to, unit.entries)
    else {
      const { address } = this.#owned(unit.owner)
      this.#owners.delete(unit.owner)
      this.#numbers.delete(address)
      this.#tombstones.set(address, unit.at)
    }
    return 0
  }

  #commit(parts: readonly Part[]): void {
    // The only thing that can still be wrong is looked at first, so that nothing need be undone.
    for (const { owner, writes } of parts) this.#owned(owner).log.check(writes)
    for (const { owner, writes } of parts) this.#write(this.#owned(owner), writes)
  }

  #owned(owner: OwnerId): Owned {
    const owned = this.#owners.get(owner)
    if (owned === undefined) throw noOwner(owner)
    return owned
  }

  /** Answers a query whose names were checked before. */
  read<N extends QueryName>(query: Query<N>): Answers[N] {
    return this.#answer(query) as Answers[N]
  }

  #answer(query: Query): Answers[QueryName] {
    switch (query.query) {
      case 'find':
        return this.#numbers.get(query.address)
      case 'tombstone':
        return this.#tombstones.get(query.address)
      case 'owners':
        return this.#addresses(query)
      case 'rows':
        return this.#rows(query)
      case 'log':
        return this.#owners.get(query.owner)?.log.read(query.range) ?? []
      case 'state':
        return this.#owners.get(query.owner)?.log.state() ?? noLog
      case 'behind':
        return this.#owners.get(query.owner)?.log.behind(query.newer)
      case 'indexed':
        return this.#owners.get(query.owner)?.log.indexed ?? 0
    }
  }

  #create(address: string, kind: OwnerKind, writes: readonly Write[]): OwnerId {
    if (this.#numbers.has(address)) throw taken(address)
    const owned: Owned = { address, kind, log: new MemoryLog(), rows: new Map() }
    owned.log.check(writes)
    this.#write(owned, writes)
    this.#owners.set(++this.#last, owned)
    this.#numbers.set(address, this.#last)
    return this.#last
  }

  #write(owned: Owned, writes: readonly Write[]): void {
    for (const write of writes) {
      if (write.write === 'append') owned.log.append(write.entry)
      else if (write.write === 'cursor') owned.log.move(write.cursor, write.to)
      else if (write.write === 'forget-cursor') owned.log.forget(write.cursor)
      else if (write.write === 'undelivered') owned.log.mark(write.id)
      else if (write.write === 'purge') owned.log.purge(write.before, write.limit)
      else if (write.write === 'put') this.#put(owned, this.#tables.get(write.table), write.row)
      else this.#delete(owned, this.#tables.get(write.table), write.key)
    }
  }

  #put(owned: Owned, table: Table, row: Row): void {
    let rows = owned.rows.get(table.name)
    if (rows === undefined) owned.rows.set(table.name, (rows = []))
    const kept = Object.fromEntries(table.names.map((name, place) => [name, copy(cellAt(table, row, place))]))
    const key = table.key.map(name => kept[name]!)
    const place = seek(rows, table, key, false)
    rows.splice(place, seek(rows, table, key, true) - place, kept)
  }

  #delete(owned: Owned, table: Table, prefix: Row): void {
    const rows = owned.rows.get(table.name)
    if (rows === undefined) return
    const key = this.#tables.key(table.name, prefix)
    const place = seek(rows, table, key, false)
    rows.splice(place, seek(rows, table, key, true) - place)
  }

  #rows(query: Query<'rows'>): readonly Row[] {
    const rows = this.#owners.get(query.owner)?.rows.get(query.table)
    if (rows === undefined) return []
    const table = this.#tables.get(query.table)
    const key = this.#tables.key(query.table, query.key)
    return rows.slice(seek(rows, table, key, false), seek(rows, table, key, true))
  }

  #addresses({ host, kind, after, limit }: Query<'owners'>): readonly string[] {
    const addresses: string[] = []
    for (const owned of this.#owners.values()) {
      if (owned.kind !== kind || hostOf(owned.address) !== host) continue
      if (after === undefined || compareText(owned.address, after) > 0) addresses.push(owned.address)
    }
    return addresses.sort(compareText).slice(0, limit)
  }
}

const noLog: LogState = { last: 0, cursors: {}, undelivered: 0 }

/** Bytes are the only cells that could be changed later by whoever handed them over. */
function copy(cell: Cell): Cell {
  return cell instanceof Uint8Array ? new Uint8Array(cell) : cell
}

/** Where the rows whose keys start with `key` begin, or where they are `past`. */
function seek(rows: readonly Row[], table: Table, key: readonly Cell[], past: boolean): number {
  let low = 0
  let high = rows.length
  while (low < high) {
    const middle = (low + high) >> 1
    const order = compareKey(rows[middle]!, table, key)
    if (order < 0 || (past && order === 0)) low = middle + 1
    else high = middle
  }
  return low
}

function compareKey(row: Row, table: Table, key: readonly Cell[]): number {
  for (let place = 0; place < key.length; place++) {
    const order = compareCells(row[table.names[place]!]!, key[place]!)
    if (order !== 0) return order
  }
  return 0
}
