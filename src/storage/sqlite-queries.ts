import type { Answers, Query, QueryName } from './driver.ts'
import { selectLog, tableStatements } from './sql.ts'
import { selectFound, selectIndexed } from './sqlite-index.ts'
import { sqlite, statements } from './sqlite-schema.ts'
import type { Cell, LogEntry, Row } from './storage.ts'
import type { Tables } from './tables.ts'

/** A statement that reads, with its parameters. */
export interface Select {
  readonly sql: string
  readonly parameters: readonly Cell[]
}

/** Rows as lists of cells. */
export type Selected = readonly (readonly Cell[])[]

/** Turns queries into statements, and what those found into answers. */
export class SqliteQueries {
  readonly #tables: Tables
  readonly #rows: ReadonlyMap<string, readonly string[]>

  constructor(tables: Tables) {
    this.#tables = tables
    this.#rows = new Map(tables.list.map(table => [table.name, tableStatements(table, sqlite).rows]))
  }

  /** The statements that answer a query. */
  selects(query: Query): readonly Select[] {
    switch (query.query) {
      case 'find':
        return [{ sql: statements.find, parameters: [query.address] }]
      case 'tombstone':
        return [{ sql: statements.tombstone, parameters: [query.address] }]
      case 'owners':
        // Every address comes behind the empty text.
        return [{ sql: statements.owners, parameters: [query.host, query.kind, query.after ?? '', query.limit] }]
      case 'rows': {
        const key = this.#tables.key(query.table, query.key)
        return [{ sql: this.#rows.get(query.table)![key.length]!, parameters: [query.owner, ...key] }]
      }
      case 'log': {
        const { owner, range } = query
        return [range.words === undefined ? selectLog(owner, range, sqlite) : selectFound(owner, range.words, range)]
      }
      case 'state':
        return [
          { sql: statements.last, parameters: [query.owner, query.owner] },
          { sql: statements.cursors, parameters: [query.owner] },
          { sql: statements.undelivered, parameters: [query.owner, query.owner] },
        ]
      case 'behind':
        return [{ sql: statements.behind, parameters: [query.owner, query.newer] }]
      case 'indexed':
        return [{ sql: selectIndexed, parameters: [query.owner] }]
    }
  }

  /** The answer that these rows are. */
  answer<N extends QueryName>(query: Query<N>, found: readonly Selected[]): Answers[N] {
    return this.#answer(query, found) as Answers[N]
  }

  #answer(query: Query, found: readonly Selected[]): Answers[QueryName] {
    const rows = found[0]!
    switch (query.query) {
      case 'find':
      case 'tombstone':
      case 'behind':
        return rows[0] === undefined ? undefined : Number(rows[0][0])
      case 'indexed':
        return Number(rows[0]?.[0] ?? 0)
      case 'owners':
        return rows.map(([address]) => String(address))
      case 'rows': {
        const { names } = this.#tables.get(query.table)
        return rows.map(cells => row(names, cells))
      }
      case 'log': {
        const entries = rows.map(entry)
        return query.range.last ? entries.reverse() : entries
      }
      case 'state':
        return {
          last: Number(rows[0]?.[0] ?? 0),
          cursors: Object.fromEntries(found[1]!.map(([cursor, to]) => [cursor, Number(to)])),
          undelivered: Number(found[2]![0]![0]),
        }
    }
  }
}

function row(names: readonly string[], cells: readonly Cell[]): Row {
  const made: Record<string, Cell> = {}
  for (let place = 0; place < names.length; place++) made[names[place]!] = cells[place]!
  return made
}

/** The columns in the order of `selectLog`. */
function entry([id, at, peer, direction, archived, undelivered, xml]: readonly Cell[]): LogEntry {
  return {
    id: Number(id),
    at: Number(at),
    peer: String(peer),
    direction: direction === 0 ? 'in' : 'out',
    archived: archived === 1,
    undelivered: undelivered === 1,
    xml: String(xml),
  }
}
