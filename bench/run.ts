/**
 * Compares servers by what their work costs them in processor time and memory, in one run on one machine:
 *
 *     npm run bench -- [--scenario chat,archived,people,presence,rate,login,back,roster,idle,workers] [--case TEXT]
 *         [--servers jackdaw,prosody,ejabberd,floor] [--rounds 3] [--seconds 2] [--warm 0.7] [--window 4,1] [--pairs 100]
 *         [--bytes 234] [--contacts 200] [--items 1000] [--connections 1000,10000] [--json] [--profile] [--write]
 *         [--guard] [--record]
 *
 * The server runs on cpu 1, the load (load.ts) on cpu 0; TLS 1.3 where nothing else is said. Every round takes each server
 * in turn. `--case` chooses the cases that have this text in their names. `--profile` measures ours only, the first case
 * of the scenario, and leaves CPU and allocation profiles of its threads in bench/profiles. `--write` keeps what
 * was measured in bench/figures.json, in the place of what these cases showed before, and writes docs/performance.md and its plots of
 * all that is there: so they can be measured in parts. `--guard` measures ours beside the floor and fails where it has become much worse than
 * bench/guard.json says, `--record` writes that file. JACKDAW_PROGRAM names the bin/jackdaw.js of another checkout to measure.
 */
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compareAll, type Job, profile, type Settings } from './compare.ts'
import { conditionsOf, keepFigures } from './figures.ts'
import { guard, recordGuard } from './guard.ts'
import { table } from './measurement.ts'
import { missingFor, programOf, programs, type ServerName, starters } from './peers/all.ts'
import { root } from './place.ts'
import { profileTables } from './profile/tables.ts'
import { writeReport } from './report.ts'
import { headings, lines, type Row, summary } from './rows.ts'
import { type Case, type Scenario, scenarios } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: Object.keys(scenarios).join() },
    case: { type: 'string', default: '' },
    servers: { type: 'string', default: programs.join() },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '2' },
    warm: { type: 'string', default: '0.7' },
    window: { type: 'string', default: '4,1' },
    pairs: { type: 'string', default: '100' },
    bytes: { type: 'string', default: '234' },
    contacts: { type: 'string', default: '200' },
    items: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '1000,10000' },
    json: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
    write: { type: 'boolean', default: false },
    guard: { type: 'boolean', default: false },
    record: { type: 'boolean', default: false },
  },
})

const wishes = {
  pairs: Number(values.pairs),
  windows: values.window.split(',').map(Number),
  bytes: Number(values.bytes),
  contacts: Number(values.contacts),
  items: Number(values.items),
  connections: values.connections.split(',').map(Number),
}
const wanted = chosen('server', values.servers, programs)
const names = chosen('scenario', values.scenario, Object.keys(scenarios))
if (values.write && programs.some(program => !wanted.includes(program)))
  refuse('--write wants all servers: what is compared is of one run')
if (availableParallelism() < 2) refuse('two processors are needed: one for the server, one for the load')
const say = values.json ? console.error : console.log
const settings: Settings = {
  servers: (Object.keys(starters) as ServerName[]).filter(name => wanted.includes(programOf(name)) && isThere(name)),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warm: Number(values.warm),
  say,
}

function chosen(what: string, list: string, known: readonly string[]): string[] {
  const all = list.split(',')
  const strange = all.find(name => !known.includes(name))
  if (strange !== undefined) refuse(`there is no ${what} "${strange}", but ${known.join(', ')}`)
  return all
}

function refuse(message: string): never {
  console.error(message)
  process.exit(2)
}

function isThere(name: ServerName): boolean {
  const missing = missingFor(name)
  if (missing.length > 0) say(`${name} is left out: Debian's ${missing.join(' and ')} would have to be installed`)
  return missing.length === 0
}

function casesOf(scenario: Scenario): readonly Case[] {
  return scenario.cases(wishes).filter(({ label }) => label.includes(values.case))
}

async function profiles(): Promise<number> {
  for (const name of names) {
    const [first] = casesOf(scenarios[name]!)
    if (!first) continue
    const folder = join(root, 'bench', 'profiles', name)
    say(`\n${scenarios[name]!.title(wishes)}; ${first.label}, under the profiler`)
    const { done, allocating = done } = await profile({ scenario: scenarios[name]!, case: first }, settings, folder)
    say(`${profileTables(folder, done, allocating)}\n\nProfiles for a browser's or an editor's viewer: ${folder}`)
  }
  return 0
}

async function measureAll(): Promise<number> {
  const [load] = loadavg() as [number]
  say(`load average ${load.toFixed(1)} before the first run`)
  const keys = new Map(names.map(name => [scenarios[name]!, name]))
  const jobs = [...keys.keys()].flatMap(scenario => casesOf(scenario).map((one): Job => ({ scenario, case: one })))
  const found = new Map<Job, readonly Row[]>(jobs.map(job => [job, []]))
  await compareAll(jobs, settings, (job, rows) => {
    const { scenario, case: one } = job
    found.set(job, rows)
    say(`\n${table(headings(scenario), lines(scenario, rows))}\n`)
    if (!values.write || rows.length === 0) return
    const conditions = conditionsOf(scenario.title(wishes), load, { ...settings, rounds: rows[0]!.runs.length })
    // At once: what is measured stays, whatever becomes of the rest.
    writeReport(keepFigures(keys.get(scenario)!, { label: one.label, conditions, rows }))
  })
  const all = [...keys].map(([scenario, key]) => ({
    ...{ scenario, key },
    rows: jobs.filter(job => job.scenario === scenario).flatMap(job => found.get(job)!),
  }))
  if (values.json) console.log(JSON.stringify(Object.fromEntries(all.map(({ key, rows }) => [key, rows])), null, 2))
  else tell(all)
  return all.some(({ rows }) => rows.some(row => row.runs.some(one => one.lost > 0))) ? 1 : 0
}

/** All tables, and all in short. */
function tell(all: readonly { readonly scenario: Scenario; readonly rows: readonly Row[] }[]): void {
  const measured = all.filter(({ rows }) => rows.length > 0)
  for (const { scenario, rows } of measured) {
    const figures = table(headings(scenario), lines(scenario, rows))
    const note = `${rows[0]!.runs.length} rounds of ${values.seconds} s; median (least-most)`
    say(`\n${scenario.name}: ${scenario.title(wishes)}\n${note}\n\n${figures}`)
  }
  const short = summary(measured)
  if (measured.length > 0) say(`\n${table(short.headings, short.lines)}`)
}

function work(): Promise<number> {
  if (values.profile) return profiles()
  if (values.record) return recordGuard({ wishes, settings })
  return values.guard ? guard({ wishes, settings }) : measureAll()
}

process.exit(await work())
