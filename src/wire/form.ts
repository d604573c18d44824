import type { Element } from './element.ts'
import { Malformed } from './errors.ts'
import {
  checkValues,
  type DataForm,
  dataForm,
  type FormField,
  fieldText,
  formType,
  formTypeOf,
  plainField,
} from './form-data.ts'
import type { Declared, Fixed } from './form-fields.ts'

export * from './form-data.ts'
export * from './form-fields.ts'

type Fields = Readonly<Record<string, Declared<unknown> | Fixed>>
type ValueOf<F> = F extends Declared<infer T> ? T : never
type Simple<T> = { [K in keyof T]: T[K] }

/** The values of a form's fields. A submission always has the required ones; others may be left out and stay as they are. */
export type FormValues<F> = Simple<
  { readonly [K in keyof F as F[K] extends Declared<unknown, true> ? K : never]: ValueOf<F[K]> } & {
    readonly [K in keyof F as F[K] extends Declared<unknown, true> | Fixed ? never : K]?: ValueOf<F[K]>
  }
>

/** The values of a form: those of its declaration, by `typeof`. */
export type ValuesOf<F> = F extends Form<infer V> ? V : never

/** A form declared once: shown, submitted, read and reported by the same declaration. */
export interface Form<V> {
  /** The value of its FORM_TYPE (XEP-0068). */
  readonly type: string
  /** The form to fill in, with what is known already. */
  render(values?: Partial<V>): Element
  /** A form filled in. */
  submit(values: V): Element
  /**
   * What was submitted, or undefined where it was cancelled. Only what was submitted is there (XEP-0004 §3.5); fields that
   * are not declared are passed over (§3.1). Throws `Malformed` naming the field, or where the form is another.
   */
  read(element: Element): V | undefined
  /** Data of this type, to answer with or to put in disco (XEP-0128). */
  result(values: Partial<V>): Element
  /** The data of this type in a result; undefined where it is about something else. Throws `Malformed` naming the field. */
  readResult(element: Element): Partial<V> | undefined
  /** Several rows of data (XEP-0004 §3.4). */
  report(rows: readonly Partial<V>[]): Element
  readReport(element: Element): readonly Partial<V>[]
}

/** What stands above the fields, and in front of their names. */
export interface FormOptions {
  readonly title?: string
  readonly instructions?: string
  /** Each field is named by this and its key: `muc#roomconfig_`. */
  readonly prefix?: string
}

/** Declares a form: its FORM_TYPE, and its fields in the order that people see them. */
export function form<const F extends Fields>(type: string, fields: F, options: FormOptions = {}): Form<FormValues<F>> {
  type V = FormValues<F>
  const { title, instructions, prefix = '' } = options
  const entries = Object.entries(fields).map(([key, field]) => entry(key, field, prefix))
  const named = entries.filter(entry => entry.declared !== undefined) as Named[]
  const head = plainField({ name: formType, type: 'hidden', values: [type] })
  const write = (data: Partial<DataForm>) =>
    dataForm.write({ type: 'result', instructions: [], fields: [], items: [], ...data })

  const filled = (values: Partial<V>): FormField[] =>
    named
      .filter(({ key }) => key in values)
      .map(({ key, declared, shown }) =>
        plainField({ name: shown.name!, values: declared.write(values[key as keyof V]) }),
      )
  const checked = (data: DataForm) => {
    const other = formTypeOf(data)
    if (other !== undefined && other !== type)
      throw new Malformed(`A form of the type "${type}" was expected, not "${other}"`)
    return readFields(named, data.fields, true) as V
  }
  return {
    type,
    render: (values = {}) =>
      write({
        type: 'form',
        ...(title !== undefined && { title }),
        instructions: instructions === undefined ? [] : [instructions],
        fields: [head, ...entries.map(entry => offered(entry, values as Record<string, unknown>))],
      }),
    submit: values => write({ type: 'submit', fields: [head, ...filled(values)] }),
    read(element) {
      const data = dataForm.read(element)
      if (data.type === 'cancel') return undefined
      if (data.type !== 'submit')
        throw new Malformed(`A form filled in was expected, not one of the type "${data.type}"`)
      return checked(data)
    },
    result: values => write({ fields: [head, ...filled(values)] }),
    readResult(element) {
      const data = dataForm.read(element)
      if (data.type !== 'result' || formTypeOf(data) !== type) return undefined
      return readFields(named, data.fields, false) as Partial<V>
    },
    report: rows =>
      write({
        reported: {
          fields: named.map(({ shown: { name, label, type } }) =>
            plainField({ name: name!, type: type!, ...(label && { label }) }),
          ),
        },
        // XEP-0004 §3.4: each item has each field, though perhaps without a value.
        items: rows.map(row => ({
          fields: named.map(({ key, declared, shown }) =>
            plainField({ name: shown.name!, values: key in row ? declared.write(row[key as keyof V]) : [''] }),
          ),
        })),
      }),
    readReport: element =>
      dataForm.read(element).items.map(item => readFields(named, item.fields, false) as Partial<V>),
  }
}

interface Entry {
  readonly key: string
  readonly shown: FormField
  readonly declared: Declared<unknown> | undefined
}
type Named = Entry & { readonly declared: NonNullable<Entry['declared']> }

function entry(key: string, field: Fields[string], prefix: string): Entry {
  if ('fixed' in field) return { key, declared: undefined, shown: plainField({ type: 'fixed', values: [field.fixed] }) }
  return { key, declared: field, shown: { ...field.field, name: field.name ?? prefix + key } }
}

function offered({ key, declared, shown }: Entry, values: Record<string, unknown>): FormField {
  return declared && key in values ? { ...shown, values: declared.write(values[key]) } : shown
}

/** The values of the fields that are declared; a submission is checked to have what is required. */
function readFields(
  named: readonly Named[],
  fields: readonly FormField[],
  submission: boolean,
): Record<string, unknown> {
  const values: Record<string, unknown> = {}
  for (const { key, declared, shown } of named) {
    const field = fields.find(field => field.name === shown.name)
    if (!field) {
      if (submission && shown.required) throw new Malformed(`${fieldText(shown)}: It is required`)
      continue
    }
    checkValues(submission ? shown : { ...shown, required: false }, field.values)
    values[key] = readOne(declared, shown, field.values)
  }
  return values
}

function readOne(declared: Named['declared'], shown: FormField, values: readonly string[]): unknown {
  try {
    return declared.read(values)
  } catch (error) {
    if (error instanceof Malformed) throw new Malformed(`${fieldText(shown)}: ${error.message}`)
    throw error
  }
}
