import { attr, element, flag, type Infer, leaf, many, maybe, one } from './codec.ts'
import { Malformed } from './errors.ts'
import { checkCount, checkValue, validate } from './form-validation.ts'
import { Jid } from './jid.ts'
import { bool, type Kind, oneOf, text } from './kinds.ts'

export const formNamespace = 'jabber:x:data'

/** The field types of XEP-0004 §3.3. */
export const fieldTypes = [
  'boolean',
  'fixed',
  'hidden',
  'jid-multi',
  'jid-single',
  'list-multi',
  'list-single',
  'text-multi',
  'text-private',
  'text-single',
] as const
export type FieldType = (typeof fieldTypes)[number]

// XEP-0004 §3.3: text-single is what a type is that one does not understand.
const fieldType: Kind<FieldType> = { ...oneOf(...fieldTypes), read: value => known(value) ?? 'text-single' }

function known(value: string): FieldType | undefined {
  return fieldTypes.find(type => type === value)
}

const option = element(formNamespace, 'option', { label: attr.maybe(text), value: leaf(text) })

/** A field as it stands in a form (XEP-0004 §3.2). */
export const formField = element(formNamespace, 'field', {
  name: attr.maybe(text, 'var'),
  type: attr.maybe(fieldType),
  label: attr.maybe(text),
  description: maybe(leaf(text, 'desc')),
  required: flag(),
  validate: maybe(one(validate)),
  values: many(leaf(text, 'value')),
  options: many(option),
})
export type FormField = Infer<typeof formField>

const reported = element(formNamespace, 'reported', { fields: many(formField) })
const item = element(formNamespace, 'item', { fields: many(formField) })

/** A data form of any kind (XEP-0004 §3). */
export const dataForm = element(formNamespace, 'x', {
  type: attr(oneOf('form', 'submit', 'cancel', 'result')),
  title: maybe(leaf(text)),
  instructions: many(leaf(text)),
  fields: many(formField),
  reported: maybe(one(reported)),
  items: many(item),
})
export type DataForm = Infer<typeof dataForm>

/** The field that says what a form is about (XEP-0068 §3.1). */
export const formType = 'FORM_TYPE'

/**
 * What a form is about (XEP-0068): the value of its FORM_TYPE. Undefined where it has none; in a form that is no
 * submission the field only counts when it is hidden (§4.1).
 */
export function formTypeOf(form: DataForm): string | undefined {
  const field = form.fields.find(field => field.name === formType)
  return field && (field.type === 'hidden' || form.type === 'submit') ? field.values[0] : undefined
}

/** A field with nothing but what is given. */
export function plainField(field: Partial<FormField>): FormField {
  return { required: false, values: [], options: [], ...field }
}

/**
 * Throws `Malformed`, naming the field, where these values are not what a field of a form asks for: their number, its
 * type, its options (XEP-0004 §3.2, §3.3) and its validation (XEP-0122).
 */
export function checkValues(field: FormField, values: readonly string[]): void {
  try {
    check(field, values)
  } catch (error) {
    if (error instanceof Malformed) throw new Malformed(`${fieldText(field)}: ${error.message}`)
    throw error
  }
}

/** A field as messages name it. */
export function fieldText(field: { readonly name?: string; readonly label?: string }): string {
  return `The field "${field.name ?? ''}"${field.label ? ` (${field.label})` : ''}`
}

function check(field: FormField, values: readonly string[]): void {
  const type = field.type ?? 'text-single'
  if (field.required && values.every(value => value === '')) throw new Malformed('It is required')
  if (values.length > 1 && !type.endsWith('-multi') && type !== 'hidden') throw new Malformed('It takes only one value')
  if (field.validate && type === 'list-multi')
    checkCount(field.validate, new Set(values.filter(value => value !== '')).size)
  for (const value of values) if (value !== '') checkOne(field, type, value)
}

function checkOne(field: FormField, type: FieldType, value: string): void {
  if (type === 'boolean') bool.read(value)
  if (type === 'jid-single' || type === 'jid-multi') Jid.parse(value)
  if (type === 'list-single' || type === 'list-multi') checkOption(field, value)
  // Fields of several lines are one text, unless the method says otherwise (XEP-0122 §3.2.2).
  if (field.validate && (type !== 'text-multi' || !field.validate.basic)) checkValue(field.validate, value)
}

function checkOption(field: FormField, value: string): void {
  const rule = field.validate
  // XEP-0122 §3.2: every method but basic implies open.
  const open = rule && (rule.open || rule.range !== undefined || rule.regex !== undefined)
  if (!open && !field.options.some(option => option.value === value))
    throw new Malformed(`It is none of ${field.options.map(option => option.value).join(', ')}`)
}
