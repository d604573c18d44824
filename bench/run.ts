/**
 * Compares servers by what one delivered chat message costs them in processor time, in one run on one machine:
 *
 *     npm run bench -- [--servers jackdaw,prosody,floor] [--ejabberd] [--window 4,1] [--rounds 3] [--seconds 4]
 *         [--pairs 100] [--bytes 304] [--json]
 *
 * The server runs on cpu 1, the load (load.ts) on cpu 0; TLS 1.3, every round takes each server in turn.
 */
import { availableParallelism } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { limit, type Measurement, spread, table } from './measurement.ts'
import { startEjabberd } from './peers/ejabberd.ts'
import { startFloor } from './peers/floor.ts'
import { startJackdaw } from './peers/jackdaw.ts'
import { type Peer, type PeerOptions, user } from './peers/peer.ts'
import { run, withFolder } from './peers/process.ts'
import { startProsody } from './peers/prosody.ts'

const { values } = parseArgs({
  options: {
    servers: { type: 'string', default: 'jackdaw,prosody,floor' },
    ejabberd: { type: 'boolean', default: false },
    window: { type: 'string', default: '4' },
    rounds: { type: 'string', default: '3' },
    seconds: { type: 'string', default: '4' },
    warm: { type: 'string', default: '2' },
    pairs: { type: 'string', default: '100' },
    bytes: { type: 'string', default: '304' },
    json: { type: 'boolean', default: false },
  },
})

const starters: Readonly<Record<string, (options: PeerOptions) => Promise<Peer>>> = {
  jackdaw: startJackdaw,
  prosody: startProsody,
  ejabberd: startEjabberd,
  floor: startFloor,
}
const serverCpu = 1
const names = [...values.servers.split(','), ...(values.ejabberd ? ['ejabberd'] : [])]
for (const name of names)
  if (!Object.hasOwn(starters, name)) throw new Error(`no server "${name}": ${Object.keys(starters)}`)
if (availableParallelism() < 2) throw new Error('two processors are needed: one for the server, one for the load')
const say = values.json ? console.error : console.log
const rounds = Number(values.rounds)

interface Case {
  readonly server: string
  readonly window: number
  readonly runs: Measurement[]
}

async function measure(name: string, peer: Peer, window: number): Promise<Measurement> {
  const output = await run(
    'taskset',
    [
      ...['-c', '0', process.execPath, join(import.meta.dirname, 'load.ts'), '--cpu', String(serverCpu)],
      ...[
        '--host',
        peer.host,
        '--port',
        String(peer.directTls),
        '--authority',
        peer.authority,
        '--pid',
        String(peer.pid),
      ],
      ...['--window', String(window), '--seconds', values.seconds, '--warm', values.warm, '--pairs', values.pairs],
      ...['--bytes', values.bytes, '--protocol', name === 'floor' ? 'floor' : 'xmpp'],
    ],
    { seconds: 120 },
  )
  return JSON.parse(output.slice(output.indexOf('{"seconds"'))) as Measurement
}

async function start(name: string, folder: string): Promise<Peer> {
  const peer = await starters[name]!({ folder, cpu: serverCpu })
  const begin = performance.now()
  await peer.addUsers(Array.from({ length: Number(values.pairs) * 2 }, (_, index) => user(`u${index}`)))
  say(
    `${peer.name} is up; ${Number(values.pairs) * 2} accounts made in ${((performance.now() - begin) / 1000).toFixed(1)} s`,
  )
  return peer
}

/** Folders nest, so that each is gone when the peers behind it are. */
async function withPeers<T>(
  left: readonly string[],
  peers: readonly Peer[],
  use: (peers: readonly Peer[]) => Promise<T>,
): Promise<T> {
  const [name, ...others] = left
  if (name === undefined) return use(peers)
  return withFolder(`bench-${name}`, async folder => {
    const peer = await start(name, folder)
    try {
      return await withPeers(others, [...peers, peer], use)
    } finally {
      await peer.stop()
    }
  })
}

const cases = await withPeers(names, [], async peers => {
  const all: Case[] = []
  for (const window of values.window.split(',').map(Number)) {
    const here = peers.map((peer): Case => ({ server: peer.name, window, runs: [] }))
    all.push(...here)
    for (let round = 1; round <= rounds; round++) {
      for (const [index, peer] of peers.entries()) {
        const measured = await measure(names[index]!, peer, window)
        here[index]!.runs.push(measured)
        say(
          `window ${window}, round ${round}: ${peer.name.padEnd(26)} ${measured.serverMicroseconds.toFixed(1)} us/message, ` +
            `${measured.perSecond.toFixed(0)}/s, server ${measured.serverPercent.toFixed(0)} %` +
            (measured.lost > 0 ? `, LOST ${measured.lost}` : ''),
        )
      }
    }
  }
  return all
})

const first = cases[0]!.runs[0]!
say(
  `\n${values.pairs} pairs in both directions, stanzas of ${first.stanzaBytes} bytes, ${first.tls}, ${rounds} rounds of ${values.seconds} s;`,
)
say('server CPU (user and system) per delivered message: median (least-most)\n')
const ours = (window: number) => cases.find(one => one.server === 'Jackdaw' && one.window === window)
const rows = cases.map(({ server, window, runs }) => {
  const cost = spread(runs.map(one => one.serverMicroseconds))
  const middle = runs.toSorted((a, b) => a.serverMicroseconds - b.serverMicroseconds)[runs.length >> 1]!
  const own = ours(window)
  const ratio = own ? cost.median / spread(own.runs.map(one => one.serverMicroseconds)).median : undefined
  return {
    server,
    window,
    microseconds: cost,
    timesOurs: ratio,
    perSecond: spread(runs.map(one => one.perSecond)).median,
    serverPercent: middle.serverPercent,
    othersPercent: middle.othersPercent,
    generatorPercent: middle.generatorPercent,
    limit: limit(middle),
    lost: runs.reduce((sum, one) => sum + one.lost, 0),
  }
})
const percent = (value: number) => `${value.toFixed(0)} %`
if (values.json) console.log(JSON.stringify({ rows, cases }, null, 2))
else {
  const headings = [
    'server',
    'window',
    'us/message',
    'times ours',
    'per second',
    'server',
    'others',
    'load',
    'limited by',
    'lost',
  ]
  const lines = rows.map(row => [
    row.server,
    String(row.window),
    `${row.microseconds.median.toFixed(1)} (${row.microseconds.least.toFixed(1)}-${row.microseconds.greatest.toFixed(1)})`,
    row.timesOurs === undefined ? '' : row.timesOurs.toFixed(2),
    row.perSecond.toFixed(0),
    percent(row.serverPercent),
    percent(row.othersPercent),
    percent(row.generatorPercent),
    row.limit,
    String(row.lost),
  ])
  say(table(headings, lines))
}
process.exit(rows.some(row => row.lost > 0) ? 1 : 0)
