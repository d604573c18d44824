import type { Cell, ColumnType, Indexed, LogRange, Row, TableShape, Write } from './storage.ts'
import { StorageError } from './storage.ts'

/** A declared table, made ready: columns by their places. */
export interface Table extends TableShape {
  /** Its place among the tables of this store. */
  readonly place: number
  /** Names of the columns, those of the key first, in its order. */
  readonly names: readonly string[]
  readonly types: readonly ColumnType[]
  /** What a column holds where a row does not say. */
  readonly initial: readonly Cell[]
}

const tableName = /^[a-z][a-z0-9_-]{0,60}$/
const columnName = /^[A-Za-z][A-Za-z0-9_]{0,60}$/

/** The tables of a store, and the checks that keep what does not fit them from ever reaching a driver. */
export class Tables {
  readonly list: readonly Table[]
  readonly #byName: ReadonlyMap<string, Table>

  /** Throws StorageError where a declaration contradicts itself or another. */
  constructor(shapes: readonly TableShape[]) {
    this.list = shapes.map(prepare)
    this.#byName = new Map(this.list.map(table => [table.name, table]))
    if (this.#byName.size < shapes.length) throw new StorageError('Two tables have the same name.')
  }

  /** Throws StorageError where no feature declares it. */
  get(name: string): Table {
    const table = this.#byName.get(name)
    if (table === undefined) throw new StorageError(`No feature declares a table ${name}.`)
    return table
  }

  /** About how many bytes these writes are. Throws StorageError where one does not fit its table. */
  weigh(writes: readonly Write[]): number {
    let bytes = 0
    for (const write of writes) {
      switch (write.write) {
        case 'append': {
          const { id, at, peer, xml } = write.entry
          if (!Number.isSafeInteger(id) || id <= 0) throw new StorageError(`${id} cannot be the id of a log entry.`)
          if (!Number.isSafeInteger(at)) throw new StorageError(`${at} is not a time in milliseconds.`)
          bytes += 64 + peer.length + xml.length
          break
        }
        case 'put':
          bytes += weighRow(this.get(write.table), write.row)
          break
        case 'delete':
          bytes += 16 + this.key(write.table, write.key).length * 32
          break
        case 'cursor':
          if (!Number.isSafeInteger(write.to) || write.to < 0)
            throw new StorageError(`A cursor cannot be at ${write.to}.`)
          bytes += 32 + write.cursor.length
          break
        case 'forget-cursor':
          bytes += 32 + write.cursor.length
          break
        case 'undelivered':
          if (!Number.isSafeInteger(write.id)) throw new StorageError(`${write.id} cannot be the id of a log entry.`)
          bytes += 32
          break
        case 'purge':
          if (!Number.isSafeInteger(write.before))
            throw new StorageError(`A log cannot be purged before ${write.before}.`)
          checkLimit(write.limit)
          bytes += 40
      }
    }
    return bytes
  }

  /** The first cells of a key, in its order. Throws StorageError where these columns are not its first ones. */
  key(name: string, key: Row): readonly Cell[] {
    const table = this.get(name)
    const given = Object.keys(key).length
    const cells: Cell[] = []
    for (let place = 0; place < given; place++) {
      const column = table.key[place]
      const cell = column === undefined ? undefined : key[column]
      if (cell === undefined || cell === null) {
        throw new StorageError(
          `Rows of ${name} are found by the first of (${table.key}), not by (${Object.keys(key)}).`,
        )
      }
      if (!fits(table.types[place]!, cell))
        throw new StorageError(`The key column ${column} of ${name} is ${table.types[place]}.`)
      cells.push(cell)
    }
    return cells
  }
}

/** Words that can be asked for at once. */
const mostWords = 100

/** Throws StorageError where the range is none. */
export function checkRange(range: LogRange): void {
  checkLimit(range.limit)
  for (const id of [range.after, range.before]) {
    if (id !== undefined && !Number.isSafeInteger(id)) throw new StorageError(`${id} cannot be the id of a log entry.`)
  }
  if (range.words !== undefined && (range.words.length === 0 || range.words.length > mostWords))
    throw new StorageError(`A log cannot be searched for ${range.words.length} words.`)
  for (const word of range.words ?? []) checkWord(word.endsWith('*') ? word.slice(0, -1) : word)
}

/** About how many bytes these are. Throws StorageError where something is none of what it should be. */
export function weighIndexed(to: number, entries: readonly Indexed[]): number {
  if (!Number.isSafeInteger(to) || to < 0) throw new StorageError(`A log cannot be indexed up to ${to}.`)
  let bytes = 0
  for (const { id, words } of entries) {
    if (!Number.isSafeInteger(id)) throw new StorageError(`${id} cannot be the id of a log entry.`)
    for (const word of words) {
      checkWord(word)
      bytes += word.length + 1
    }
    bytes += 32
  }
  return bytes
}

/** Nothing else becomes part of what is asked of a database. */
const wordShape = /^(?:[0-9a-z]|[^\0-\x7f]){1,100}$/u

function checkWord(word: string): void {
  if (!wordShape.test(word)) throw new StorageError(`"${word.slice(0, 100)}" is not a word that entries are found by.`)
}

/** Throws StorageError where this is not a number of things to read. */
export function checkLimit(limit: number): void {
  if (!Number.isSafeInteger(limit) || limit < 0) throw new StorageError(`The limit of a page cannot be ${limit}.`)
}

/** The cell of a row at a column's place. */
export function cellAt(table: Table, row: Row, place: number): Cell {
  const cell = row[table.names[place]!]
  return cell === undefined ? table.initial[place]! : cell
}

/** How two cells of one column are ordered: text by code points (as UTF-8 bytes are), blobs by bytes. */
export function compareCells(a: Cell, b: Cell): number {
  if (typeof a === 'string' && typeof b === 'string') return compareText(a, b)
  if (a instanceof Uint8Array && b instanceof Uint8Array) return compareBytes(a, b)
  return Number(a) - Number(b)
}

/** How two texts are ordered by their code points, which is how their UTF-8 bytes are. */
export function compareText(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    const x = a.charCodeAt(at)
    const y = b.charCodeAt(at)
    if (x === y) continue
    // Surrogates stand for code points beyond all that other units are.
    return isSurrogate(x) === isSurrogate(y) ? x - y : isSurrogate(x) ? 1 : -1
  }
  return a.length - b.length
}

function isSurrogate(unit: number): boolean {
  return unit >= 0xd800 && unit <= 0xdfff
}

function compareBytes(a: Uint8Array, b: Uint8Array): number {
  const length = Math.min(a.length, b.length)
  for (let at = 0; at < length; at++) {
    if (a[at] !== b[at]) return a[at]! - b[at]!
  }
  return a.length - b.length
}

function prepare(shape: TableShape, place: number): Table {
  const { name, columns, key, version } = shape
  const wrong = (what: string) => new StorageError(`The table ${name} is not declared well: ${what}.`)
  if (!tableName.test(name)) throw wrong('its name is not of a-z, 0-9, _ and -')
  if (!Number.isSafeInteger(version) || version < 1) throw wrong(`its version is ${version}`)
  const lower = Object.keys(columns).map(column => column.toLowerCase())
  if (new Set([...lower, 'owner']).size <= lower.length)
    throw wrong('two columns have one name (the owner is always there)')
  if (new Set(key).size < key.length) throw wrong('a column is in the key twice')
  for (const column of key) {
    if (columns[column] === undefined) throw wrong(`its key ${column} is not a column`)
    if ((columns[column].since ?? 1) > 1) throw wrong(`its key ${column} was not there from the first`)
  }
  const names = [...key, ...Object.keys(columns).filter(column => !key.includes(column))]
  for (const column of names) {
    const { type, initial, since } = columns[column]!
    if (!columnName.test(column)) throw wrong(`the column ${column} is not a name`)
    if (!fits(type, initial ?? null)) throw wrong(`${column} cannot begin as ${initial}`)
    if ((since ?? 1) > version) throw wrong(`${column} is from a later version`)
  }
  return {
    ...shape,
    place,
    names,
    types: names.map(column => columns[column]!.type),
    initial: names.map(column => columns[column]!.initial ?? null),
  }
}

function weighRow(table: Table, row: Row): number {
  let bytes = 32
  for (const name in row) {
    if (table.columns[name] === undefined) throw new StorageError(`The table ${table.name} has no column ${name}.`)
  }
  for (let place = 0; place < table.names.length; place++) {
    const cell = cellAt(table, row, place)
    if (!fits(table.types[place]!, cell)) {
      throw new StorageError(`The column ${table.names[place]} of ${table.name} is ${table.types[place]}.`)
    }
    if (cell === null && place < table.key.length) {
      throw new StorageError(`A row of ${table.name} needs its key ${table.names[place]}.`)
    }
    bytes += typeof cell === 'string' || cell instanceof Uint8Array ? cell.length + 8 : 8
  }
  return bytes
}

function fits(type: ColumnType, cell: Cell): boolean {
  if (cell === null) return true
  if (type === 'text') return typeof cell === 'string'
  return type === 'integer' ? Number.isSafeInteger(cell) : cell instanceof Uint8Array
}
