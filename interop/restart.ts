/**
 * The server is restarted under traffic, and clients go on as if nothing had been:
 *
 *     npm run restart -- [--clients 1000] [--seconds 5] [--per-second 500] [--workers N]
 *
 * Clients in pairs write to each other over TLS, with stream management. The server is restarted twice: by `jackdaw
 * restart`, and by SIGTERM and another start. Each client must resume its session, each message must come once and in
 * order, and nobody may see anybody leave. How long clients were without the server is printed. The exit code is 1 where
 * something was wrong.
 * `--workers N`: so many threads carry its connections; where missing, as many as the configuration has by itself.
 */
import { parseArgs } from 'node:util'
import type { Jackdaw } from '../bench/peers/jackdaw.ts'
import { user } from '../bench/peers/peer.ts'
import { answers, until, withFolder } from '../bench/peers/process.ts'
import { ScramKeys } from '../bench/peers/scram.ts'
import { Report } from './report.ts'
import { RestartClient } from './restart/client.ts'
import { chooseServer, serverOptions, startServer } from './server.ts'

const { values } = parseArgs({
  options: {
    clients: { type: 'string', default: '100' },
    seconds: { type: 'string', default: '2' },
    'per-second': { type: 'string', default: '500' },
    ...serverOptions,
  },
})
const count = Number(values.clients)
const seconds = Number(values.seconds)
const rate = Number(values['per-second'])
if (!(count >= 2 && count % 2 === 0)) throw new Error('--clients is an even number')
chooseServer(values)

/** All come from one address, and log in at once. */
const settings = ['[limits]', `connections-per-address = ${count + 100}`, '[login]', 'iterations = 4096']

/** Does something for all of them, so many at a time. */
async function forAll<T>(all: readonly T[], work: (one: T) => Promise<unknown>): Promise<void> {
  const left = [...all]
  const worker = async () => {
    for (let one = left.shift(); one !== undefined; one = left.shift()) await work(one)
  }
  await Promise.all(Array.from({ length: 32 }, worker))
}

/** Connections that are made at once: this program's processor is one, and clients have one each. */
const atOnce = 64

/**
 * Turns to connect, in the order of asking. While nobody listens, one who has its turn looks every ten milliseconds, and
 * the others wait for that.
 */
function turns(port: number): <T>(work: () => Promise<T>) => Promise<T> {
  let busy = 0
  const waiting: (() => void)[] = []
  return async work => {
    if (busy >= atOnce) await new Promise<void>(resolve => waiting.push(resolve))
    else busy++
    try {
      while (!(await answers(port))) await new Promise(resolve => setTimeout(resolve, 10))
      return await work()
    } finally {
      const next = waiting.shift()
      if (next) next()
      else busy--
    }
  }
}

/** For how many milliseconds nobody listens on a port, from the first time that this is so. */
async function closedFor(port: number): Promise<number> {
  const pause = () => new Promise(resolve => setTimeout(resolve, 10))
  while (await answers(port)) await pause()
  const begun = performance.now()
  while (!(await answers(port))) await pause()
  return performance.now() - begun
}

/** Everybody writes in turn, until told to stop. */
function traffic(clients: readonly RestartClient[]): () => void {
  const begun = performance.now()
  let written = 0
  const timer = setInterval(() => {
    for (const due = ((performance.now() - begun) / 1000) * rate; written < due; written++)
      clients[written % clients.length]!.write()
  }, 10)
  return () => clearInterval(timer)
}

function inTurn(values: readonly number[], part: number): string {
  const sorted = [...values].sort((a, b) => a - b)
  return `${Math.round(sorted[Math.min(sorted.length - 1, Math.floor(sorted.length * part))]!)} ms`
}

/** All sessions are resumed, and all that was written has come. */
async function judged(clients: readonly RestartClient[], restarts: number, closed: number): Promise<string> {
  await until('all clients resume their sessions', 60, () =>
    clients.every(({ account }) => account.resumed + account.refused >= restarts),
  )
  const sum = (what: (client: RestartClient) => number) => clients.reduce((all, client) => all + what(client), 0)
  const refused = sum(({ account }) => account.refused)
  if (refused > 0) throw new Error(`${refused} clients could not resume`)
  const written = sum(one => one.written)
  await until('all messages come', 30, () => sum(one => one.heard) >= written).catch(() => {})
  const lost = written - sum(one => one.heard)
  const doubled = sum(({ account }) => account.doubled)
  const reordered = sum(({ account }) => account.reordered)
  const leavings = sum(({ account }) => account.leavings)
  const verdict = `${written} messages: ${lost} lost, ${doubled} doubled, ${reordered} reordered; ${leavings} seen leaving`
  if (lost + doubled + reordered + leavings > 0) throw new Error(verdict)
  const gaps = clients.map(({ account }) => account.gaps.at(-1)!)
  const spread = `${inTurn(gaps, 0)} at least, ${inTurn(gaps, 0.5)} in the middle, ${inTurn(gaps, 1)} at most`
  return `${verdict}; nobody listened for ${Math.round(closed)} ms; clients were without their session for ${spread}`
}

const report = new Report()
await withFolder('restart', async folder => {
  let server: Jackdaw = await startServer({ folder, settings })
  const names = Array.from({ length: count }, (_, index) => `user${index}`)
  const keys = new ScramKeys()
  const turn = turns(server.directTls)
  const target = { host: server.host, port: server.directTls, authority: server.authority }
  const clients = names.map((name, index) => new RestartClient(name, names[index ^ 1]!, target, keys, turn))
  try {
    await report.group(`${count} clients, ${rate} messages a second`, async check => {
      await check('all are there, and see each other', async () => {
        await server.addUsers(names.map(user))
        await forAll(clients, client => client.logIn())
        await Promise.all(clients.map(client => client.befriend()))
        return `${count} sessions`
      })
      const ways: [string, () => Promise<unknown>][] = [
        ['jackdaw restart', () => server.command(['restart'])],
        [
          'SIGTERM, and another start',
          async () => {
            await server.stop()
            server = await server.again()
          },
        ],
      ]
      for (const [place, [way, restart]] of ways.entries())
        await check(way, async () => {
          const stop = traffic(clients)
          await new Promise(resolve => setTimeout(resolve, seconds * 500))
          const closed = closedFor(server.directTls)
          await restart()
          await new Promise(resolve => setTimeout(resolve, seconds * 500))
          stop()
          return judged(clients, place + 1, await closed)
        })
    })
  } finally {
    for (const client of clients) client.end()
    await server.stop()
  }
})
console.log(report.failures === 0 ? '\nNobody noticed.' : '\nSomething was wrong.')
process.exit(report.failures === 0 ? 0 : 1)
