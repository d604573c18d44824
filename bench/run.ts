/**
 * Compares servers by what their work costs them in processor time and memory, in one run on one machine:
 *
 *     npm run bench -- [--scenario chat,archived,people,presence,login,roster,idle] [--case TEXT]
 *         [--servers jackdaw,prosody,ejabberd,floor] [--rounds 3] [--seconds 4] [--warm 2] [--window 4,1] [--pairs 100]
 *         [--bytes 304] [--contacts 200] [--items 1000] [--connections 1000] [--json] [--profile]
 *
 * The server runs on cpu 1, the load (load.ts) on cpu 0; TLS 1.3 where nothing else is said. Every round takes each server
 * in turn. `--case` chooses the cases that have this text in their names. `--profile` measures ours only, the first case
 * of the scenario, and leaves CPU and allocation profiles of its threads in bench/profiles. JACKDAW_PROGRAM names the
 * bin/jackdaw.js of another checkout to measure.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { compare, profile, type Settings } from './compare.ts'
import { table } from './measurement.ts'
import { programOf, programs, type ServerName, starters } from './peers/all.ts'
import { profileTables } from './profile/tables.ts'
import { headings, lines, type Row } from './rows.ts'
import { type Case, type Scenario, scenarios } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: Object.keys(scenarios).join() },
    case: { type: 'string', default: '' },
    servers: { type: 'string', default: programs.join() },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '2' },
    window: { type: 'string', default: '4,1' },
    pairs: { type: 'string', default: '100' },
    bytes: { type: 'string', default: '234' },
    contacts: { type: 'string', default: '200' },
    items: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
    profile: { type: 'boolean', default: false },
  },
})

const wishes = {
  pairs: Number(values.pairs),
  windows: values.window.split(',').map(Number),
  bytes: Number(values.bytes),
  contacts: Number(values.contacts),
  items: Number(values.items),
  connections: Number(values.connections),
}
const wanted = chosen('server', values.servers, programs)
const names = chosen('scenario', values.scenario, Object.keys(scenarios))
if (availableParallelism() < 2) throw new Error('two processors are needed: one for the server, one for the load')
const settings: Settings = {
  servers: (Object.keys(starters) as ServerName[]).filter(name => wanted.includes(programOf(name))),
  rounds: Number(values.rounds),
  seconds: Number(values.seconds),
  warm: Number(values.warm),
  say: values.json ? console.error : console.log,
}

function chosen(what: string, list: string, known: readonly string[]): string[] {
  const all = list.split(',')
  const strange = all.find(name => !known.includes(name))
  if (strange !== undefined) throw new Error(`no ${what} "${strange}": ${known.join(', ')}`)
  return all
}

function casesOf(scenario: Scenario): readonly Case[] {
  return scenario.cases(wishes).filter(({ label }) => label.includes(values.case))
}

async function profiles(): Promise<number> {
  for (const name of names) {
    const [first] = casesOf(scenarios[name]!)
    if (!first) continue
    const folder = join(import.meta.dirname, 'profiles', name)
    settings.say(`\n${scenarios[name]!.title(wishes)}; ${first.label}, under the profiler`)
    const { done, allocating = done } = await profile(scenarios[name]!, first, settings, folder)
    settings.say(
      `${profileTables(folder, done, allocating)}\n\nProfiles for a browser's or an editor's viewer: ${folder}`,
    )
  }
  return 0
}

async function measureAll(): Promise<number> {
  const found: Record<string, readonly Row[]> = {}
  const tables: string[] = []
  for (const name of names) {
    const scenario = scenarios[name]!
    settings.say(`\n${scenario.title(wishes)}`)
    const rows: Row[] = []
    for (const one of casesOf(scenario)) rows.push(...(await compare(scenario, one, settings)))
    if (rows.length === 0) continue
    found[name] = rows
    const figures = table(headings(scenario), lines(scenario, rows))
    const note = `${rows[0]!.runs.length} rounds of ${values.seconds} s; median (least-most)`
    tables.push(`${scenario.title(wishes)}\n${note}\n\n${figures}`)
  }
  if (values.json) console.log(JSON.stringify(found, null, 2))
  else settings.say(`\n${tables.join('\n\n')}`)
  return Object.values(found).some(rows => rows.some(row => row.runs.some(one => one.lost > 0))) ? 1 : 0
}

process.exit(await (values.profile ? profiles() : measureAll()))
