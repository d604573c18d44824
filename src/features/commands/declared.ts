import { AccountError } from '../../server/accounts.ts'
import type { Argument, Command } from '../../server/command.ts'
import { Misfit } from '../../server/config.ts'
import {
  boolean,
  type Declared,
  type Form,
  form,
  jidSingle,
  plainField,
  textMulti,
  textPrivate,
  textSingle,
} from '../../wire/form.ts'
import type { Jid } from '../../wire/jid.ts'
import { outcomeOf } from './answers.ts'
import type { AdHocCommand, Outcome } from './exports.ts'

type Values = Readonly<Record<string, string | number | boolean | undefined>>

/** What a form has for an argument; an address comes back as one. */
type Filled = Readonly<Record<string, string | number | boolean | Jid | undefined>>

/** An operator's command as one that a client executes. At most so many rows of its answer are shown. */
export function declaredCommand(command: Command, rowsAtMost: () => number): AdHocCommand {
  const node = command.words.join('/')
  const end = (values: Values) => run(command, values, rowsAtMost())
  const asked = command.arguments.length === 0 ? undefined : formOf(command, node)
  return {
    node,
    name: `${command.words.join(' ')}: ${firstSentence(command.manual)}`,
    begin: () =>
      asked === undefined
        ? end({})
        : { form: asked.render(), actions: ['complete'], submit: filled => end(valuesOf(asked.read(filled)!)) },
  }
}

/** Runs it. What went wrong for a reason that people can mend is an outcome too (XEP-0050 §3.6). */
async function run(command: Command, values: Values, rowsAtMost: number): Promise<Outcome> {
  try {
    return outcomeOf(await command.run(values), command.words.join(' '), rowsAtMost)
  } catch (error) {
    if (!isForPeople(error)) throw error
    return { notes: [{ type: 'error', text: error.message }] }
  }
}

/** Errors that commands throw to say what to do, unlike refusals of stanzas, faults of the disk and bugs. */
function isForPeople(error: unknown): error is Error {
  return (
    error instanceof AccountError || error instanceof Misfit || (error instanceof Error && error.constructor === Error)
  )
}

function formOf({ words, manual, arguments: all }: Command, node: string): Form<Filled> {
  const fields = Object.fromEntries(all.map(argument => [argument.name, fieldOf(argument)]))
  return form(`urn:jackdaw:${node}`, fields, { title: words.join(' '), instructions: manual }) as Form<Filled>
}

function fieldOf({ kind, manual, optional, option }: Argument): Declared<unknown> {
  const options = { required: optional !== true && option !== true && kind !== 'flag' }
  switch (kind) {
    case 'jid':
      return jidSingle(manual, options)
    case 'text':
      return textSingle(manual, options)
    case 'input':
      return textMulti(manual, options)
    case 'secret':
      return textPrivate(manual, options)
    case 'flag':
      return boolean(manual, options)
    case 'number':
      return number(manual, options.required)
  }
}

/** Any number, as the command line takes it. */
function number(label: string, required: boolean): Declared<number | undefined> {
  const validate = { datatype: 'xs:decimal', basic: true, open: false }
  return {
    required,
    name: undefined,
    field: plainField({ type: 'text-single', label, required, validate }),
    read: ([value = '']) => (value === '' ? undefined : Number(value)),
    write: value => (value === undefined ? [] : [String(value)]),
  }
}

/** The values as the command line would give them: what was left empty is not there. */
function valuesOf(filled: Filled): Values {
  const entries = Object.entries(filled).map(([name, value]) => [
    name,
    typeof value === 'object' ? value.full : value === '' ? undefined : value,
  ])
  return Object.fromEntries(entries)
}

function firstSentence(manual: string): string {
  return /^.*?[.:](?=\s|$)/s.exec(manual)?.[0].slice(0, -1) ?? manual
}
