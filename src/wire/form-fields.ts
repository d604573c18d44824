import { Malformed } from './errors.ts'
import { type FieldType, type FormField, plainField } from './form-data.ts'
import type { Validate } from './form-validation.ts'
import { Jid } from './jid.ts'
import { bool } from './kinds.ts'
import { readDateTime, writeDateTime } from './time.ts'

/** What every field may say beside its label. */
export interface FieldOptions {
  /** Must be filled in. */
  readonly required?: boolean
  /** A sentence that explains the field. */
  readonly description?: string
  /** The field's name where it is not the form's prefix and the key. */
  readonly name?: string
}

/** A field that a form declares: how it looks, and what its values mean. */
export interface Declared<T, Required extends boolean = boolean> {
  readonly required: Required
  readonly name: string | undefined
  /** The field as it stands in the form, without name and values. */
  readonly field: FormField
  /** The value of a submission that has been checked. Throws `Malformed` about "it". */
  read(values: readonly string[]): T
  write(value: T): readonly string[]
}

/** A line of text between the fields, for people (XEP-0004 §3.3, fixed). */
export interface Fixed {
  readonly fixed: string
}

type Needed<O> = O extends { readonly required: true } ? true : false

function declare<T, O extends FieldOptions>(
  type: FieldType,
  label: string,
  options: O | undefined,
  more: Partial<FormField>,
  read: (values: readonly string[]) => T,
  write: (value: T) => readonly string[],
): Declared<T, Needed<O>> {
  const { required = false, description, name } = options ?? ({} as FieldOptions)
  const field = plainField({ type, label, required, ...(description && { description }), ...more })
  return { required: required as Needed<O>, name, field, read, write }
}

const first = (values: readonly string[]) => values[0] ?? ''
const single = (value: string) => [value]

/** Reads a value that is gone when it is empty (XEP-0004 §3.6). */
function orNothing<T>(read: (value: string) => T): (values: readonly string[]) => T | undefined {
  return values => (first(values) === '' ? undefined : read(values[0]!))
}

function orEmpty<T>(write: (value: T) => string): (value: T | undefined) => readonly string[] {
  return value => (value === undefined ? [] : [write(value)])
}

/** The value of a field that may be emptied: it is not, where it is required. */
type Emptied<T, O> = Needed<O> extends true ? T : T | undefined

function emptiable<T, const O extends FieldOptions>(
  type: FieldType,
  label: string,
  options: O | undefined,
  more: Partial<FormField>,
  read: (value: string) => T,
  write: (value: T) => string,
): Declared<Emptied<T, O>, Needed<O>> {
  // A required field has been checked not to be empty before it is read.
  const field = declare<T | undefined, O>(type, label, options, more, orNothing(read), orEmpty(write))
  return field as Declared<Emptied<T, O>, Needed<O>>
}

/** One line of text. */
export function textSingle<const O extends FieldOptions>(label: string, options?: O) {
  return declare<string, O>('text-single', label, options, {}, first, single)
}

/** One line of text that is not shown while it is typed. */
export function textPrivate<const O extends FieldOptions>(label: string, options?: O) {
  return declare<string, O>('text-private', label, options, {}, first, single)
}

/** Lines of text, as one text with newlines (XEP-0004 §3.3). */
export function textMulti<const O extends FieldOptions>(label: string, options?: O) {
  const write = (value: string) => (value === '' ? [] : value.split('\n').map(line => line.replaceAll('\r', '')))
  return declare<string, O>('text-multi', label, options, {}, values => values.join('\n'), write)
}

/** Yes or no; nothing is no (XEP-0004 §3.3). */
export function boolean<const O extends FieldOptions>(label: string, options?: O) {
  const read = (values: readonly string[]) => first(values) !== '' && bool.read(values[0]!)
  return declare<boolean, O>('boolean', label, options, {}, read, value => [value ? '1' : '0'])
}

/** A text that people do not see and that comes back with the form. */
export function hidden<const O extends FieldOptions>(options?: O): Declared<string, Needed<O>> {
  const { field, ...declared } = declare<string, O>('hidden', '', options, {}, first, single)
  const { label: _, ...unlabelled } = field
  return { ...declared, field: unlabelled }
}

/** A line of text between the fields. */
export function fixed(text: string): Fixed {
  return { fixed: text }
}

/** An address; undefined is none. */
export function jidSingle<const O extends FieldOptions>(label: string, options?: O) {
  return emptiable<Jid, O>('jid-single', label, options, {}, Jid.parse, String)
}

/** Addresses, each once (XEP-0004 §3.3). */
export function jidMulti<const O extends FieldOptions>(label: string, options?: O) {
  const read = (values: readonly string[]) => [...new Map(filled(values).map(keyed)).values()]
  return declare<readonly Jid[], O>('jid-multi', label, options, {}, read, jids => jids.map(String))
}

function filled(values: readonly string[]): readonly string[] {
  return values.filter(value => value !== '')
}

function keyed(value: string): readonly [string, Jid] {
  const jid = Jid.parse(value)
  return [jid.full, jid]
}

/** The values of choices: their keys as text. */
type Choice<C> = `${keyof C & (string | number)}`

/** One of several options, given as values with their labels; undefined is none. Values that are numbers stand in front. */
export function listSingle<const C extends Readonly<Record<string, string>>, const O extends FieldOptions>(
  label: string,
  choices: C,
  options?: O,
) {
  const read = (value: string) => value as Choice<C>
  return emptiable<Choice<C>, O>('list-single', label, options, { options: offered(choices) }, read, String)
}

/** Several of some options, each once, in the order they came; `least` and `most` of them (XEP-0122 §3.3). */
export function listMulti<
  const C extends Readonly<Record<string, string>>,
  const O extends FieldOptions & { readonly least?: number; readonly most?: number },
>(label: string, choices: C, options?: O) {
  const { least, most } = options ?? ({} as { least?: number; most?: number })
  const listRange = { ...(least !== undefined && { min: least }), ...(most !== undefined && { max: most }) }
  const counted = least !== undefined || most !== undefined
  const more = { options: offered(choices), ...(counted && { validate: { basic: true, open: false, listRange } }) }
  const read = (values: readonly string[]) => [...new Set(filled(values))] as Choice<C>[]
  return declare<readonly Choice<C>[], O>('list-multi', label, options, more, read, values => values)
}

function offered(choices: Readonly<Record<string, string>>): FormField['options'] {
  return Object.entries(choices).map(([value, label]) => ({ label, value }))
}

/** A whole number from `least` to `greatest` (XEP-0122); undefined is none. */
export function whole<const O extends FieldOptions & { readonly least?: number; readonly greatest?: number }>(
  label: string,
  options?: O,
) {
  const { least, greatest } = options ?? ({} as { least?: number; greatest?: number })
  const validate = ranged('xs:integer', least?.toString(), greatest?.toString())
  return emptiable<number, O>('text-single', label, options, { validate }, exactNumber, String)
}

function exactNumber(value: string): number {
  const number = Number(value)
  if (!Number.isSafeInteger(number)) throw new Malformed('It is a number too big to be exact')
  return number
}

/** A moment from `least` to `greatest` (XEP-0122, XEP-0082); undefined is none. */
export function moment<const O extends FieldOptions & { readonly least?: Date; readonly greatest?: Date }>(
  label: string,
  options?: O,
) {
  const { least, greatest } = options ?? ({} as { least?: Date; greatest?: Date })
  const validate = ranged('xs:dateTime', least && writeDateTime(least), greatest && writeDateTime(greatest))
  return emptiable<Date, O>('text-single', label, options, { validate }, readDateTime, writeDateTime)
}

function ranged(datatype: string, min: string | undefined, max: string | undefined): Validate {
  if (min === undefined && max === undefined) return { datatype, basic: true, open: false }
  const range = { ...(min !== undefined && { min }), ...(max !== undefined && { max }) }
  return { datatype, basic: false, open: false, range }
}
