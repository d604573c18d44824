/**
 * The load: pairs of clients that chat in both directions with a fixed number of messages in flight, in a closed loop.
 * One process, no XML: each stanza is made once, and what arrives is counted by one byte that occurs nowhere else.
 *
 *     node bench/load.ts --port 5223 --authority ca.pem --pid PID [--pairs 100] [--window 4] [--bytes 234]
 *         [--warm 2] [--seconds 5] [--cpu 1] [--protocol xmpp|floor]
 *
 * prints one line of JSON (`Measurement`). `--pid` is the process whose processor time is counted, with its descendants.
 */
import { parseArgs } from 'node:util'
import type { Measurement } from './measurement.ts'
import { busyTime, processorTime } from './peers/process.ts'
import { logIn, secureConnection, type Target, TextStream } from './peers/stream.ts'

const { values } = parseArgs({
  options: {
    host: { type: 'string', default: 'localhost' },
    port: { type: 'string' },
    authority: { type: 'string' },
    pid: { type: 'string' },
    pairs: { type: 'string', default: '100' },
    window: { type: 'string', default: '4' },
    bytes: { type: 'string', default: '234' },
    warm: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
    cpu: { type: 'string', default: '1' },
    protocol: { type: 'string', default: 'xmpp' },
  },
})
const number = (name: 'port' | 'pid' | 'pairs' | 'window' | 'bytes' | 'warm' | 'seconds' | 'cpu') => {
  const value = Number(values[name] ?? Number.NaN)
  if (!(value >= 0)) throw new Error(`--${name} must be a number`)
  return value
}
const target: Target = { host: values.host, directTls: number('port'), authority: values.authority ?? '' }
const [pid, clients, window, bytes] = [number('pid'), number('pairs') * 2, number('window'), number('bytes')]
const floor = values.protocol === 'floor'

/** The byte that each message has once and nothing else on the stream has. */
const marker = 0x7e // ~

/** One message to the client of that number, `bytes` long. */
function message(to: number): Buffer {
  if (floor) {
    const frame = Buffer.alloc(bytes, 'x')
    frame.set([bytes >> 8, bytes & 0xff, Math.trunc(to / 100), to % 100])
    frame[bytes - 1] = marker
    return frame
  }
  const head = `<message to='u${to}@${target.host}/bench' type='chat' id='m${to}'><body>`
  const tail = `~</body><no-store xmlns='urn:xmpp:hints'/></message>`
  const filling = 'It was the nightingale, and not the lark. '.repeat(Math.ceil(bytes / 42))
  const body = filling.slice(0, bytes - head.length - tail.length)
  return Buffer.from(head + body + tail)
}

async function enter(index: number): Promise<TextStream> {
  if (!floor) return logIn(target, `u${index}`, 'bench')
  const stream = new TextStream(await secureConnection(target))
  const hello = Buffer.of(0, 4, Math.trunc(index / 100), index % 100)
  stream.socket.write(hello)
  // Only when it has come back can others send to this one.
  await stream.ask('', hello.toString('latin1'))
  return stream
}

const streams: TextStream[] = []
for (let next = 0; next < clients; ) {
  const group = Array.from({ length: Math.min(16, clients - next) }, () => enter(next++))
  streams.push(...(await Promise.all(group)))
}

let delivered = 0
let sent = 0
let sending = true

streams.forEach((stream, index) => {
  const partner = streams[index ^ 1]!
  const one = message(index)
  // What the partner sends when so many of its messages have arrived here: one write, made once.
  const batches = Array.from({ length: window + 1 }, (_, count) => Buffer.concat(Array(count).fill(one)))
  const send = (count: number) => {
    sent += count
    partner.socket.write(batches[count]!)
  }
  stream.onData = chunk => {
    let count = 0
    for (let at = chunk.indexOf(marker); at >= 0; at = chunk.indexOf(marker, at + 1)) count++
    if (count === 0) return
    delivered += count
    if (sending) send(count)
  }
  setImmediate(send, window)
})

const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000))
const snapshot = () => ({
  time: performance.now(),
  delivered,
  server: processorTime(pid),
  busy: busyTime(number('cpu')),
  generator: process.cpuUsage(),
})

await pause(number('warm'))
const before = snapshot()
await pause(number('seconds'))
const after = snapshot()
sending = false
for (let i = 0; i < 500 && delivered < sent; i++) await pause(0.02)

const broken = streams.find(stream => stream.failed)?.failed
if (broken) throw new Error(`a client was disconnected: ${broken.message}`)
const seconds = (after.time - before.time) / 1000
const count = after.delivered - before.delivered
const server = after.server - before.server
const generator = after.generator.user + after.generator.system - before.generator.user - before.generator.system
const { socket } = streams[0]!
const measurement: Measurement = {
  seconds,
  delivered: count,
  perSecond: count / seconds,
  serverMicroseconds: server / count,
  serverPercent: server / seconds / 1e4,
  generatorPercent: generator / seconds / 1e4,
  othersPercent: Math.max(0, (after.busy - before.busy - server) / seconds / 1e4),
  lost: sent - delivered,
  stanzaBytes: message(0).length,
  tls: `${socket.getProtocol()} ${socket.getCipher().name}`,
}
console.log(JSON.stringify(measurement))
for (const stream of streams) floor ? stream.socket.destroy() : stream.end()
setTimeout(() => process.exit(0), 2000).unref()
