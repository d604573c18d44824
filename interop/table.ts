import { mkdir, writeFile } from 'node:fs/promises'
import { dirname } from 'node:path'
import { abilities } from './abilities.ts'
import type { Cell } from './cells.ts'
import type { Kind } from './client.ts'

/** What one kind of client did. */
export interface Column {
  readonly kind: Kind
  readonly version: string
  readonly cells: readonly Cell[]
}

const row = (cells: readonly string[]) => `| ${cells.join(' | ')} |`

function grid(headings: readonly string[], rows: readonly (readonly string[])[]): string {
  return [row(headings), row(headings.map(() => '---')), ...rows.map(row)].join('\n')
}

function cellOf({ cells }: Column, ability: string): Cell {
  return cells.find(cell => cell.ability === ability)!
}

/** The table of abilities by clients, in Markdown. */
export function abilityTable(columns: readonly Column[]): string {
  const headings = ['', ...columns.map(({ kind }) => kind.name)]
  const rows = abilities.map(({ name }) => [name, ...columns.map(column => cellOf(column, name).result)])
  return grid(headings, rows)
}

/** How each client logged in, where it shows it. */
function loginTable(columns: readonly Column[]): string {
  const rows = columns.map(column => {
    const scram = cellOf(column, 'SCRAM')
    const tls = cellOf(column, 'STARTTLS').seen
    const mechanism = scram.result === 'ok' ? scram.seen : scram.result === 'failed' ? 'failed' : 'PLAIN'
    return [column.kind.name, column.version, column.kind.source, tls === 'secured' ? '' : tls, mechanism]
  })
  return grid(['client', 'version', 'from', 'TLS, where it tells', 'mechanism'], rows)
}

/** Why clients cannot do something, the same reason told once. */
function reasons(columns: readonly Column[]): string {
  const lines: string[] = []
  for (const { kind, cells } of columns) {
    const byReason = Map.groupBy(
      cells.filter(cell => cell.result === '–'),
      cell => cell.seen,
    )
    for (const [reason, of] of byReason) {
      const names = of.map(cell => cell.ability)
      const what = names.length > 4 ? `the other ${names.length}` : names.join(', ')
      lines.push(`- **${kind.name}**, ${what}: ${reason}.`)
    }
  }
  return lines.join('\n')
}

/** The document of the table. Nothing in it changes from run to run, unless something changed. */
export function document(columns: readonly Column[]): string {
  return `# Which clients work, and with what

Written by \`npm run interop\`: each cell is a run of the real client against Jackdaw as it is started by \`jackdaw start\`.
\`ok\` was done and seen, \`failed\` was not, \`–\` is what the client itself cannot do. The other side of each conversation
is another client: @xmpp/client, or for that one libstrophe.

${abilityTable(columns)}

## The clients

${loginTable(columns)}

## What was tried

${abilities.map(({ name, means }) => `- **${name}**: ${means}.`).join('\n')}

## What clients cannot do

${reasons(columns)}
`
}

export async function writeDocument(file: string, columns: readonly Column[]): Promise<void> {
  await mkdir(dirname(file), { recursive: true })
  await writeFile(file, document(columns))
}
