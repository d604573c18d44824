import type { Measurement } from '../measurement.ts'
import type { TextStream } from '../peers/stream.ts'
import { acknowledging } from './acknowledge.ts'
import { calm } from './answers.ts'
import { enter, judgeStreams, type Load, leave, many, measure, settled, tlsOf, warmUp } from './load.ts'
import { messagesTo } from './message.ts'

/**
 * Chat as people live it: what is said is archived, goes to all of a person's devices, and to one's own other ones as a
 * carbon (XEP-0280); every device has stream management (XEP-0198), asks for an acknowledgement after some stanzas and
 * gives those that the server asks for. The first device of each speaks; a message is done when it has come to the other
 * one's first device.
 */
export async function people(load: Load): Promise<Measurement> {
  const { devices, clients } = load
  const streams = await many(clients * devices, 16, number =>
    enter(load, Math.floor(number / devices), `bench${number % devices}`),
  )
  await calm(load, streams)
  // When all are there, so that nothing but messages is counted from here on.
  await Promise.all(streams.map(manage))
  let sent = 0
  let delivered = 0
  let copies = 0
  let sending = true
  const last = streams.map((stream, number) => {
    const person = Math.floor(number / devices)
    const speaker = streams[(person ^ 1) * devices]!
    const messages = messagesTo(load, person)
    const send = (count: number) => {
      sent += count
      speaker.socket.write(messages(count))
    }
    const listens = number % devices === 0
    const { take, acknowledge } = acknowledging(stream, count => {
      copies += count
      if (!listens) return
      delivered += count
      if (sending) send(count)
    })
    stream.onData = take
    if (listens) setImmediate(send, load.window)
    return acknowledge
  })
  const inFlight = clients * load.window
  await warmUp(load, inFlight, () => delivered)
  const interval = await measure(load, () => delivered, { inFlight })
  sending = false
  // To all devices of the one, and to those of the other that it was not sent from.
  const copiesEach = 2 * devices - 1
  const lost = await settled(
    () => sent * copiesEach,
    () => copies,
  )
  judgeStreams(streams)
  // Else it would wait for whoever comes next.
  for (const acknowledge of last) acknowledge()
  const tls = tlsOf(streams[0]!)
  leave(load, streams)
  return { ...interval, lost, tls, bytes: messagesTo(load, 0)(1).length }
}

async function manage(stream: TextStream): Promise<void> {
  const carbons = `<iq type='set' id='carbons'><enable xmlns='urn:xmpp:carbons:2'/></iq>`
  const answer = await stream.ask(carbons, `id='carbons'`, `id="carbons"`)
  if (/type=.error.[^>]*$/.test(answer)) throw new Error(`no carbons: ${answer.slice(-300)}`)
  await stream.ask(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`, '<enabled')
}
