import { mkdirSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Measurement } from './measurement.ts'
import { type ServerName, starters } from './peers/all.ts'
import { type Peer, user } from './peers/peer.ts'
import { run, withFolder } from './peers/process.ts'
import { extension } from './place.ts'
import type { Row } from './rows.ts'
import type { Case, Scenario } from './scenarios.ts'

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

const serverCpu = 1
const hook = pathToFileURL(join(import.meta.dirname, 'profile', `hook${extension}`)).href

/** A server of one case: the same folder may see it end and start again. */
interface Place {
  readonly name: ServerName
  readonly folder: string
  readonly case: Case
}

function startAt({ name, folder, case: { hash, plain } }: Place, { profiles }: Settings): Promise<Peer> {
  const options = { folder, cpu: serverCpu, ...(hash && { hash }), ...(plain && { plain }) }
  if (profiles === undefined) return starters[name](options)
  return starters[name]({ ...options, env: { NODE_OPTIONS: `--import ${hook}`, JACKDAW_PROFILES: profiles } })
}

async function measure({ name, case: { load, plain } }: Place, peer: Peer, settings: Settings): Promise<Measurement> {
  const { seconds, warm, profiles } = settings
  const all = {
    ...{ host: peer.host, port: plain ? peer.plain : peer.directTls, authority: peer.authority, pid: peer.pid },
    ...{ cpu: serverCpu, seconds, warm, protocol: name === 'floor' ? 'floor' : 'xmpp' },
    ...(plain && { plain: 1 }),
    ...(profiles !== undefined && { profile: 1 }),
    ...load,
  }
  const options = Object.entries(all).flatMap(([option, value]) => [`--${option}`, String(value)])
  const program = join(import.meta.dirname, `load${extension}`)
  const output = await run('taskset', ['-c', '0', process.execPath, program, ...options], { seconds: 300 })
  return JSON.parse(output.slice(output.lastIndexOf('{"seconds"'))) as Measurement
}

async function addUsers({ case: { accounts } }: Place, peer: Peer, { say }: Settings): Promise<void> {
  const begin = performance.now()
  await peer.addUsers(Array.from({ length: accounts }, (_, index) => user(`u${index}`)))
  say(`${peer.name} is up; ${accounts} accounts made in ${((performance.now() - begin) / 1000).toFixed(1)} s`)
}

/** Folders nest, so that each is gone when what runs in it is. */
async function withFolders<T>(names: readonly string[], use: (folders: readonly string[]) => Promise<T>): Promise<T> {
  const [name, ...others] = names
  if (name === undefined) return use([])
  return withFolder(`bench-${name}`, folder => withFolders(others, folders => use([folder, ...folders])))
}

/** All servers of a case at once, each measured in every round; where a run needs a fresh one, each alone. */
export async function compare(scenario: Scenario, one: Case, settings: Settings): Promise<Row[]> {
  const { servers, say } = settings
  const rounds = one.rounds?.(settings.rounds) ?? settings.rounds
  const names = (one.servers ?? scenario.servers).filter(name => servers.includes(name))
  return withFolders(names, async folders => {
    const places = names.map((name, index): Place => ({ name, folder: folders[index]!, case: one }))
    const rows: Row[] = []
    const peers: Peer[] = []
    try {
      for (const place of places) {
        const peer = await startAt(place, settings)
        peers.push(peer)
        rows.push({ server: peer.name, label: one.label, runs: [] })
        await addUsers(place, peer, settings)
        if (scenario.fresh) await peers.pop()!.stop()
      }
      for (let round = 1; round <= rounds; round++)
        for (const [index, place] of places.entries()) {
          const peer = scenario.fresh ? await startAt(place, settings) : peers[index]!
          if (scenario.fresh) peers.push(peer)
          const measured = await measure(place, peer, settings).catch((error: Error) => {
            // A machine that was too busy for somebody's timeout: an hour's work is not thrown away for that.
            say(`${peer.name} once more: ${error.message.slice(-1500)}`)
            return measure(place, peer, settings)
          })
          if (scenario.fresh) await peers.pop()!.stop()
          rows[index]!.runs.push(measured)
          const { heading, of, digits } = scenario.main
          const lost = measured.lost > 0 ? `, LOST ${measured.lost}` : ''
          say(`${one.label}, round ${round}: ${peer.name.padEnd(26)} ${of(measured).toFixed(digits)} ${heading}${lost}`)
        }
    } finally {
      await Promise.all(peers.map(peer => peer.stop()))
    }
    return rows
  })
}

/** One run of ours that leaves its profiles in an empty folder. */
export async function profile(scenario: Scenario, one: Case, settings: Settings, folder: string): Promise<Measurement> {
  rmSync(folder, { recursive: true, force: true })
  mkdirSync(folder, { recursive: true })
  const whole = { ...settings, servers: ['jackdaw'] as const, rounds: 1, profiles: folder }
  const [row] = await compare(scenario, { ...one, rounds: () => 1 }, whole)
  return row!.runs[0]!
}
