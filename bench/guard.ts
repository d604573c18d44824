import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { compareAll, type Settings } from './compare.ts'
import { table } from './measurement.ts'
import { root } from './place.ts'
import type { Row } from './rows.ts'
import type { Case, Scenario, Wishes } from './scenario.ts'
import { scenarios } from './scenarios.ts'

/** What was found when it was last recorded: processor time of ours for each message, in times of the floor's. */
interface Record {
  readonly date: string
  readonly node: string
  readonly ratios: { readonly [what: string]: number }
}

/** What was asked for on the command line. */
interface Asked {
  readonly wishes: Wishes
  readonly settings: Settings
}

const file = join(root, 'bench', 'guard.json')
/** How much worse than recorded a ratio may be: machines are noisy. */
const tolerated = 1.5
const guarded = ['chat', 'archived'] as const

/** Microseconds for each message, round by round. */
interface Found {
  readonly ours: number[]
  readonly floor: number[]
}

/** Measures ours and the floor, one right after the other in each round, and adds to what was found. */
async function measure(
  name: (typeof guarded)[number],
  { wishes, settings }: Asked,
  found: Found = { ours: [], floor: [] },
): Promise<Found> {
  const scenario: Scenario = { ...scenarios[name]!, servers: ['jackdaw', 'floor'] }
  const [first] = scenario.cases(wishes) as readonly [Case]
  const one = { ...first, servers: ['jackdaw', 'floor'] as const }
  let rows: readonly Row[] = []
  await compareAll([{ scenario, case: one }], { ...settings, servers: ['jackdaw', 'floor'] }, (_, found) => {
    rows = found
  })
  if (rows.length < 2) throw new Error(`${name} could not be measured`)
  const [ours, floor] = rows.map(({ runs }) => runs.map(run => run.serverMicroseconds))
  return { ours: [...found.ours, ...ours!], floor: [...found.floor, ...floor!] }
}

/** Either at its best: what others do on the machine makes some rounds worse, a change of ours all of them. */
const ratioOf = ({ ours, floor }: Found) => Math.min(...ours) / Math.min(...floor)

/** Measures and writes down what the guard is to compare with from now on. */
export async function recordGuard(asked: Asked): Promise<number> {
  const ratios: { [what: string]: number } = {}
  for (const name of guarded) ratios[name] = Number(ratioOf(await measure(name, asked)).toFixed(2))
  const record: Record = { date: new Date().toISOString().slice(0, 10), node: process.versions.node, ratios }
  writeFileSync(file, `${JSON.stringify(record, null, 2)}\n`)
  asked.settings.say(`recorded: ${JSON.stringify(record)}`)
  return 0
}

/**
 * Measures ours beside the floor and compares the ratios with the recorded ones; the exit code is 1 where one is worse by
 * more than half. A bad one is measured again: once may be the machine.
 */
export async function guard(asked: Asked): Promise<number> {
  const record = JSON.parse(readFileSync(file, 'utf8')) as Record
  const rows: string[][] = []
  let failures = 0
  for (const name of guarded) {
    const recorded = record.ratios[name]!
    const most = recorded * tolerated
    let found = await measure(name, asked)
    if (ratioOf(found) > most) found = await measure(name, asked, found)
    const ratio = ratioOf(found)
    if (ratio > most) failures++
    rows.push([name, ratio.toFixed(2), recorded.toFixed(2), most.toFixed(2), ratio > most ? 'WORSE' : 'ok'])
  }
  const headings = ['scenario', 'times the floor', `on ${record.date}`, 'at most', '']
  asked.settings.say(`\nprocessor time for each message, window 4, TLS\n\n${table(headings, rows)}`)
  return failures === 0 ? 0 : 1
}
