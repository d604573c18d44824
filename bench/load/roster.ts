import type { Measurement } from '../measurement.ts'
import { ScramKeys } from '../peers/scram.ts'
import { logInByScram, type TextStream } from '../peers/stream.ts'
import { type Load, many, nameOf, tlsOf } from './load.ts'
import { loop } from './login.ts'

/** Items that wait for their result while a roster is filled. */
const inFlight = 50

/** Logins of accounts whose roster has a thousand items, all of which are fetched. */
export async function roster(load: Load): Promise<Measurement> {
  const keys = new ScramKeys()
  let tls = ''
  let bytes = 0
  const open = async (index: number) => {
    const stream = await logInByScram(load.target, nameOf(index), load.hash, keys)
    tls ||= tlsOf(stream)
    return stream
  }
  await many(load.clients, load.atOnce, async index => {
    const stream = await open(index)
    const there = stream.fetched.match(/<item /g)?.length ?? 0
    if (there < load.items) await fill(load, stream)
    stream.end()
  })
  const once = async (index: number) => {
    const stream = await open(index)
    bytes = stream.fetched.length
    const there = stream.fetched.match(/<item /g)?.length
    if (there !== load.items) throw new Error(`the roster of ${nameOf(index)} has ${there} items`)
    stream.end()
  }
  const measured = await loop(load, once, () => tls)
  return { ...measured, bytes }
}

async function fill({ items, target }: Load, stream: TextStream): Promise<void> {
  for (let done = 0; done < items; done += inFlight) {
    const group = Array.from({ length: Math.min(inFlight, items - done) }, (_, index) => {
      const number = done + index
      const item = `<item jid='contact${number}@${target.host}' name='Contact number ${number}'><group>Group ${number % 10}</group></item>`
      return `<iq type='set' id='item-${number}'><query xmlns='jabber:iq:roster'>${item}</query></iq>`
    })
    stream.socket.write(group.join(''))
    const last = `item-${done + group.length - 1}`
    await stream.ask('', `id='${last}'`, `id="${last}"`)
  }
}
