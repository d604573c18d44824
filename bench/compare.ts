import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { type Fleet, serverCpu, withFleet } from './fleet.ts'
import type { Measurement } from './measurement.ts'
import type { ServerName } from './peers/all.ts'
import { type Peer, password } from './peers/peer.ts'
import { run } from './peers/process.ts'
import { extension } from './place.ts'
import type { Row } from './rows.ts'
import type { Case, Scenario } from './scenario.ts'

/** Says something; `done` is how many more runs are done with it. */
type Progress = (line: string, done?: number) => void

/** How all is measured. */
export interface Settings {
  readonly servers: readonly ServerName[]
  readonly rounds: number
  readonly seconds: number
  readonly warm: number
  /** Folder that ours leaves its profiles in, and measures nothing but them. */
  readonly profiles?: string
  /** Tells how far it has come. */
  readonly say: (line: string) => void
}

/** One case that is to be measured. */
export interface Job {
  readonly scenario: Scenario
  readonly case: Case
}

const namesOf = ({ scenario, case: one }: Job, { servers }: Settings) =>
  (one.servers ?? scenario.servers).filter(name => servers.includes(name))
const roundsOf = ({ case: one }: Job, { rounds }: Settings) => one.rounds?.(rounds) ?? rounds

/** Measures cases, those that may have the same servers one after the other, and tells of each when it is done. */
export async function compareAll(
  jobs: readonly Job[],
  settings: Settings,
  done: (job: Job, rows: readonly Row[]) => void,
): Promise<void> {
  const total = jobs.reduce((sum, job) => sum + namesOf(job, settings).length * roundsOf(job, settings), 0)
  const say = progress(total, settings.say)
  for (const group of Map.groupBy(jobs, seriesOf).values()) {
    const [{ scenario, case: first }] = group as [Job, ...Job[]]
    const names = settings.servers.filter(name => group.some(job => namesOf(job, settings).includes(name)))
    const accounts = Math.max(...group.map(job => job.case.accounts))
    const { profiles } = settings
    await withFleet({ names, case: first, accounts, fresh: scenario.lives === 'run', profiles, say }, async fleet => {
      for (const job of group) done(job, await compare(job, fleet, { ...settings, say }))
    })
  }
}

/** Cases of one series share servers: what decides their configuration is the same, and none leaves anything behind. */
function seriesOf({ scenario, case: { label, hash = 'SHA-1', plain = false } }: Job): string {
  return scenario.lives === 'series' ? `${hash} ${plain}` : `${scenario.name}: ${label}`
}

/** Every round takes each server in turn. */
async function compare(job: Job, fleet: Fleet, settings: Settings & { say: Progress }): Promise<Row[]> {
  const { scenario, case: one } = job
  const { say } = settings
  const rows = new Map<ServerName, Row>()
  const left = new Set(namesOf(job, settings))
  for (let round = 1; round <= roundsOf(job, settings); round++)
    for (const name of left) {
      const attempt = () =>
        fleet.use(name, async peer => {
          const row = rows.get(name) ?? { server: peer.name, label: one.label, runs: [] }
          rows.set(name, row)
          const warm = round === 1 ? Math.max(settings.warm, scenario.settles ?? 0) : settings.warm
          row.runs.push(await measure(name, one, peer, { ...settings, warm }))
          return row
        })
      // A machine that was too busy for somebody's timeout: an hour's work is not thrown away for that.
      const again = (error: Error) => {
        say(`${name} once more: ${error.message.slice(-1500)}`)
        return attempt()
      }
      try {
        const { server, runs } = await attempt().catch(again)
        const { heading, of, digits } = scenario.main
        const run = runs.at(-1)!
        const lost = run.lost > 0 ? `, LOST ${run.lost}` : ''
        const what = `${scenario.name}, ${one.label}, round ${round}: ${server.padEnd(25)}`
        say(`${what} ${of(run).toFixed(digits)} ${heading}${lost}`, 1)
      } catch (error) {
        left.delete(name)
        say(`${name} is LEFT OUT of ${scenario.name}, ${one.label}: ${(error as Error).message.slice(-1500)}`, 1)
      }
    }
  return [...rows.values()].filter(row => row.runs.length > 0)
}

async function measure(name: ServerName, { load, plain }: Case, peer: Peer, settings: Settings): Promise<Measurement> {
  const { seconds, warm, profiles } = settings
  const all = {
    ...{ host: peer.host, port: plain ? peer.plain : peer.directTls, authority: peer.authority, pid: peer.pid },
    ...{ cpu: serverCpu, seconds, warm, protocol: name === 'floor' ? 'floor' : 'xmpp' },
    ...(plain && { plain: 1 }),
    ...(profiles !== undefined && { profile: 1 }),
    ...load,
    // Accounts that are copies have the first one's password.
    ...(load['scenario'] === 'idle' && { password: password('u0') }),
  }
  const options = Object.entries(all).flatMap(([option, value]) => [`--${option}`, String(value)])
  const program = join(import.meta.dirname, `load${extension}`)
  const output = await run('taskset', ['-c', '0', process.execPath, program, ...options], { seconds: 400 })
  return JSON.parse(output.slice(output.lastIndexOf('{"seconds"'))) as Measurement
}

/** Says how many runs are done, and how long those that are left may take; `done` is how many are with this line. */
function progress(total: number, say: (line: string) => void): Progress {
  const begin = performance.now()
  let count = 0
  return (line, done = 0) => {
    count += done
    const spent = (performance.now() - begin) / 60_000
    const left = count === 0 || count === total ? '' : `, some ${Math.ceil((spent / count) * (total - count))} min left`
    say(`[${String(count).padStart(3)}/${total}, ${spent.toFixed(1)} min${left}] ${line}`)
  }
}

/** One run of ours that leaves its profiles in an empty folder. */
export async function profile(job: Job, settings: Settings, folder: string): Promise<Measurement> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const whole = { ...settings, servers: ['jackdaw'] as const, profiles: folder }
  const once = { ...job, case: { ...job.case, rounds: () => 1 } }
  let measured: Measurement | undefined
  await compareAll([once], whole, (_, [row]) => {
    measured = row?.runs[0]
  })
  if (measured === undefined) throw new Error('nothing could be measured')
  return measured
}
