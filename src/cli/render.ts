import { keyOf } from '../server/check-config.ts'
import type { Answer, Argument } from '../server/command.ts'
import { isPlace, isTyped, usage } from './command-line.ts'
import type { CommandShape } from './control.ts'
import { harmless, type Look } from './terminal.ts'

/** Characters of the list of commands that are for how they are typed. */
const usageWidth = 36

type Cell = string | number | boolean | null

/** What a command answered, for people: the sentence, then the rows as a table. Ends in a new line, or is empty. */
export function answerText(answer: Answer, style: Look): string {
  const say = answer.say === undefined ? '' : `${answer.say.split('\n').map(harmless).join('\n')}\n`
  return say + (answer.rows && answer.rows.length > 0 ? tableText(answer.rows, style) : '')
}

function tableText(rows: readonly Readonly<Record<string, Cell>>[], style: Look): string {
  const columns = Object.keys(rows[0]!)
  const cells = rows.map(row => columns.map(column => cellText(row[column] ?? null)))
  const widths = columns.map((column, index) =>
    cells.reduce((most, row) => Math.max(most, row[index]!.length), column.length),
  )
  const isNumber = columns.map(column => rows.every(row => typeof row[column] === 'number'))
  const line = (texts: readonly string[]) =>
    texts
      .map((text, index) => (isNumber[index] ? text.padStart(widths[index]!) : text.padEnd(widths[index]!)))
      .join('  ')
      .trimEnd()
  return [style.dim(line(columns)), ...cells.map(line)].map(text => `${text}\n`).join('')
}

function cellText(value: Cell): string {
  if (value === null) return '-'
  if (typeof value === 'boolean') return value ? 'yes' : 'no'
  return harmless(String(value))
}

/** The page that lists all commands. */
export function helpText(commands: readonly CommandShape[], remark: string, style: Look): string {
  const sorted = [...commands].sort((a, b) => a.words.join(' ').localeCompare(b.words.join(' ')))
  const width = Math.min(usageWidth, Math.max(...sorted.map(command => usage(command).length)))
  const lines = sorted.map(command => {
    const typed = usage(command)
    // A long one has its sentence on the next line.
    const gap = typed.length > width ? `\n${' '.repeat(width + 4)}` : ' '.repeat(width - typed.length + 2)
    return `  ${style.bold(typed)}${gap}${firstSentence(command.manual)}`
  })
  return `Jackdaw, an XMPP server.

${lines.join('\n')}
${remark}
Options of every command:
  --config FILE  the configuration file (default: ./jackdaw.toml, where there is one)
  --data FOLDER  the data directory (default: what the file says, else ./jackdaw-data)
  --json         one JSON value on standard output, for machines
  --help, -h     the manual of a command, as "jackdaw help COMMAND"
  --version, -v  the version of this program

Exit codes: 0 done, 1 refused or failed, 2 wrong command line or configuration.
`
}

const notes: Partial<Record<Argument['kind'], string>> = {
  secret: ' Asked for on a terminal, else one line of standard input.',
  input: ' All of standard input.',
}

/** Where an argument comes from, behind its sentence of manual; empty where it stands on the command line. */
export function argumentNote({ kind }: Argument): string {
  return notes[kind] ?? ''
}

/** How an argument is called in the manual of its command. */
export function argumentName(argument: Argument): string {
  const key = keyOf(argument.name)
  if (isTyped(argument)) return key
  return isPlace(argument) ? key.toUpperCase() : `--${key}`
}

/** The manual of one command. */
export function manualText(command: CommandShape, style: Look): string {
  const names = command.arguments.map(argumentName)
  const width = Math.max(0, ...names.map(name => name.length))
  const lines = command.arguments.map(
    (argument, index) => `  ${style.bold(names[index]!.padEnd(width))}  ${argument.manual}${argumentNote(argument)}`,
  )
  const places = command.arguments.filter(argument => isPlace(argument) || isTyped(argument))
  const many =
    !command.local && places.some(isPlace)
      ? `\nWith "-" instead of its arguments, it runs once for each line of standard input:\n  ${places.map(({ name }) => keyOf(name)).join(' ')}\n`
      : ''
  return `usage: ${usage(command)}\n\n${command.manual}\n${lines.length > 0 ? `\n${lines.join('\n')}\n` : ''}${many}`
}

function firstSentence(manual: string): string {
  return /^.*?[.](?=\s|$)/s.exec(manual)?.[0] ?? manual
}
