import type { Cell, ColumnType, LogRange } from './storage.ts'
import type { Table } from './tables.ts'

/** What differs between databases in the statements that we make. */
export interface Dialect {
  /** The column types: every integer that a store keeps needs 64 bits. */
  readonly types: Readonly<Record<ColumnType, string>>
  /** The parameter at a place, counted from 1. */
  parameter(place: number): string
  /** What stands behind the columns of a feature's table. */
  readonly tableEnd: string
  /** A blob as it is written in a statement. */
  blob(hexadecimal: string): string
}

/** The statements that keep one feature's table. */
export interface TableStatements {
  /** Parameters: the owner, then the cells in the order of `Table.names`. */
  readonly put: string
  /** By the number of cells of the key that are given. Parameters: the owner, then those cells. */
  readonly delete: readonly string[]
  /** The same, for reading the rows with their columns in the order of `Table.names`. */
  readonly rows: readonly string[]
}

/** A name as SQL quotes it. */
export function quoted(name: string): string {
  return `"${name}"`
}

/** The name of a feature's table in the database. */
export function tableName(name: string): string {
  return quoted(`t_${name}`)
}

/** Makes a feature's table. */
export function createTable(table: Table, dialect: Dialect): string {
  const columns = table.names.map((_, place) => column(table, place, dialect))
  const key = ['owner', ...table.key].map(quoted).join(', ')
  const owner = `"owner" ${dialect.types.integer} not null`
  return `create table ${tableName(table.name)} (${[owner, ...columns].join(', ')}, primary key (${key}))${dialect.tableEnd}`
}

/** Adds a column that came later; rows that are there get its initial value. */
export function addColumn(table: Table, place: number, dialect: Dialect): string {
  return `alter table ${tableName(table.name)} add column ${column(table, place, dialect)}`
}

/** The statements of a feature's table. */
export function tableStatements(table: Table, dialect: Dialect): TableStatements {
  const name = tableName(table.name)
  const columns = table.names.map(quoted)
  const key = table.key.map(quoted)
  const parameters = ['owner', ...columns].map((_, place) => dialect.parameter(place + 1))
  const changed = columns.slice(key.length).map(column => `${column} = excluded.${column}`)
  const conflict = changed.length === 0 ? 'do nothing' : `do update set ${changed.join(', ')}`
  const prefixes = Array.from({ length: key.length + 1 }, (_, given) =>
    equal(['"owner"', ...key.slice(0, given)], dialect),
  )
  const order = key.length === 0 ? '' : ` order by ${key.join(', ')}`
  return {
    put:
      `insert into ${name} (${['"owner"', ...columns].join(', ')}) values (${parameters.join(', ')}) ` +
      `on conflict (${['"owner"', ...key].join(', ')}) ${conflict}`,
    delete: prefixes.map(prefix => `delete from ${name} where ${prefix}`),
    rows: prefixes.map(prefix => `select ${columns.join(', ') || 'null'} from ${name} where ${prefix}${order}`),
  }
}

/**
 * Conversations are found in spans of 2^26 ids, 67 seconds: while people talk much, that is one row for many messages,
 * and what others said in the same minute is soon read over.
 */
export const spanBits = 26

/** The span that an id is in. */
export function spanOf(id: number): number {
  return Math.floor(id / 2 ** spanBits)
}

/** Compares the owner of a log, which may still be there when the owner is gone. */
export function thisOwner(parameter: string): string {
  return `"owner" = (select "owners"."id" from "owners" where "owners"."id" = ${parameter})`
}

/** Reads a range of a log: the statement and its parameters, which are in the order of the text. */
export function selectLog(owner: number, range: LogRange, dialect: Dialect): { sql: string; parameters: Cell[] } {
  const parameters: Cell[] = []
  const compared = (sql: string, cell: Cell) => `${sql} ${dialect.parameter(parameters.push(cell))}`
  const order = range.last ? ' desc' : ''
  let from = '"log"'
  let inOrder = `"id"${order}`
  let id = '"id"'
  const conditions: string[] = []
  // What is not archived has no spans.
  if (range.peer !== undefined && range.archived === true) {
    const spans = [thisOwner(dialect.parameter(parameters.push(owner))), compared('"peer" =', range.peer)]
    if (range.after !== undefined) spans.push(compared('"span" >=', spanOf(range.after)))
    if (range.before !== undefined) spans.push(compared('"span" <=', spanOf(range.before)))
    from = `(select "span" from "log_spans" where ${spans.join(' and ')}) as "spans" cross join "log"`
    conditions.push(`"id" >= "span" << ${spanBits}`, `"id" < ("span" + 1) << ${spanBits}`)
    inOrder = `"span"${order}, "id"${order}`
    // With the sign no index is used for it: the ends of the span are nearer than those of the range.
    id = '+"id"'
  }
  conditions.push(thisOwner(dialect.parameter(parameters.push(owner))))
  if (range.after !== undefined) conditions.push(compared(`${id} >`, range.after))
  if (range.before !== undefined) conditions.push(compared(`${id} <`, range.before))
  if (range.peer !== undefined) conditions.push(compared('"peer" =', range.peer))
  // Flags are written out: a partial index is only used for what is known when the statement is prepared.
  if (range.archived !== undefined) conditions.push(`"archived" = ${range.archived ? 1 : 0}`)
  if (range.undelivered !== undefined) conditions.push(`"undelivered" = ${range.undelivered ? 1 : 0}`)
  const limit = dialect.parameter(parameters.push(range.limit))
  const sql =
    `select "id", "at", "peer", "direction", "archived", "undelivered", "xml" from ${from} ` +
    `where ${conditions.join(' and ')} order by ${inOrder} limit ${limit}`
  return { sql, parameters }
}

function equal(columns: readonly string[], dialect: Dialect): string {
  return columns.map((column, place) => `${column} = ${dialect.parameter(place + 1)}`).join(' and ')
}

function column(table: Table, place: number, dialect: Dialect): string {
  const initial = table.initial[place]!
  const inKey = place < table.key.length ? ' not null' : ''
  const otherwise = initial === null ? '' : ` default ${literal(initial, dialect)}`
  return `${quoted(table.names[place]!)} ${dialect.types[table.types[place]!]}${inKey}${otherwise}`
}

function literal(cell: string | number | Uint8Array, dialect: Dialect): string {
  if (typeof cell === 'number') return String(cell)
  return typeof cell === 'string' ? `'${cell.replaceAll("'", "''")}'` : dialect.blob(hexadecimal(cell))
}

function hexadecimal(bytes: Uint8Array): string {
  return Array.from(bytes, byte => byte.toString(16).padStart(2, '0')).join('')
}
