import { decodeBase64, encodeBase64 } from './base64.ts'
import { Malformed } from './errors.ts'
import { Jid } from './jid.ts'
import { readDateTime, writeDateTime } from './time.ts'

/** What a column of a table holds of a kind. */
export type Column = 'text' | 'integer' | 'blob'

/**
 * A type of value and how it is written: as text on the wire, and as a cell in a table. The same kinds type the fields of
 * codecs, columns, slots and the arguments of commands.
 */
export interface Kind<T> {
  /** What people call it, with its article: `a whole number`. */
  readonly name: string
  /** The value that a text stands for. Throws `Malformed` with a sentence where it stands for none. */
  read(text: string): T
  write(value: T): string
  readonly column: Column
  /** The value as its column keeps it. */
  toCell(value: T): string | number | Uint8Array
  /** The value back from its column; what no `toCell` gives throws `Malformed`. */
  fromCell(cell: string | number | Uint8Array): T
}

/** The type of the values of a kind. */
export type ValueOf<K> = K extends Kind<infer T> ? T : never

/** A kind that a table keeps as the text of the wire. */
export function textKind<T>(name: string, read: (text: string) => T, write: (value: T) => string): Kind<T> {
  return { name, read, write, column: 'text', toCell: write, fromCell: cell => read(String(cell)) }
}

function integerKind<T>(
  name: string,
  read: (text: string) => T,
  write: (value: T) => string,
  toCell: (value: T) => number,
  fromCell: (cell: number) => T,
): Kind<T> {
  return { name, read, write, column: 'integer', toCell, fromCell: cell => fromCell(Number(cell)) }
}

const same = (value: string) => value

/** Any text. */
export const text: Kind<string> = textKind('text', same, same)

/** Text that is not empty. */
export const name: Kind<string> = textKind(
  'a text that is not empty',
  value => {
    if (value === '') throw new Malformed('It is empty')
    return value
  },
  same,
)

/** A whole number from `least` to `greatest`, both included: at most 2^53 − 1 either way, which is exact in a number. */
export function intBetween(least: number, greatest: number): Kind<number> {
  const check = (value: number) => {
    if (!(value >= least && value <= greatest)) throw new Malformed(`It is not between ${least} and ${greatest}`)
    return value
  }
  return integerKind(
    `a whole number from ${least} to ${greatest}`,
    value => check(readInteger(value)),
    String,
    Number,
    check,
  )
}

/** A whole number, positive or not. */
export const int: Kind<number> = integerKind('a whole number', readInteger, String, Number, Number)

/** A whole number that is not negative. */
export const whole: Kind<number> = intBetween(0, Number.MAX_SAFE_INTEGER)

/** Digits with a sign or none, as XML Schema's integer; no white space. */
function readInteger(value: string): number {
  const first = value.charCodeAt(0)
  const from = first === 0x2d || first === 0x2b ? 1 : 0
  let number = 0
  for (let i = from; i < value.length; i++) {
    const digit = value.charCodeAt(i) - 0x30
    if (!(digit >= 0 && digit <= 9)) throw notWhole()
    number = number * 10 + digit
    if (number > Number.MAX_SAFE_INTEGER) throw new Malformed('It is a number too big to be exact')
  }
  if (value.length === from) throw notWhole()
  return first === 0x2d && number > 0 ? -number : number
}

function notWhole(): Malformed {
  return new Malformed('It is not a whole number')
}

/** `true` or `false`; also `1` and `0` are read (XML Schema's boolean). */
export const bool: Kind<boolean> = integerKind(
  'true or false',
  value => {
    if (value === 'true' || value === '1') return true
    if (value === 'false' || value === '0') return false
    throw new Malformed('It is neither true nor false')
  },
  String,
  Number,
  Boolean,
)

/** A moment as XEP-0082 writes it; a column keeps milliseconds since 1970. */
export const date: Kind<Date> = integerKind(
  'a date and time',
  readDateTime,
  writeDateTime,
  Number,
  cell => new Date(cell),
)

/** An address. */
export const jid: Kind<Jid> = textKind('an address', Jid.parse, String)

/** Bytes in base64. White space inside is read over, as XML Schema's base64Binary allows; a column keeps the bytes. */
export const base64: Kind<Uint8Array> = {
  name: 'base64',
  read: value => decodeBase64(unfolded(value)),
  write: encodeBase64,
  column: 'blob',
  toCell: value => value,
  fromCell: cell => {
    if (cell instanceof Uint8Array) return cell
    throw new Malformed('It is not a row of bytes')
  },
}

const whiteSpace = /[\t\n\r ]+/g

function unfolded(value: string): string {
  for (let i = 0; i < value.length; i++) if (value.charCodeAt(i) <= 0x20) return value.replace(whiteSpace, '')
  return value
}

/** One of these words. */
export function oneOf<const T extends string>(...words: readonly T[]): Kind<T> {
  const read = (value: string): T => {
    for (const word of words) if (word === value) return word
    throw new Malformed(`It is none of ${words.join(', ')}`)
  }
  return textKind(`one of ${words.join(', ')}`, read, same)
}

/** Several values of one kind; as text a JSON array of their texts. For columns, slots and arguments: XML has elements for it. */
export function list<T>(of: Kind<T>): Kind<readonly T[]> {
  const read = (value: string): readonly T[] => {
    const texts = parsed(value)
    if (!Array.isArray(texts)) throw new Malformed('It is not a JSON array')
    return texts.map(item => {
      if (typeof item !== 'string') throw new Malformed('It holds what is not a text')
      return of.read(item)
    })
  }
  return textKind(`a list, each ${of.name}`, read, values => JSON.stringify(values.map(value => of.write(value))))
}

function parsed(value: string): unknown {
  try {
    return JSON.parse(value)
  } catch {
    throw new Malformed('It is not JSON')
  }
}
