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
import { spawnSync } from 'node:child_process'
import { availableParallelism, loadavg } from 'node:os'
import { join } from 'node:path'
import { compareAll, type Job, profile, type Settings } from './compare.ts'
import { conditionsOf, keepFigures } from './figures.ts'
import { guard, recordGuard } from './guard.ts'
import { table } from './measurement.ts'
import { type Asked, Refused, readOptions } from './options.ts'
import { missingFor, programOf, type ServerName, starters } from './peers/all.ts'
import { root } from './place.ts'
import { profileTables } from './profile/tables.ts'
import { writeReport } from './report.ts'
import { headings, lines, type Row, roundsText, summary } from './rows.ts'
import type { Scenario } from './scenario.ts'
import { scenarios } from './scenarios.ts'

/** Programs that it cannot do without, and Debian's packages with them. */
const tools = { openssl: 'openssl', taskset: 'util-linux' }

/** How all that is asked for is measured on this machine. Throws `Refused` where it cannot be. */
function settingsOf({ programs, rounds, seconds, warm, json }: Asked): Settings {
  if (availableParallelism() < 2) throw new Refused('two processors are needed: one for the server, one for the load')
  const missing = Object.keys(tools).filter(tool => spawnSync(tool, ['--version']).error !== undefined)
  if (missing.length > 0) {
    const packages = Object.entries(tools).flatMap(([tool, name]) => (missing.includes(tool) ? [name] : []))
    throw new Refused(`${missing.join(' and ')} would have to be installed (Debian: ${packages.join(' and ')})`)
  }
  const say = json ? console.error : console.log
  const servers = (Object.keys(starters) as ServerName[]).filter(
    name => programs.includes(programOf(name)) && isThere(name, say),
  )
  if (servers.length === 0) throw new Refused('none of these servers is installed')
  return { servers, rounds, seconds, warm, say }
}

function isThere(name: ServerName, say: Settings['say']): boolean {
  const missing = missingFor(name)
  if (missing.length > 0) say(`${name} is left out: Debian's ${missing.join(' and ')} would have to be installed`)
  return missing.length === 0
}

async function profiles({ cases, wishes }: Asked, settings: Settings): Promise<number> {
  const { say } = settings
  for (const [name, [first]] of cases) {
    const folder = join(root, 'bench', 'profiles', name)
    say(`\n${scenarios[name]!.title(wishes)}; ${first!.label}, under the profiler`)
    const { done, allocating = done } = await profile({ scenario: scenarios[name]!, case: first! }, settings, folder)
    say(`${profileTables(folder, done, allocating)}\n\nProfiles for a browser's or an editor's viewer: ${folder}`)
  }
  return 0
}

async function measureAll(asked: Asked, settings: Settings): Promise<number> {
  const { cases, wishes, write, json } = asked
  const { say } = settings
  const [load] = loadavg() as [number]
  say(`load average ${load.toFixed(1)} before the first run`)
  const keys = new Map([...cases.keys()].map(name => [scenarios[name]!, name]))
  const jobs = [...cases].flatMap(([name, all]) => all.map((one): Job => ({ scenario: scenarios[name]!, case: one })))
  const found = new Map<Job, readonly Row[]>(jobs.map(job => [job, []]))
  await compareAll(jobs, settings, (job, rows) => {
    const { scenario, case: one } = job
    found.set(job, rows)
    // The only one is told at the end.
    if (jobs.length > 1) say(`\n${table(headings(scenario), lines(scenario, rows))}\n`)
    if (!write || rows.length === 0) return
    const conditions = conditionsOf(scenario.title(wishes), load, { ...settings, rounds: rows[0]!.runs.length })
    // At once: what is measured stays, whatever becomes of the rest.
    writeReport(keepFigures(keys.get(scenario)!, { label: one.label, conditions, rows }))
  })
  const all = [...keys].map(([scenario, key]) => ({
    ...{ scenario, key },
    rows: jobs.filter(job => job.scenario === scenario).flatMap(job => found.get(job)!),
  }))
  if (json) console.log(JSON.stringify(Object.fromEntries(all.map(({ key, rows }) => [key, rows])), null, 2))
  else tell(all, asked, settings)
  const lost = all.some(({ rows }) => rows.some(row => row.runs.some(one => one.lost > 0)))
  return lost || jobs.some(job => found.get(job)!.length === 0) ? 1 : 0
}

/** All tables, and all in short. */
function tell(
  all: readonly { readonly scenario: Scenario; readonly rows: readonly Row[] }[],
  { wishes }: Asked,
  { say, seconds }: Settings,
): void {
  const measured = all.filter(({ rows }) => rows.length > 0)
  for (const { scenario, rows } of measured) {
    const figures = table(headings(scenario), lines(scenario, rows))
    const note = `${roundsText(rows[0]!.runs.length, seconds)}; median (least-most)`
    say(`\n${scenario.name}: ${scenario.title(wishes)}\n${note}\n\n${figures}`)
  }
  const short = summary(measured)
  if (measured.length > 0) say(`\n${table(short.headings, short.lines)}`)
}

function work(asked: Asked): Promise<number> {
  const settings = settingsOf(asked)
  if (asked.profile) return profiles(asked, settings)
  if (asked.record) return recordGuard({ wishes: asked.wishes, settings })
  return asked.guard ? guard({ wishes: asked.wishes, settings }) : measureAll(asked, settings)
}

/** Tells whoever has started us, or a person. */
async function tellRefusal({ message }: Refused): Promise<void> {
  if (process.connected) await new Promise(told => process.send!({ refused: message }, told))
  else console.error(message)
}

// Who has started us by `jackdaw bench` is gone, in whatever way: nobody wants the rest.
process.on('disconnect', () => process.exit(1))

try {
  process.exit(await work(readOptions(process.argv.slice(2))))
} catch (error) {
  if (!(error instanceof Refused)) throw error
  await tellRefusal(error)
  process.exit(2)
}
