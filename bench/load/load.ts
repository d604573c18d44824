import { TLSSocket } from 'node:tls'
import { busyTime, diskTime, processorTime, workerTimes } from '../accounting.ts'
import type { Measurement } from '../measurement.ts'
import { type ScramHash, ScramKeys } from '../peers/scram.ts'
import { connection, logInByScram, type Target, TextStream } from '../peers/stream.ts'

/** What a run of the load is to do. */
export interface Load {
  readonly target: Target
  /** Whether the server is the floor, which moves frames and knows no XML. */
  readonly floor: boolean
  /** The server's process. */
  readonly pid: number
  /** The server's processor. */
  readonly cpu: number
  readonly clients: number
  /** Messages, or broadcasts of presence, in flight from each sender. */
  readonly window: number
  /** Messages a second from all senders, where they do not wait for each other. */
  readonly rate: number
  /** Length of a message. */
  readonly bytes: number
  readonly hash: ScramHash
  /** Logins at once. */
  readonly atOnce: number
  /** Items of a roster. */
  readonly items: number
  /** Seconds before anything is measured. */
  readonly warm: number
  readonly seconds: number
  /** Seconds of silence before memory is measured. */
  readonly settle: number
  /** Whether messages are such that servers keep them. */
  readonly archived: boolean
  /** Devices of each person. */
  readonly devices: number
  /** Stanzas after which a client asks for an acknowledgement; 0 is never. */
  readonly acknowledgeEvery: number
  /** Whether clients come back with a token (XEP-0484). */
  readonly token: boolean
  /** Whether the server takes profiles of what is measured when it gets SIGUSR2 (profile/hook.ts). */
  readonly profile: boolean
}

/** The byte that each stanza has once and nothing else on the stream has: `~`. */
export const marker = 0x7e

/** Name of the account of that number. */
export const nameOf = (index: number) => `u${index}`

/** The number that the floor takes for all other connections. */
export const everybody = 25_599

/** A frame to the floor's connection of that number. */
export function frame(to: number, bytes: number): Buffer {
  const made = Buffer.alloc(bytes, 'x')
  made.set([bytes >> 8, bytes & 0xff, Math.trunc(to / 100), to % 100])
  if (bytes > 4) made[bytes - 1] = marker
  return made
}

/** What clients remember: by PLAIN, servers would be busy with passwords for seconds. */
const keys = new ScramKeys()

/** Logs in the client of that number, or tells the floor its number. */
export async function enter(load: Load, index: number, resource = 'bench'): Promise<TextStream> {
  if (!load.floor) return logInByScram(load.target, nameOf(index), load.hash, keys, resource)
  const stream = new TextStream(await connection(load.target))
  const hello = frame(index, 4)
  stream.socket.write(hello)
  // Only when it has come back can others send to this one.
  await stream.ask('', hello.toString('latin1'))
  return stream
}

/** Makes `count` things, some at once; in their order. */
export async function many<T>(count: number, atOnce: number, make: (index: number) => Promise<T>): Promise<T[]> {
  const made: T[] = Array(count)
  let next = 0
  const worker = async () => {
    for (let index = next++; index < count; index = next++) made[index] = await make(index)
  }
  await Promise.all(Array.from({ length: Math.min(atOnce, count) }, worker))
  return made
}

/** Resolves after so many seconds. */
export const pause = (seconds: number) => new Promise(resolve => setTimeout(resolve, seconds * 1000))

/** What the run's own kind of work adds to a measurement. */
type Interval = Omit<Measurement, 'lost' | 'tls'>

/** Units that a measurement should have at least; and how often over what is in flight: some deliver all of that at once. */
const fewest = 200
const turns = 2

/** Lets a load run for a while, and until all that was in flight at first has been done, but not longer than a minute. */
export async function warmUp({ warm }: Load, inFlight: number, done: () => number): Promise<void> {
  await pause(warm)
  const deadline = performance.now() + 60_000
  while (done() < inFlight && performance.now() < deadline) await pause(0.1)
}

/**
 * Measures for some seconds, by a counter of what was done, of which so much is in flight; where `idle`, nothing is to be
 * done, and no figure is for each.
 * Rejects where nothing was done, else.
 */
export async function measure(
  load: Load,
  done: () => number,
  { idle = false, inFlight = 0 }: { idle?: boolean; inFlight?: number } = {},
): Promise<Interval> {
  const enough = Math.max(fewest, turns * inFlight)
  const snapshot = () => ({
    time: performance.now(),
    done: done(),
    server: processorTime(load.pid),
    workers: workerTimes(load.pid),
    busy: busyTime(load.cpu),
    disk: diskTime(load.cpu),
    generator: process.cpuUsage(),
  })
  const before = snapshot()
  if (load.profile) process.kill(load.pid, 'SIGUSR2')
  // Who is slow is given more time, so that there is something to divide by.
  for (
    let tries = 0;
    tries < (idle ? 1 : 8) && done() - before.done < (tries === 0 ? Number.POSITIVE_INFINITY : enough);
    tries++
  )
    await pause(load.seconds)
  const after = snapshot()
  let allocating: number | undefined
  if (load.profile) {
    // One kind of profile after the other: each would be seen in the other one.
    process.kill(load.pid, 'SIGUSR2')
    const begun = done()
    await pause(load.seconds)
    process.kill(load.pid, 'SIGUSR2')
    allocating = done() - begun
  }
  const seconds = (after.time - before.time) / 1000
  const count = after.done - before.done
  if (count === 0 && !idle) throw new Error(`nothing was done in ${seconds.toFixed(0)} seconds`)
  const server = after.server - before.server
  const generator = after.generator.user + after.generator.system - before.generator.user - before.generator.system
  return {
    seconds,
    done: count,
    perSecond: count / seconds,
    serverMicroseconds: count === 0 ? 0 : server / count,
    serverPercent: server / seconds / 1e4,
    workersPercent: after.workers.map((time, place) => (time - (before.workers[place] ?? 0)) / seconds / 1e4),
    generatorPercent: generator / seconds / 1e4,
    othersPercent: Math.max(0, (after.busy - before.busy - server) / seconds / 1e4),
    diskPercent: (after.disk - before.disk) / seconds / 1e4,
    ...(allocating !== undefined && { allocating }),
  }
}

/** Version of TLS and cipher. */
export function tlsOf({ socket }: TextStream): string {
  return socket instanceof TLSSocket ? `${socket.getProtocol()} ${socket.getCipher().name}` : 'no TLS'
}

/** Waits until all that was begun is done, or for ten seconds nothing more was; how much is not. */
export async function settled(begun: () => number, done: () => number): Promise<number> {
  let before = done()
  for (let i = 0; i < 500 && done() < begun(); i++) {
    await pause(0.02)
    if (done() > before) i = 0
    before = done()
  }
  return begun() - done()
}

/** Ends all streams in good order. */
export function leave({ floor }: Load, streams: readonly TextStream[]): void {
  for (const stream of streams) floor ? stream.socket.destroy() : stream.end()
}

/** Throws where a client has lost its connection. */
export function judgeStreams(streams: readonly TextStream[]): void {
  const broken = streams.find(stream => stream.failed)?.failed
  if (broken) throw new Error(`a client was disconnected: ${broken.message}`)
}
