import type { Address } from '../runtime/runtime.ts'
import { Jid } from '../wire/jid.ts'

/** What a setting's value may be. A kind reads the TOML value and throws a `Misfit` where it does not fit. */
export interface SettingKind<T> {
  /** How the manual names it, with its article: `a whole number`, `true or false`, `a list of addresses`. */
  readonly name: string
  /** One value as it is written in the file: `"30s"`. */
  readonly example: string
  /** Throws `Misfit`. */
  read(value: unknown): T
  /** A value as the file would have it; needed where that is not the value's own text (see `writtenValue`). */
  write?(value: T): string
}

/** One setting: its type, its default and its sentence of manual, in one value. */
export interface Setting<T> {
  readonly kind: SettingKind<T>
  readonly initial: T
  readonly manual: string
}

/** Settings by their names in the program; in the file, `stanzaBytes` is written `stanza-bytes`. */
export type Settings = Readonly<Record<string, Setting<never> | Setting<unknown>>>
export type Values<S> = { readonly [K in keyof S]: S[K] extends Setting<infer T> ? T : never }

/** Why a value does not fit its setting: a sentence that says what is expected, with an example. */
export class Misfit extends Error {
  override readonly name = 'Misfit'
  /** Which element of a list it is about, counted from 0. */
  readonly index: number | undefined

  constructor(message: string, index?: number) {
    super(message)
    this.index = index
  }
}

/** Declares one setting. */
export function setting<T>(kind: SettingKind<T>, initial: T, manual: string): Setting<T> {
  return { kind, initial, manual }
}

/** A value as it is written in the file: what its kind reads again. */
export function writtenValue<T>(kind: SettingKind<T>, value: T): string {
  if (kind.write !== undefined) return kind.write(value)
  if (Array.isArray(value)) return `[${value.map(item => plainly(item)).join(', ')}]`
  return plainly(value)
}

/** Whether it stands for nothing: a setting whose default that is has no value until somebody gives it one. */
export function isUnset(value: unknown): boolean {
  return value === '' || value === undefined
}

/** Any text of at least one character. */
export const text: SettingKind<string> = {
  name: 'text',
  example: '"some words"',
  read: value => (typeof value === 'string' && value !== '' ? value : misfit(text, value)),
}

/** The path of a file; a relative one is meant from the folder of the configuration file. */
export const file: SettingKind<string> = {
  name: 'the path of a file',
  example: '"fullchain.pem"',
  read: value => (typeof value === 'string' && value !== '' ? value : misfit(file, value)),
}

/** A whole number that is not negative. */
export const whole: SettingKind<number> = {
  name: 'a whole number, 0 or more',
  example: '100',
  read: value => (Number.isSafeInteger(value) && (value as number) >= 0 ? (value as number) : misfit(whole, value)),
}

export const yes: SettingKind<boolean> = {
  name: 'true or false',
  example: 'true',
  read: value => (typeof value === 'boolean' ? value : misfit(yes, value)),
}

const timeUnits = { ms: 1, s: 1000, m: 60_000, h: 3_600_000, d: 86_400_000 }
const sizeUnits = { B: 1, KiB: 1024, MiB: 1024 ** 2, GiB: 1024 ** 3 }

/** Seconds, or "500ms", "30s", "10m", "2h", "7d"; the value is milliseconds. */
export const time: SettingKind<number> = {
  name: 'a time: seconds, or text with ms, s, m, h or d',
  example: '"30s"',
  read: value => amount(time, value, timeUnits, 1000),
  write: value => written(value, timeUnits),
}

/** Bytes, or "64KiB", "10MiB", "2GiB"; the value is bytes. */
export const size: SettingKind<number> = {
  name: 'a size: bytes, or text with B, KiB, MiB or GiB',
  example: '"64KiB"',
  read: value => amount(size, value, sizeUnits, 1),
  write: value => written(value, sizeUnits),
}

/** A bare or full JID. */
export const address: SettingKind<Jid> = {
  name: 'an address (JID)',
  example: '"romeo@example.org"',
  read: value => (typeof value === 'string' && Jid.tryParse(value)) || misfit(address, value),
  write: value => plainly(value.full),
}

/** An IP address or `localhost`, and a port; port 0 lets the system choose. */
export const endpoint: SettingKind<Address> = {
  name: 'an IP address with a port',
  example: '"0.0.0.0:5222" or "[::]:5222"',
  read: value => {
    const parts =
      typeof value === 'string' ? /^(?:\[([0-9a-f:.]+)\]|([0-9.]+|localhost)):(\d{1,5})$/i.exec(value) : null
    const port = Number(parts?.[3])
    if (!parts || port > 65_535 || !isHost(parts)) return misfit(endpoint, value)
    return { host: (parts[1] ?? parts[2]!).toLowerCase(), port }
  },
  write: value => plainly(addressText(value)),
}

/** An address as people write it: brackets around IPv6. */
export function addressText({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}

/** A list of values of one kind, at most 1,000. */
export function list<T>(of: SettingKind<T>): SettingKind<readonly T[]> {
  const kind: SettingKind<readonly T[]> = {
    name: `a list, each ${of.name}`,
    example: `[${of.example.replace(' or ', ', ')}]`,
    read: value => {
      if (!Array.isArray(value) || value.length > 1000) return misfit(kind, value)
      return value.map((item, index) => {
        try {
          return of.read(item)
        } catch (error) {
          throw error instanceof Misfit ? new Misfit(error.message, index) : error
        }
      })
    },
    write: values => `[${values.map(item => writtenValue(of, item)).join(', ')}]`,
  }
  return kind
}

/** One of some words. */
export function oneOf<T extends string>(...names: T[]): SettingKind<T> {
  const kind: SettingKind<T> = {
    name: `one of ${names.map(name => `"${name}"`).join(', ')}`,
    example: `"${names[0]}"`,
    read: value => names.find(name => name === value) ?? misfit(kind, value),
  }
  return kind
}

/** The same kind, but only from `least` to `most` (in the value's own unit: milliseconds, bytes). */
export function within(kind: SettingKind<number>, least: number, most: number, words: string): SettingKind<number> {
  const usual = kind.read(JSON.parse(kind.example))
  const narrow: SettingKind<number> = {
    // A bound of its own takes the place of "0 or more".
    name: `${kind === whole ? 'a whole number' : kind.name}, ${words}`,
    example: usual >= least && usual <= most ? kind.example : writtenValue(kind, usual < least ? least : most),
    read: value => {
      let read = Number.NaN
      try {
        read = kind.read(value)
      } catch (error) {
        if (!(error instanceof Misfit)) throw error
      }
      return read >= least && read <= most ? read : misfit(narrow, value)
    },
    ...(kind.write && { write: kind.write }),
  }
  return narrow
}

/** One word, or what another kind takes. */
export function wordOr<W extends string, T>(word: W, kind: SettingKind<T>): SettingKind<T | W> {
  const either: SettingKind<T | W> = {
    name: `"${word}", or ${kind.name}`,
    example: kind.example,
    read: value => {
      try {
        return value === word ? word : kind.read(value)
      } catch (error) {
        if (!(error instanceof Misfit)) throw error
        return misfit(either, value)
      }
    },
    write: value => (value === word ? plainly(word) : writtenValue(kind, value as T)),
  }
  return either
}

/** Says what was expected and what was found; the value is cut, so that a wrong file cannot flood the terminal. */
function misfit<T>(kind: SettingKind<T>, value: unknown): never {
  throw new Misfit(`must be ${kind.name}, such as ${kind.example}, not ${shown(value)}`)
}

function shown(value: unknown): string {
  if (Array.isArray(value)) return 'a list'
  if (value instanceof Date) return 'a date'
  if (typeof value === 'object' && value !== null) return 'a table'
  const whole = typeof value === 'string' ? JSON.stringify(value) : String(value)
  return whole.length > 60 ? `${whole.slice(0, 57)}…` : whole
}

function amount(kind: SettingKind<number>, value: unknown, units: Record<string, number>, plain: number): number {
  if (typeof value === 'number') {
    return value >= 0 && Number.isSafeInteger(Math.round(value * plain))
      ? Math.round(value * plain)
      : misfit(kind, value)
  }
  const parts = typeof value === 'string' ? /^(\d{1,12}(?:\.\d{1,6})?) ?([a-z]+)$/i.exec(value) : null
  const unit = Object.keys(units).find(name => name.toLowerCase() === parts?.[2]?.toLowerCase())
  if (!parts || unit === undefined) return misfit(kind, value)
  return Math.round(Number(parts[1]) * units[unit]!)
}

/** In the greatest unit of which it is a whole number; nothing needs none. */
function written(value: number, units: Record<string, number>): string {
  if (value === 0) return '0'
  const [unit, worth] = Object.entries(units).findLast(([, size]) => value % size === 0) ?? [Object.keys(units)[0]!, 1]
  return `"${value / worth}${unit}"`
}

/** A value that needs no kind to be written. TOML's strings are JSON's, but for one character. */
function plainly(value: unknown): string {
  return typeof value === 'string' ? JSON.stringify(value).replaceAll('\u007f', '\\u007f') : String(value)
}

function isHost(parts: RegExpExecArray): boolean {
  if (parts[1] !== undefined) return parts[1].includes(':') && URL.canParse(`http://[${parts[1]}]/`)
  if (parts[2]!.toLowerCase() === 'localhost') return true
  return /^\d{1,3}(\.\d{1,3}){3}$/.test(parts[2]!) && parts[2]!.split('.').every(part => Number(part) <= 255)
}
