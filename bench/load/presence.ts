import type { Measurement } from '../measurement.ts'
import type { TextStream } from '../peers/stream.ts'
import { answering, calm } from './answers.ts'
import {
  enter,
  everybody,
  frame,
  judgeStreams,
  type Load,
  leave,
  many,
  measure,
  nameOf,
  pause,
  settled,
  tlsOf,
} from './load.ts'
import { markers } from './message.ts'

/** Length of a copy as servers write it. */
const copyLength = 140

/**
 * One client whose presence goes to all the others, who are its contacts in both directions; `window` broadcasts are in
 * flight. What is counted is copies. With the floor a broadcast is one frame for everybody else.
 */
export async function presence(load: Load): Promise<Measurement> {
  const streams = await many(load.clients, 16, index => enter(load, index))
  const [sender, ...contacts] = streams as [TextStream, ...TextStream[]]
  if (!load.floor) await befriend(load, sender, contacts)
  // What comes of the subscriptions is read before anything is counted.
  await calm(load, streams)
  let delivered = 0
  let broadcasts = 0
  let sending = true
  const frameForAll = frame(everybody, copyLength)
  const send = () => {
    broadcasts++
    if (load.floor) return void sender.socket.write(frameForAll)
    // Each differs from the one before, so that no server can take it for the same.
    const status = String(broadcasts).padStart(9, '0')
    sender.socket.write(`<presence><show>away</show><status>Banished ~${status}</status></presence>`)
  }
  sender.onData = answering(sender, () => {})
  const take = (chunk: Buffer) => {
    delivered += markers(chunk)
    while (sending && delivered >= (broadcasts - load.window + 1) * contacts.length) send()
  }
  for (const contact of contacts) contact.onData = load.floor ? take : answering(contact, take)
  for (let i = 0; i < load.window; i++) send()
  await pause(load.warm)
  const interval = await measure(load, () => delivered)
  sending = false
  const lost = await settled(
    () => broadcasts * contacts.length,
    () => delivered,
  )
  judgeStreams(streams)
  const tls = tlsOf(sender)
  leave(load, streams)
  return { ...interval, lost, tls }
}

/** Subscribes the sender and the others to each other, where they are not from the run before. */
async function befriend({ target }: Load, sender: TextStream, contacts: readonly TextStream[]): Promise<void> {
  const me = `${nameOf(0)}@${target.host}`
  const other = (index: number) => `${nameOf(index + 1)}@${target.host}`
  const roster = await ask(sender, `<query xmlns='jabber:iq:roster'/>`, 'roster-before')
  if (both(roster) === contacts.length) return
  const all = (type: string) => contacts.map((_, index) => `<presence type='${type}' to='${other(index)}'/>`).join('')
  sender.socket.write(all('subscribe'))
  await Promise.all(
    contacts.map(async contact => {
      await contact.ask('', `type='subscribe'`, `type="subscribe"`)
      contact.socket.write(`<presence type='subscribed' to='${me}'/><presence type='subscribe' to='${me}'/>`)
    }),
  )
  for (let asked = 0; asked < contacts.length; asked++) await sender.ask('', `type='subscribe'`, `type="subscribe"`)
  sender.socket.write(all('subscribed'))
  for (let tries = 0; ; tries++) {
    const known = both(await ask(sender, `<query xmlns='jabber:iq:roster'/>`, `roster-${tries}`))
    if (known === contacts.length) break
    if (tries === 100) throw new Error(`only ${known} of ${contacts.length} contacts are there`)
    await pause(0.1)
  }
}

/** Sends an IQ get; all that came up to the end of its result, which has `id` somewhere before. */
async function ask(stream: TextStream, payload: string, id: string): Promise<string> {
  const before = await stream.ask(`<iq type='get' id='${id}'>${payload}</iq>`, `id='${id}'`, `id="${id}"`)
  return before.slice(-200) + (await stream.ask('', '</iq>'))
}

function both(roster: string): number {
  return roster.match(/subscription=['"]both/g)?.length ?? 0
}
