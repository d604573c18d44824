import { residentMemory } from '../../bench/accounting.ts'
import { acknowledging } from '../../bench/load/acknowledge.ts'
import { many } from '../../bench/load/load.ts'
import { percentile } from '../../bench/measurement.ts'
import { user } from '../../bench/peers/peer.ts'
import { until } from '../../bench/peers/process.ts'
import { logIn, type Target, type TextStream } from '../../bench/peers/stream.ts'
import type { Check } from '../report.ts'
import { mebibytes, type Watched, withServer } from './server.ts'

const devices = 20
/** Characters of one message to a reader. */
const bulk = 16_000
/** What may wait for one reader, and for all. */
const unsent = 1 * 2 ** 20
const unsentInAll = 64 * 2 ** 20
/** What a byte that waits costs in JavaScript at most: a text, what holds it, and the buffer in which it waits for TLS. */
const times = 2.5
/** The same in resident memory, with what TLS has encrypted and with the garbage of those who were closed meanwhile. */
const timesResident = 8

/** What may be left when they have gone, in bytes. */
const left = 8 * 2 ** 20

interface Scene {
  readonly watched: Watched
  /** What all readers have read so far. */
  readonly got: { count: number }
  readonly readers: readonly { readonly jid: string; readonly stream: TextStream }[]
  readonly writer: TextStream
  /** Two who want nothing but to talk. */
  readonly others: readonly [TextStream, TextStream]
}

/** Readers that stop reading while others write to them: bounded memory, and the rest of the house lives on. */
export async function stalledReaders(check: Check, count: number): Promise<void> {
  const limits = [`unsent = "${unsent} B"`, `unsent-in-all = "${unsentInAll} B"`]
  const settings = ['[stream-management]', 'resumption = "20s"']
  await withServer({ limits, settings }, async watched => {
    const { server, status } = watched
    const people = Array.from({ length: Math.ceil(count / devices) }, (_, index) => user(`reader${index}`))
    await server.addUsers([...people, ...['writer', 'anna', 'bert', 'carl'].map(user)])
    const target: Target = { host: 'localhost', port: server.directTls, authority: server.authority }
    const got = { count: 0 }
    const enter = async (index: number) => {
      const name = people[Math.floor(index / devices)]!.name
      const resource = `device${index % devices}`
      const stream = await logIn(target, name, resource)
      return { jid: `${name}@localhost/${resource}`, stream }
    }
    const readers = await many(count, 16, enter)
    for (const [index, { stream }] of readers.entries()) {
      // Every second one may come back: what it was sent stays longer. Only now, when no presence comes any more.
      if (index % 2) await stream.ask(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`, '<enabled')
      stream.onData = acknowledging(stream, messages => {
        got.count += messages
      }).take
    }
    const scene: Scene = {
      watched,
      got,
      readers,
      writer: await logIn(target, 'writer', 'bench'),
      others: [await logIn(target, 'anna', 'bench'), await logIn(target, 'bert', 'bench')],
    }
    const before = await watched.memory()
    // Within the limit of each, and beyond that of all.
    const bytes = Math.min(5 * unsentInAll, 0.8 * count * unsent)
    let reading: Flood | undefined
    await check(`${mebibytes(bytes)} to ${count} readers that read`, async () => {
      reading = await flood(scene, bytes, true)
      const there = await status('sessions')
      if (there !== count + 3) throw new Error(`only ${there} of ${count + 3} sessions are left`)
      return seen(reading)
    })
    for (const { stream } of scene.readers) stream.socket.pause()
    let stalled: Flood | undefined
    await check(`${mebibytes(bytes)} to ${count} readers that do not read`, async () => {
      stalled = await flood(scene, bytes, false)
      return `${seen(stalled)}; ${(await status('sessions')) - 3} of them still have a session`
    })
    await check('memory stays within the budgets', async () => {
      const now = await watched.memory()
      const grown = now.heapUsed + now.external - before.heapUsed - before.external
      const resident = stalled!.peak - reading!.peak
      const counted = await status('bytes that wait for readers')
      const told = `${mebibytes(counted)} wait in ${mebibytes(grown)} of JavaScript; resident ${mebibytes(resident)} more than while all read`
      if (counted > unsentInAll || grown > times * unsentInAll || resident > timesResident * unsentInAll)
        throw new Error(told)
      return told
    })
    await check('others are not slowed', async () => {
      const limit = 3 * percentile(reading!.times, 0.5) + 20
      const half = percentile(stalled!.times, 0.5)
      if (half > limit) throw new Error(`half of their messages took more than ${half.toFixed(0)} ms`)
      return `p50 ${half.toFixed(1)} ms, while all read ${percentile(reading!.times, 0.5).toFixed(1)} ms`
    })
    await check('who is new gets in', async () => {
      const carl = await logIn(target, 'carl', 'bench')
      carl.end()
      return ''
    })
    await check('memory comes back when the readers go', async () => {
      for (const { stream } of scene.readers) stream.socket.destroy()
      await until('sessions gone', 60, async () => (await status('sessions')) <= 3)
      const waiting = await status('bytes that wait for readers')
      if (waiting > 0) throw new Error(`${waiting} bytes are still counted`)
      const after = await watched.memory()
      const grown = after.heapUsed + after.external - before.heapUsed - before.external
      const told = `${mebibytes(before.heapUsed + before.external)} of JavaScript before, ${mebibytes(grown)} more after`
      if (grown > left) throw new Error(told)
      return told
    })
  })
}

interface Flood {
  /** Resident memory of the server at its most, in bytes. */
  readonly peak: number
  /** How long the others' messages took, in milliseconds. */
  readonly times: readonly number[]
  readonly seconds: number
}

const seen = ({ seconds, peak, times }: Flood) =>
  `${seconds.toFixed(1)} s, ${mebibytes(peak)} resident at most; others' messages took ${percentile(times, 0.5).toFixed(1)} ms (p99 ${percentile(times, 0.99).toFixed(0)})`

/** Writes so many bytes to the readers in turn, as fast as the server works them off and, if told, they read, while the others talk. */
async function flood({ watched, readers, writer, others, got }: Scene, bytes: number, read: boolean): Promise<Flood> {
  const body = `${'x'.repeat(bulk)}~`
  const begin = performance.now()
  let peak = 0
  const look = () => {
    peak = Math.max(peak, residentMemory(watched.server.pid) * 2 ** 20)
  }
  const looking = setInterval(look, 200)
  const talk = conversation(others)
  const group = 20
  const before = got.count
  for (let sent = 0, number = 0; sent < bytes; ) {
    const pieces: string[] = []
    for (let one = 0; one < group; one++, number++) {
      const { jid } = readers[number % readers.length]!
      pieces.push(`<message to='${jid}'><body>${body}</body><no-store xmlns='urn:xmpp:hints'/></message>`)
      sent += bulk
    }
    // Answered when all before it has been worked off.
    const id = `flood-${sent}`
    const ping = `<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`
    await writer.ask(pieces.join('') + ping, `id='${id}'`, `id="${id}"`)
    // The generator reads for all of them, and is not to be what is measured.
    if (read) await until('readers to read', 30, () => got.count - before > number - 5 * group)
  }
  const times = talk.end()
  clearInterval(looking)
  look()
  return { peak, times, seconds: (performance.now() - begin) / 1000 }
}

/** One says something, the other gets it, the next follows: how long each took. */
function conversation([anna, bert]: readonly [TextStream, TextStream]): { end(): readonly number[] } {
  const times: number[] = []
  let going = true
  let number = 0
  let begin = 0
  let timer: NodeJS.Timeout
  const say = () => {
    begin = performance.now()
    anna.socket.write(
      `<message to='bert@localhost/bench'><body>!${++number}</body><no-store xmlns='urn:xmpp:hints'/></message>`,
    )
  }
  anna.onData = () => {}
  bert.onData = chunk => {
    if (!chunk.includes('!')) return
    times.push(performance.now() - begin)
    if (going) timer = setTimeout(say, 10)
  }
  say()
  return {
    end() {
      going = false
      clearTimeout(timer)
      return times
    },
  }
}
