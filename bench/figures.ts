import { execFileSync } from 'node:child_process'
import { existsSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { limit, type Measurement } from './measurement.ts'
import { peerVersion } from './peers/all.ts'
import { root } from './place.ts'
import type { Row } from './rows.ts'
import { scenarios } from './scenarios.ts'

/** What is kept of one case of a scenario: of one run of the bench. */
export interface CaseFigures {
  readonly label: string
  readonly conditions: Conditions
  readonly rows: readonly Row[]
}

/** How and where something was measured. */
export interface Conditions {
  /** In UTC, to the minute. */
  readonly date: string
  /** What the scenario did. */
  readonly title: string
  readonly jackdaw: string
  readonly node: string
  readonly prosody: string
  readonly ejabberd: string
  readonly rounds: number
  readonly seconds: number
  readonly warm: number
  /** Load average of the machine before the bench began. */
  readonly load: number
}

/** All that is known, by the scenario's key. */
export type Figures = Readonly<Record<string, readonly CaseFigures[]>>

const file = join(root, 'bench', 'figures.json')

/** What earlier runs have found; nothing where there is no file. */
export function readFigures(): Figures {
  return existsSync(file) ? (JSON.parse(readFileSync(file, 'utf8')) as Figures) : {}
}

/** Puts what one case has shown in the place of what it showed before; everything else stays, with its date. */
export function merged(before: Figures, key: string, found: CaseFigures): Figures {
  const cases = before[key] ?? []
  const known = cases.some(one => one.label === found.label)
  return { ...before, [key]: known ? cases.map(one => (one.label === found.label ? found : one)) : [...cases, found] }
}

/** Keeps what one case has shown; all that is known then. */
export function keepFigures(key: string, found: CaseFigures): Figures {
  const all = merged(readFigures(), key, found)
  // In the order of the scenarios, and each run in one line, so that a difference can be read.
  const order = Object.keys(scenarios).filter(one => all[one] !== undefined)
  const lines = order.map(one => `${JSON.stringify(one)}: [\n${all[one]!.map(written).join(',\n')}\n]`)
  writeFileSync(file, `{\n${lines.join(',\n')}\n}\n`)
  return all
}

function written({ label, conditions, rows }: CaseFigures): string {
  const head = `  {"label": ${JSON.stringify(label)}, "conditions": ${JSON.stringify(conditions)}, "rows": [`
  const row = ({ server, label, runs }: Row) =>
    `    {"server": ${JSON.stringify(server)}, "label": ${JSON.stringify(label)}, "runs": [\n${runs.map(one => `      ${JSON.stringify(one, short)}`).join(',\n')}\n    ]}`
  return `${head}\n${rows.map(row).join(',\n')}\n  ]}`
}

const short = (_: string, value: unknown) => (typeof value === 'number' ? Number(value.toPrecision(5)) : value)

/** The conditions of what is measured now. */
export function conditionsOf(
  title: string,
  load: number,
  { rounds, seconds, warm }: Pick<Conditions, 'rounds' | 'seconds' | 'warm'>,
): Conditions {
  return {
    ...{ date: new Date().toISOString().slice(0, 16).replace('T', ' '), title, jackdaw: version() },
    node: `${process.versions.node} (OpenSSL ${process.versions.openssl})`,
    ...{ prosody: peerVersion('prosody') ?? '–', ejabberd: peerVersion('ejabberd') ?? '–' },
    ...{ rounds, seconds, warm, load: Number(load.toFixed(1)) },
  }
}

/** How many of all runs others disturbed. */
export function disturbed(rows: readonly Row[]): { runs: number; disturbed: number } {
  const runs = rows.flatMap((row): readonly Measurement[] => row.runs)
  return { runs: runs.length, disturbed: runs.filter(run => limit(run) === 'machine busy').length }
}

/** The version of ours, and the commit that it was measured at. */
function version(): string {
  const { version } = JSON.parse(readFileSync(join(root, 'package.json'), 'utf8')) as { version: string }
  try {
    return `${version} (${execFileSync('git', ['-C', root, 'rev-parse', '--short', 'HEAD'], { encoding: 'utf8' }).trim()})`
  } catch {
    return version
  }
}
