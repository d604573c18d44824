import { attr, element, flag, type Infer, leaf, maybe, one } from './codec.ts'
import { Malformed } from './errors.ts'
import { text, whole } from './kinds.ts'
import { readDate, readDateTime, readTime } from './time.ts'

const ns = 'http://jabber.org/protocol/xdata-validate'

/** What a field's values must be like (XEP-0122). No method means basic, no datatype `xs:string`. */
export const validate = element(ns, 'validate', {
  datatype: attr.maybe(text),
  basic: flag(),
  open: flag(),
  range: maybe(one(element(ns, 'range', { min: attr.maybe(text), max: attr.maybe(text) }))),
  regex: maybe(leaf(text)),
  listRange: maybe(one(element(ns, 'list-range', { min: attr.maybe(whole), max: attr.maybe(whole) }))),
})
export type Validate = Infer<typeof validate>

type Comparable = number | bigint | string

const wholeNumber = /^[+-]?[0-9]{1,40}$/
const decimal = /^[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)$/
const double = /^(?:[+-]?(?:[0-9]+(?:\.[0-9]*)?|\.[0-9]+)(?:[eE][+-]?[0-9]+)?|-?INF|NaN)$/
const uri = /^[^\s<>"{}|\\^`]*$/
const language = /^[a-zA-Z]{1,8}(?:-[a-zA-Z0-9]{1,8})*$/

function integer(bits?: bigint): (value: string) => bigint {
  return value => {
    if (!wholeNumber.test(value)) throw new Malformed('It is not a whole number')
    const number = BigInt(value.startsWith('+') ? value.slice(1) : value)
    if (bits !== undefined && BigInt.asIntN(Number(bits), number) !== number)
      throw new Malformed(`It is a number that does not fit in ${bits} bits`)
    return number
  }
}

function matching<T extends Comparable>(pattern: RegExp, what: string, read: (value: string) => T) {
  return (value: string): T => {
    if (!pattern.test(value)) throw new Malformed(`It is not ${what}`)
    return read(value)
  }
}

const same = (value: string) => value

// The datatypes that XEP-0122 §7.2.2.2 registers. What it does not know is xs:string (§4.1).
const datatypes = new Map<string, (value: string) => Comparable>([
  ['xs:string', same],
  ['xs:anyURI', matching(uri, 'a URI', same)],
  ['xs:language', matching(language, 'a language tag', same)],
  ['xs:byte', integer(8n)],
  ['xs:short', integer(16n)],
  ['xs:int', integer(32n)],
  ['xs:long', integer(64n)],
  ['xs:integer', integer()],
  ['xs:decimal', matching(decimal, 'a decimal number', Number)],
  ['xs:double', matching(double, 'a number', value => Number(value.replace('INF', 'Infinity')))],
  ['xs:date', value => readDate(value).getTime()],
  ['xs:dateTime', value => readDateTime(value).getTime()],
  ['xs:time', timeOfDay],
])

/** Milliseconds since midnight in UTC, or as it stands where no zone is named. */
function timeOfDay(value: string): number {
  const { milliseconds, offset = 0 } = readTime(value)
  return milliseconds - offset * 60_000
}

/**
 * Throws `Malformed` with a sentence about "it" where a value does not have the datatype or is out of its range
 * (XEP-0122 §3.1, §3.2.3). A pattern (§3.2.4) is not tried: one from another entity could keep the machine busy for
 * hours, and who declares a form of its own knows a better way.
 */
export function checkValue(rule: Validate, value: string): void {
  const read = datatypes.get(rule.datatype ?? 'xs:string') ?? same
  const comparable = read(value)
  const { min, max } = rule.range ?? {}
  if (read === same) return
  if ((min !== undefined && comparable < read(min)) || (max !== undefined && comparable > read(max)))
    throw new Malformed(`It is not ${between(min, max)}`)
}

/** Throws `Malformed` where there are fewer or more values than a field of type list-multi takes (XEP-0122 §3.3). */
export function checkCount(rule: Validate, count: number): void {
  const { min = 0, max = Number.POSITIVE_INFINITY } = rule.listRange ?? {}
  if (count < min) throw new Malformed(`At least ${min} must be chosen`)
  if (count > max) throw new Malformed(`At most ${max} may be chosen`)
}

function between(min: string | undefined, max: string | undefined): string {
  if (min === undefined) return `at most ${max}`
  return max === undefined ? `at least ${min}` : `between ${min} and ${max}`
}
