import { type Measurement, percentile } from '../measurement.ts'
import { answering, calm } from './answers.ts'
import { enter, judgeStreams, type Load, leave, many, measure, pause, settled, tlsOf } from './load.ts'
import { markers, messagesTo } from './message.ts'

/** Pairs of clients that send so many messages a second in all, whatever comes of them, and how long each takes. */
export async function constant(load: Load): Promise<Measurement> {
  const { rate, clients } = load
  const streams = await many(clients, 16, index => enter(load, index))
  await calm(load, streams)
  // A client's messages come from its partner only, in order: the first that was sent is the first that arrives.
  const under = streams.map((): number[] => [])
  let times: number[] = []
  let sent = 0
  let delivered = 0
  streams.forEach((stream, index) => {
    const sentAt = under[index]!
    const take = (chunk: Buffer) => {
      const now = performance.now()
      for (let count = markers(chunk); count > 0; count--) {
        delivered++
        times.push(now - sentAt.shift()!)
      }
    }
    stream.onData = load.floor ? take : answering(stream, take)
  })
  const writers = streams.map((_, index) => messagesTo(load, index))
  const begin = performance.now()
  const ticks = setInterval(() => {
    const due = Math.floor(((performance.now() - begin) * rate) / 1000)
    for (; sent < due; sent++) {
      const to = sent % clients
      under[to]!.push(performance.now())
      streams[to ^ 1]!.socket.write(writers[to]!(1))
    }
  }, 1)
  await pause(load.warm)
  times = []
  const interval = await measure(load, () => delivered)
  const measured = times
  clearInterval(ticks)
  const lost = await settled(
    () => sent,
    () => delivered,
  )
  judgeStreams(streams)
  const tls = tlsOf(streams[0]!)
  leave(load, streams)
  return {
    ...{ ...interval, lost, tls },
    medianMilliseconds: percentile(measured, 0.5),
    slowestMilliseconds: percentile(measured, 0.99),
  }
}
