import { residentMemory } from '../accounting.ts'
import type { Measurement } from '../measurement.ts'
import { ScramKeys } from '../peers/scram.ts'
import { logInByScram } from '../peers/stream.ts'
import { enter, judgeStreams, type Load, many, measure, nameOf, pause, tlsOf } from './load.ts'

/** Memory of a server before and after so many clients have logged in and are silent. */
export async function idle(load: Load): Promise<Measurement> {
  const before = residentMemory(load.pid)
  const keys = new ScramKeys()
  const streams = await many(load.clients, load.atOnce, index =>
    load.floor ? enter(load, index) : logInByScram(load.target, nameOf(index), load.hash, keys),
  )
  await pause(load.settle)
  const after = residentMemory(load.pid)
  // What the idle connections cost in processor time, too.
  const interval = await measure({ ...load, seconds: Math.min(load.seconds, 1) }, () => load.clients, { idle: true })
  judgeStreams(streams)
  const tls = tlsOf(streams[0]!)
  for (const stream of streams) stream.socket.destroy()
  return { ...interval, done: load.clients, lost: 0, tls, memory: { before, after } }
}
