import type { Measurement } from '../measurement.ts'
import { enter, frame, judgeStreams, type Load, many, markers, measure, nameOf, pause, settled, tlsOf } from './load.ts'

/** One message to the client of that number, `bytes` long. */
function message({ floor, bytes, target }: Load, to: number): Buffer {
  if (floor) return frame(to, bytes)
  const head = `<message to='${nameOf(to)}@${target.host}/bench' type='chat' id='m${to}'><body>`
  const tail = `~</body><no-store xmlns='urn:xmpp:hints'/></message>`
  const filling = 'It was the nightingale, and not the lark. '.repeat(Math.ceil(bytes / 42))
  const body = filling.slice(0, bytes - head.length - tail.length)
  return Buffer.from(head + body + tail)
}

/** Pairs of clients that chat in both directions with a fixed number of messages in flight, in a closed loop. */
export async function chat(load: Load): Promise<Measurement> {
  const streams = await many(load.clients, 16, index => enter(load, index))
  let delivered = 0
  let sent = 0
  let sending = true
  streams.forEach((stream, index) => {
    const partner = streams[index ^ 1]!
    const one = message(load, index)
    // What the partner sends when so many of its messages have arrived here: one write, made once.
    const batches = Array.from({ length: load.window + 1 }, (_, count) => Buffer.concat(Array(count).fill(one)))
    const send = (count: number) => {
      sent += count
      partner.socket.write(batches[count]!)
    }
    stream.onData = chunk => {
      const count = markers(chunk)
      if (count === 0) return
      delivered += count
      if (sending) send(count)
    }
    setImmediate(send, load.window)
  })
  await pause(load.warm)
  const interval = await measure(load, () => delivered)
  sending = false
  const lost = await settled(
    () => sent,
    () => delivered,
  )
  judgeStreams(streams)
  const tls = tlsOf(streams[0]!)
  for (const stream of streams) load.floor ? stream.socket.destroy() : stream.end()
  return { ...interval, lost, tls, bytes: message(load, 0).length }
}
