import type { Cell, Row, TableShape, Write } from '../storage/storage.ts'
import type { Kind } from '../wire/kinds.ts'

/** A column: the kind of its values, and whether it may be empty. */
export interface Column<T> {
  readonly kind: Kind<T>
  readonly optional: boolean
}

type Columns = Readonly<Record<string, Kind<never> | Kind<unknown> | Column<unknown>>>

type ValueOf<C> = C extends Column<infer T> ? T | undefined : C extends Kind<infer T> ? T : never

/** The values of one row. */
export type RowOf<C> = { readonly [K in keyof C]: ValueOf<C[K]> }

/**
 * A feature's table, declared once: columns in wire's kinds, and which of them identify a row. The owner is always the
 * first part of the key. A `loaded` table is read when its owner is, and is at hand in memory from then on: what a
 * `check` needs must be loaded; what may be big must not.
 */
export interface Table<R = unknown> {
  readonly shape: TableShape
  readonly loaded: boolean
  /** Where an owner has the rows of a loaded table. */
  readonly place: number
  /** Reads a stored row. Throws where it is not what its kinds allow. */
  read(row: Row): R
  write(values: R): Row
  /** Text that identifies a row among its owner's. */
  keyOf(values: R): string
}

let places = 0

/** A column that may be empty. */
export function optional<T>(kind: Kind<T>): Column<T> {
  return { kind, optional: true }
}

/** Declares a table. */
export function table<const C extends Columns>(
  name: string,
  columns: C,
  key: readonly (keyof C & string)[],
  options: { loaded?: boolean; version?: number } = {},
): Table<RowOf<C>> {
  const list = Object.entries(columns).map(([column, declared]) => {
    const whole =
      'optional' in declared ? (declared as Column<unknown>) : { kind: declared as Kind<unknown>, optional: false }
    return { column, kind: whole.kind, optional: whole.optional }
  })
  const keyColumns = list.filter(one => key.includes(one.column))
  const write = (values: RowOf<C>): Row => {
    const row: Record<string, Cell> = {}
    for (const { column, kind } of list) row[column] = cell(kind, values[column as keyof C])
    return row
  }
  return {
    shape: {
      name,
      columns: Object.fromEntries(list.map(({ column, kind }) => [column, { type: kind.column }])),
      key,
      version: options.version ?? 1,
    },
    loaded: options.loaded ?? false,
    place: options.loaded ? places++ : -1,
    write,
    read(row) {
      const values: Record<string, unknown> = {}
      for (const { column, kind } of list) values[column] = value(kind, row[column] ?? null)
      return values as RowOf<C>
    },
    keyOf(values) {
      return keyColumns.map(({ column, kind }) => String(cell(kind, values[column as keyof C]))).join('\u0000')
    },
  }
}

/** The write that puts a row in the place of the one with its key. */
export function put<R>(where: Table<R>, values: R): TableWrite<R> {
  return { table: where, values, remove: false }
}

/** The write that takes away the row with this key. */
export function remove<R>(where: Table<R>, values: R): TableWrite<R> {
  return { table: where, values, remove: true }
}

/** A change of a table, not yet carried out. */
export interface TableWrite<R = unknown> {
  readonly table: Table<R>
  readonly values: R
  readonly remove: boolean
}

/** The same change as storage takes it. */
export function storageWrite<R>({ table: { shape, write }, values, remove: gone }: TableWrite<R>): Write {
  const row = write(values)
  if (!gone) return { write: 'put', table: shape.name, row }
  return { write: 'delete', table: shape.name, key: Object.fromEntries(shape.key.map(name => [name, row[name]!])) }
}

function cell(kind: Kind<unknown>, value: unknown): Cell {
  return value === undefined ? null : kind.toCell(value)
}

function value(kind: Kind<unknown>, stored: Cell): unknown {
  return stored === null ? undefined : kind.fromCell(stored)
}
