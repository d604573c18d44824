import type { Measurement } from '../measurement.ts'
import { answering, calm } from './answers.ts'
import { enter, judgeStreams, type Load, leave, many, measure, settled, tlsOf, warmUp } from './load.ts'
import { markers, messagesTo } from './message.ts'

/** Pairs of clients that chat in both directions with a fixed number of messages in flight, in a closed loop. */
export async function chat(load: Load): Promise<Measurement> {
  const streams = await many(load.clients, 16, index => enter(load, index))
  await calm(load, streams)
  let delivered = 0
  let sent = 0
  let sending = true
  streams.forEach((stream, index) => {
    const partner = streams[index ^ 1]!
    // What the partner sends when so many of its messages have arrived here.
    const messages = messagesTo(load, index)
    const send = (count: number) => {
      sent += count
      partner.socket.write(messages(count))
    }
    const take = (chunk: Buffer) => {
      const count = markers(chunk)
      if (count === 0) return
      delivered += count
      if (sending) send(count)
    }
    stream.onData = load.floor ? take : answering(stream, take)
    setImmediate(send, load.window)
  })
  const inFlight = load.clients * load.window
  await warmUp(load, inFlight, () => delivered)
  const interval = await measure(load, () => delivered, { inFlight })
  sending = false
  const lost = await settled(
    () => sent,
    () => delivered,
  )
  judgeStreams(streams)
  const tls = tlsOf(streams[0]!)
  leave(load, streams)
  return { ...interval, lost, tls, bytes: messagesTo(load, 0)(1).length }
}
