import { behindFailed, conflict, noOwner, taken } from './driver.ts'
import type { TableStatements } from './sql.ts'
import { spanOf, tableName, tableStatements } from './sql.ts'
import type { Connection } from './sqlite-connection.ts'
import { fault } from './sqlite-error.ts'
import { SqliteIndex } from './sqlite-index.ts'
import { SqliteLeaving } from './sqlite-leaving.ts'
import type { Packed } from './sqlite-packing.ts'
import { unitCode, writeCode } from './sqlite-packing.ts'
import { sqlite, statements } from './sqlite-schema.ts'
import type { Refusal } from './sqlite-serve.ts'
import { refusal } from './sqlite-serve.ts'
import type { Cell, OwnerId } from './storage.ts'
import type { Tables } from './tables.ts'

/** What became of a batch: only what is not plain success. */
export interface Applied {
  readonly failures: readonly (readonly [place: number, why: Refusal])[]
  readonly created: readonly (readonly [place: number, owner: OwnerId])[]
}

/** How many owners' last ids are remembered: some megabytes. */
const remembered = 100_000

/** Applies packed units to a database: each batch in one transaction. */
export class SqliteApply {
  readonly #connection: Connection
  readonly #index: SqliteIndex
  readonly #leaving: SqliteLeaving
  readonly #path: string
  readonly #tables: readonly (TableStatements & { readonly columns: number })[]
  /** The last id of the log of each owner that is known to be there. */
  readonly #last = new Map<OwnerId, number>()
  /** The span of ids in which each peer of each owner was last heard of: `log_spans` has it. */
  readonly #spans = new Map<string, number>()
  /** `PRAGMA data_version`: another value says that another connection has written. */
  #version: Cell = 0
  #packed: Packed = { cells: [], starts: [] }
  /** The cell that is read next. */
  #at = 0

  constructor(connection: Connection, path: string, tables: Tables) {
    this.#connection = connection
    this.#index = new SqliteIndex(connection)
    this.#leaving = new SqliteLeaving(connection, this.#index)
    this.#path = path
    this.#tables = tables.list.map(table => ({ ...tableStatements(table, sqlite), columns: table.names.length }))
  }

  /**
   * Applies a batch, first as if nothing in it were wrong; where something is, once more with each unit on its own.
   * Throws StorageError where nothing was applied, or where that is not known.
   */
  batch(packed: Packed): Applied {
    this.#packed = packed
    return this.#try(false) ?? this.#try(true)!
  }

  /** Takes away some of what removed owners have left; returns whether there is more. Throws StorageError. */
  clear(): boolean {
    try {
      return this.#leaving.step()
    } catch (thrown) {
      throw this.#connection.fault(thrown).error
    }
  }

  /** Undefined where only a unit was wrong; nothing has happened then. */
  #try(each: boolean): Applied | undefined {
    let phase: 'begin' | 'units' | 'commit' = 'begin'
    try {
      this.#connection.database.exec('begin immediate')
      this.#forgetWhatOthersChanged()
      phase = 'units'
      const applied = each ? this.#each() : this.#all()
      phase = 'commit'
      this.#connection.database.exec('commit')
      return applied
    } catch (thrown) {
      this.#forget()
      const { error, general } = this.#connection.fault(thrown, phase === 'commit')
      if (each || general || phase !== 'units') throw error
      return undefined
    }
  }

  #all(): Applied {
    const created: [number, OwnerId][] = []
    for (let place = 0; place < this.#packed.starts.length; place++) this.#unit(place, created)
    return { failures: [], created }
  }

  #each(): Applied {
    const created: [number, OwnerId][] = []
    const failures: [number, Refusal][] = []
    const failed = new Set<Cell>()
    const { database } = this.#connection
    for (let place = 0; place < this.#packed.starts.length; place++) {
      const owners = this.#owners(place)
      if (owners.some(owner => failed.has(owner))) {
        for (const owner of owners) failed.add(owner)
        failures.push([place, refusal(behindFailed())])
        continue
      }
      database.exec('savepoint unit')
      try {
        this.#unit(place, created)
      } catch (thrown) {
        const { error, general } = fault(thrown, this.#path)
        if (general) throw thrown
        database.exec('rollback to unit')
        this.#forget()
        for (const owner of owners) failed.add(owner)
        failures.push([place, refusal(error)])
      }
      database.exec('release unit')
    }
    return { failures, created }
  }

  /** Whose data a unit changes; one that makes an owner changes nobody's. */
  #owners(place: number): readonly Cell[] {
    const { cells, starts } = this.#packed
    const start = starts[place]!
    if (cells[start] === unitCode.create || cells[start] === unitCode.index) return []
    if (cells[start] === unitCode.remove) return [cells[start + 1]!]
    return cells.slice(start + 2, start + 2 + Number(cells[start + 1]))
  }

  #unit(place: number, created: [number, OwnerId][]): void {
    this.#at = this.#packed.starts[place]!
    const code = this.#next()
    if (code === unitCode.create) {
      const owner = this.#create(this.#next(), this.#next(), this.#next())
      this.#writes(owner, 0)
      created.push([place, owner])
      return
    }
    if (code === unitCode.remove || code === unitCode.index) {
      const owner = Number(this.#next())
      this.#lastOf(owner)
      if (code === unitCode.remove) this.#remove(owner, this.#next())
      else this.#index.add(owner, this.#packed.cells.slice(this.#at))
      return
    }
    const owners = this.#take(Number(this.#next()))
    for (const owner of owners) this.#writes(Number(owner), this.#lastOf(Number(owner)))
  }

  #writes(owner: OwnerId, last: number): void {
    for (let left = Number(this.#next()); left > 0; left--) {
      switch (this.#next()) {
        case writeCode.append:
          last = this.#append(owner, last)
          break
        case writeCode.put: {
          const { put, columns } = this.#table()
          this.#run(put, owner, ...this.#take(columns))
          break
        }
        case writeCode.delete: {
          const table = this.#table()
          const given = Number(this.#next())
          this.#run(table.delete[given]!, owner, ...this.#take(given))
          break
        }
        case writeCode.cursor:
          this.#run(statements.move, owner, this.#next(), this.#next())
          this.#tidy(owner, last)
          break
        case writeCode.forget:
          this.#run(statements.forget, owner, this.#next())
          this.#tidy(owner, last)
          break
        case writeCode.undelivered:
          this.#run(statements.mark, owner, this.#next())
          break
        case writeCode.purge:
          this.#purge(owner, last)
      }
    }
    if (this.#last.size >= remembered) this.#last.clear()
    this.#last.set(owner, last)
  }

  #append(owner: OwnerId, last: number): number {
    const { cells } = this.#packed
    const at = this.#at
    this.#at += 7
    const id = Number(cells[at])
    if (id <= last) throw conflict(id, last)
    const statement = this.#connection.statement(statements.append)
    statement.run(
      owner,
      id,
      cells[at + 1]!,
      cells[at + 2]!,
      cells[at + 3]!,
      cells[at + 4]!,
      cells[at + 5]!,
      cells[at + 6]!,
    )
    if (cells[at + 4] === 1) this.#span(owner, String(cells[at + 2]), id)
    return id
  }

  /** Lets the conversation with this peer be found. */
  #span(owner: OwnerId, peer: string, id: number): void {
    const name = `${owner} ${peer}`
    const span = spanOf(id)
    if (this.#spans.get(name) === span) return
    if (this.#spans.size >= remembered) this.#spans.clear()
    this.#spans.set(name, span)
    this.#run(statements.span, owner, peer, span)
  }

  #purge(owner: OwnerId, last: number): void {
    const until = this.#row(statements.purged, owner, this.#next(), this.#next())![0]!
    if (until === null) return
    const gone = this.#run(statements.purge, owner, until, owner)
    this.#run(statements.hide, owner, until)
    this.#index.drop(owner, Number(until))
    if (gone > 0) this.#run(statements.keepLast, last, owner)
    this.#run(statements.trimSpans, owner, owner)
    // The current span may be one of those that are gone.
    this.#spans.clear()
  }

  #create(address: Cell, kind: Cell, host: Cell): OwnerId {
    const { changes, lastInsertRowid } = this.#connection.statement(statements.create).run(address, kind, host)
    if (changes === 0) throw taken(String(address))
    return Number(lastInsertRowid)
  }

  #remove(owner: OwnerId, at: Cell): void {
    const [address] = this.#row(statements.addressOf, owner)!
    this.#run(statements.bury, address!, at)
    this.#run(statements.remove, owner)
    // Also from tables that no feature declares any more.
    for (const [name] of this.#connection.statement(statements.versions).all() as unknown as Cell[][]) {
      this.#run(`delete from ${tableName(String(name))} where "owner" = ?`, owner)
    }
    this.#run(statements.removeCursors, owner)
    this.#leaving.leave(owner)
    this.#last.delete(owner)
  }

  /** Takes away what every cursor has passed. The log's last id is kept by itself then: its entry may be gone. */
  #tidy(owner: OwnerId, last: number): void {
    if (this.#run(statements.tidy, owner, owner) > 0) this.#run(statements.keepLast, last, owner)
  }

  /** The last id of this owner's log. Throws StorageError where there is no such owner. */
  #lastOf(owner: OwnerId): number {
    const known = this.#last.get(owner)
    if (known !== undefined) return known
    const row = this.#row(statements.last, owner, owner)
    if (row === undefined) throw noOwner(owner)
    return Number(row[0])
  }

  /** What was remembered may not be what the database holds. */
  #forget(): void {
    this.#last.clear()
    this.#spans.clear()
  }

  #forgetWhatOthersChanged(): void {
    const version = this.#row('pragma data_version')![0]!
    if (version !== this.#version) this.#forget()
    this.#version = version
  }

  #table(): TableStatements & { readonly columns: number } {
    return this.#tables[Number(this.#next())]!
  }

  #next(): Cell {
    return this.#packed.cells[this.#at++]!
  }

  #take(count: number): readonly Cell[] {
    const from = this.#at
    this.#at += count
    return this.#packed.cells.slice(from, this.#at)
  }

  #row(sql: string, ...parameters: Cell[]): readonly Cell[] | undefined {
    return this.#connection.statement(sql).get(...parameters) as unknown as Cell[] | undefined
  }

  /** Returns how many rows it changed. */
  #run(sql: string, ...parameters: Cell[]): number {
    return Number(this.#connection.statement(sql).run(...parameters).changes)
  }
}
