import type { Answer } from '../../server/command.ts'
import { dataForm, type FieldType, plainField } from '../../wire/form.ts'
import { Jid } from '../../wire/jid.ts'
import type { Note, Outcome } from './exports.ts'

type Rows = NonNullable<Answer['rows']>
type Cell = Rows[number][string]

/** What an operator's command answered, for clients: a note of what it says, and its rows as a table (XEP-0004 §3.4). */
export function outcomeOf({ say, rows = [] }: Answer, title: string, rowsAtMost: number): Outcome {
  const notes: Note[] = []
  if (say !== undefined) notes.push({ type: 'info', text: legal(say) })
  else if (rows.length === 0) notes.push({ type: 'info', text: 'There is nothing to show.' })
  if (rows.length > rowsAtMost)
    notes.push({ type: 'warn', text: `These are the first ${rowsAtMost} of ${rows.length}.` })
  return { notes, payload: rows.length === 0 ? [] : [tableOf(rows.slice(0, rowsAtMost), title)] }
}

function tableOf(rows: Rows, title: string) {
  const columns = Object.keys(rows[0]!)
  return dataForm.write({
    type: 'result',
    title,
    instructions: [],
    fields: [],
    reported: {
      fields: columns.map(name => plainField({ name, label: name, type: typeOf(rows.map(row => row[name] ?? null)) })),
    },
    items: rows.map(row => ({
      fields: columns.map(name => plainField({ name, values: [written(row[name] ?? null)] })),
    })),
  })
}

/** What clients may do with a column beside showing it. */
function typeOf(column: readonly Cell[]): FieldType {
  if (column.every(cell => typeof cell === 'boolean')) return 'boolean'
  if (column.every(cell => typeof cell === 'string' && Jid.tryParse(cell)?.local)) return 'jid-single'
  return 'text-single'
}

function written(cell: Cell): string {
  return cell === null ? '' : legal(String(cell))
}

/** Without what XML cannot carry (XML 1.0 §2.2): rows may show what somebody else has written. */
function legal(text: string): string {
  return text.replaceAll(/[\0-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|\p{Surrogate}/gu, '\ufffd')
}
