/**
 * Compares servers by what their work costs them in processor time and memory, in one run on one machine:
 *
 *     npm run bench -- [--scenario chat,presence,login,roster,idle] [--servers jackdaw,prosody,floor] [--ejabberd]
 *         [--rounds 3] [--seconds 4] [--warm 2] [--window 4,1] [--pairs 100] [--bytes 304] [--contacts 200]
 *         [--items 1000] [--connections 1000] [--json]
 *
 * The server runs on cpu 1, the load (load.ts) on cpu 0; TLS 1.3. Every round takes each server in turn, and each case
 * has servers that have just started. JACKDAW_PROGRAM names the bin/jackdaw.js of another checkout to measure.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type Measurement, table } from './measurement.ts'
import { startEjabberd } from './peers/ejabberd.ts'
import { startFloor } from './peers/floor.ts'
import { startJackdaw } from './peers/jackdaw.ts'
import { type Peer, type PeerOptions, user } from './peers/peer.ts'
import { run, withFolder } from './peers/process.ts'
import { startProsody } from './peers/prosody.ts'
import { headings, lines, type Row } from './rows.ts'
import { type Case, type Scenario, scenarios } from './scenarios.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'chat' },
    servers: { type: 'string', default: 'jackdaw,prosody,floor' },
    ejabberd: { type: 'boolean', default: false },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '2' },
    window: { type: 'string', default: '4' },
    pairs: { type: 'string', default: '100' },
    bytes: { type: 'string', default: '304' },
    contacts: { type: 'string', default: '200' },
    items: { type: 'string', default: '1000' },
    connections: { type: 'string', default: '1000' },
    json: { type: 'boolean', default: false },
  },
})

/**
 * Ours with what a load needs that no person would: many connections from one address, and the fewest rounds of PBKDF2
 * that it takes, so that making a thousand accounts is quick. SCRAM with keys that the client has kept does not run them.
 */
const forLoads = [
  ...['[limits]', 'connections-per-address = 100000', 'connections-before-login = 100000'],
  ...['[login]', 'iterations = 4096'],
  ...['[roster]', 'maximum = 10000'],
]
const starters: Readonly<Record<string, (options: PeerOptions) => Promise<Peer>>> = {
  jackdaw: options => startJackdaw({ ...options, settings: forLoads }),
  prosody: startProsody,
  ejabberd: startEjabberd,
  floor: startFloor,
}
const serverCpu = 1
const wishes = {
  pairs: Number(values.pairs),
  windows: values.window.split(',').map(Number),
  bytes: Number(values.bytes),
  contacts: Number(values.contacts),
  items: Number(values.items),
  connections: Number(values.connections),
}
const all = [...values.servers.split(','), ...(values.ejabberd ? ['ejabberd'] : [])]
for (const name of all)
  if (!Object.hasOwn(starters, name)) throw new Error(`no server "${name}": ${Object.keys(starters)}`)
const chosen = values.scenario.split(',')
for (const name of chosen)
  if (!Object.hasOwn(scenarios, name)) throw new Error(`no scenario "${name}": ${Object.keys(scenarios)}`)
if (availableParallelism() < 2) throw new Error('two processors are needed: one for the server, one for the load')
const say = values.json ? console.error : console.log
const rounds = Number(values.rounds)

/** A server of one case: the same folder may see it end and start again. */
interface Place {
  readonly name: string
  readonly folder: string
  readonly case: Case
}

const startAt = ({ name, folder, case: { hash } }: Place) =>
  starters[name]!({ folder, cpu: serverCpu, ...(hash && { hash }) })

async function measure({ name, case: { load } }: Place, peer: Peer): Promise<Measurement> {
  const settings = {
    ...{ host: peer.host, port: peer.directTls, authority: peer.authority, pid: peer.pid, cpu: serverCpu },
    ...{ seconds: values.seconds, warm: values.warm, protocol: name === 'floor' ? 'floor' : 'xmpp' },
    ...load,
  }
  const options = Object.entries(settings).flatMap(([option, value]) => [`--${option}`, String(value)])
  const program = join(import.meta.dirname, 'load.ts')
  const output = await run('taskset', ['-c', '0', process.execPath, program, ...options], { seconds: 300 })
  return JSON.parse(output.slice(output.lastIndexOf('{"seconds"'))) as Measurement
}

async function addUsers({ case: { accounts } }: Place, peer: Peer): Promise<void> {
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

/** All servers at once, each measured in every round; where a run needs a fresh one, each alone. */
async function measureAll(scenario: Scenario, one: Case): Promise<Row[]> {
  const names = all.filter(name => name !== 'floor' || scenario.floor)
  return withFolders(names, async folders => {
    const places = names.map((name, index): Place => ({ name, folder: folders[index]!, case: one }))
    const rows: Row[] = []
    const peers: Peer[] = []
    try {
      for (const place of places) {
        const peer = await startAt(place)
        peers.push(peer)
        rows.push({ server: peer.name, label: one.label, runs: [] })
        await addUsers(place, peer)
        if (scenario.fresh) await peers.pop()!.stop()
      }
      for (let round = 1; round <= rounds; round++)
        for (const [index, place] of places.entries()) {
          const peer = scenario.fresh ? await startAt(place) : peers[index]!
          if (scenario.fresh) peers.push(peer)
          const measured = await measure(place, peer)
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

const found: Record<string, readonly Row[]> = {}
const tables: string[] = []
for (const name of chosen) {
  const scenario = scenarios[name]!
  say(`\n${scenario.title(wishes)}`)
  const rows: Row[] = []
  for (const one of scenario.cases(wishes)) rows.push(...(await measureAll(scenario, one)))
  found[name] = rows
  const figures = table(headings(scenario), lines(scenario, rows))
  const note = `${rows[0]!.runs[0]!.tls}, ${rounds} rounds of ${values.seconds} s; median (least-most)`
  tables.push(`${scenario.title(wishes)}\n${note}\n\n${figures}`)
}
if (values.json) console.log(JSON.stringify(found, null, 2))
else say(`\n${tables.join('\n\n')}`)
process.exit(Object.values(found).some(rows => rows.some(row => row.runs.some(one => one.lost > 0))) ? 1 : 0)
