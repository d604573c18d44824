import { Malformed } from './errors.ts'

/** A time of day as XEP-0082 §3.3 writes it. */
export interface TimeOfDay {
  /** Milliseconds since midnight, as it stands: not moved by the offset. */
  readonly milliseconds: number
  /** Minutes that its zone is ahead of UTC; undefined where it names no zone. */
  readonly offset?: number
}

const day = 86_400_000

/**
 * The moment that a DateTime names (XEP-0082 §3.2), to the millisecond: `1969-07-20T21:56:15-05:00`. Throws `Malformed`
 * where the text is not one, or names a day that is not in the calendar.
 */
export function readDateTime(text: string): Date {
  const separator = text.charCodeAt(10)
  const date = separator === 0x54 ? calendarDay(text, 0) : Number.NaN
  const end = fractionEnd(text, 19)
  const time = clock(text, 11, end)
  const offset = zone(text, end)
  const value = date + time - (offset ?? Number.NaN) * 60_000
  if (Number.isNaN(value)) throw new Malformed('A date and time is written like 2002-09-10T23:08:25Z (XEP-0082)')
  return new Date(value)
}

/** A moment as DateTime in UTC; fractions of a second only where there are any. Throws RangeError beyond the years 0 to 9999. */
export function writeDateTime(moment: Date): string {
  const text = fourDigits(moment)
  return text.endsWith('.000Z') ? `${text.slice(0, 19)}Z` : text
}

/** Midnight in UTC of the day that a Date names (XEP-0082 §3.1): `1776-07-04`. Throws `Malformed`. */
export function readDate(text: string): Date {
  const value = text.length === 10 ? calendarDay(text, 0) : Number.NaN
  if (Number.isNaN(value)) throw new Malformed('A date is written like 2002-09-10 (XEP-0082)')
  return new Date(value)
}

/** The day, in UTC, of a moment. Throws RangeError beyond the years 0 to 9999. */
export function writeDate(moment: Date): string {
  return fourDigits(moment).slice(0, 10)
}

/** The time of day that a Time names (XEP-0082 §3.3): `16:00:00`. Throws `Malformed`. */
export function readTime(text: string): TimeOfDay {
  const end = fractionEnd(text, 8)
  const milliseconds = clock(text, 0, end)
  const offset = end === text.length ? 0 : zone(text, end)
  if (Number.isNaN(milliseconds) || offset === undefined)
    throw new Malformed('A time is written like 23:08:25 or 23:08:25Z (XEP-0082)')
  // XML Schema: the end of a day is the same time of day as its begin.
  const time = milliseconds % day
  return end === text.length ? { milliseconds: time } : { milliseconds: time, offset }
}

/** A time of day as Time. Throws RangeError where it is not within a day, or the offset beyond 14 hours. */
export function writeTime(time: TimeOfDay): string {
  const { milliseconds, offset } = time
  if (!(milliseconds >= 0 && milliseconds < day)) throw new RangeError('A time of day is within the day')
  const text = writeDateTime(new Date(Math.floor(milliseconds))).slice(11, -1)
  if (offset === undefined) return text
  if (offset === 0) return `${text}Z`
  const ahead = Math.abs(offset)
  if (!(ahead <= 840)) throw new RangeError('An offset from UTC is at most 14 hours')
  return `${text}${offset < 0 ? '-' : '+'}${two(Math.floor(ahead / 60))}:${two(ahead % 60)}`
}

function two(value: number): string {
  return value < 10 ? `0${value}` : `${value}`
}

function fourDigits(moment: Date): string {
  const text = moment.toISOString()
  if (text.length !== 24) throw new RangeError('XEP-0082 writes years with four digits')
  return text
}

/** So many digits as a number, or NaN. */
function digits(text: string, from: number, count: number): number {
  let value = 0
  for (let i = from; i < from + count; i++) {
    const code = text.charCodeAt(i)
    if (!(code >= 0x30 && code <= 0x39)) return Number.NaN
    value = value * 10 + code - 0x30
  }
  return value
}

/** Milliseconds since 1970 of the midnight of `CCYY-MM-DD`, or NaN. */
function calendarDay(text: string, from: number): number {
  const year = digits(text, from, 4)
  const month = digits(text, from + 5, 2)
  const date = digits(text, from + 8, 2)
  if (text.charCodeAt(from + 4) !== 0x2d || text.charCodeAt(from + 7) !== 0x2d) return Number.NaN
  // 400 years later is the same calendar, and Date.UTC takes years below 100 for those of the twentieth century.
  const value = Date.UTC(year + 400, month - 1, date) - 146_097 * day
  const again = new Date(value)
  return again.getUTCMonth() === month - 1 && again.getUTCDate() === date ? value : Number.NaN
}

/** Where the fraction that may begin here ends. */
function fractionEnd(text: string, from: number): number {
  if (text.charCodeAt(from) !== 0x2e) return from
  let end = from + 1
  while (text.charCodeAt(end) >= 0x30 && text.charCodeAt(end) <= 0x39) end++
  return end
}

/** Milliseconds since midnight of `hh:mm:ss[.sss]`, or NaN. Digits beyond the third are cut off. */
function clock(text: string, from: number, end: number): number {
  const hours = digits(text, from, 2)
  const minutes = digits(text, from + 3, 2)
  const seconds = digits(text, from + 6, 2)
  if (text.charCodeAt(from + 2) !== 0x3a || text.charCodeAt(from + 5) !== 0x3a) return Number.NaN
  const fraction = from + 9
  if (end === fraction) return Number.NaN
  const length = Math.max(0, Math.min(3, end - fraction))
  const value = ((hours * 60 + minutes) * 60 + seconds) * 1000 + digits(text, fraction, length) * 10 ** (3 - length)
  // XML Schema: 24:00:00 is the end of the day.
  return minutes < 60 && seconds < 60 && (hours < 24 || value === day) ? value : Number.NaN
}

/** Minutes ahead of UTC of the `Z` or `+hh:mm` that ends the text here, or undefined. */
function zone(text: string, from: number): number | undefined {
  const sign = text.charCodeAt(from)
  if (sign === 0x5a) return text.length === from + 1 ? 0 : undefined
  if ((sign !== 0x2b && sign !== 0x2d) || text.length !== from + 6 || text.charCodeAt(from + 3) !== 0x3a)
    return undefined
  const minutes = digits(text, from + 4, 2)
  const value = digits(text, from + 1, 2) * 60 + minutes
  // XML Schema: at most 14 hours.
  if (!(value <= 840 && minutes < 60)) return undefined
  return sign === 0x2d ? -value : value
}
