import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Timer } from '../runtime/runtime.ts'
import { RawClient } from '../testing/raw.ts'
import { type TestServer, testServer } from '../testing/server.ts'
import { settle } from '../testing/settle.ts'
import { encodeBase64 } from '../wire/base64.ts'
import { Element } from '../wire/element.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import type { Carrier } from './carrier.ts'
import type { Envelope } from './envelope.ts'
import { Session } from './session.ts'
import { type Reader, Share, Unsent } from './unsent.ts'

const mebibyte = 2 ** 20
let house: TestServer

beforeEach(async () => {
  house = await testServer({ config: { limits: { 'unsent-in-all': '1MiB', unsent: '16MiB' } } })
  for (const name of ['romeo', 'juliet', 'nurse']) await house.addUser(`${name}@localhost`)
})
afterEach(() => house.stop())

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`

interface Bound {
  readonly client: RawClient
  /** It reads nothing any more. */
  stop(): void
}

async function bound(name: string, managed = false): Promise<Bound> {
  const links = house.link()
  const client = new RawClient(links)
  const data = encodeBase64(new TextEncoder().encode(`\0${name}\0secret`))
  client.send(`${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${data}</auth>`)
  await client.expect('<success')
  client.received = ''
  client.send(
    `${header}<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>`,
  )
  await client.expect('id="b"')
  if (managed) {
    client.send(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`)
    await client.expect('<enabled')
  }
  client.received = ''
  return { client, stop: () => links.sockets.client.pause() }
}

const body = 'x'.repeat(60_000)
const to = (name: string) =>
  `<message to='${name}@localhost/r' type='headline'><body>${body}</body><no-store xmlns='urn:xmpp:hints'/></message>`
const sessions = (name: string) =>
  [...house.server.hosts.get('localhost')!.owners.all()].find(({ address }) => address.local === name)?.sessions ?? []

/** Sends so many times, and waits until all has been worked off. */
async function flood({ client }: Bound, name: string, count: number): Promise<void> {
  for (let sent = 0; sent < count; sent++) client.send(to(name))
  client.send(`<iq type='get' id='p${name}${count}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
  await client.expect(`id="p${name}${count}"`)
}

for (const managed of [false, true])
  test(`too much for all${managed ? ', with stream management' : ''}: who has most is closed, others stay`, async () => {
    const romeo = await bound('romeo')
    const juliet = await bound('juliet', managed)
    const nurse = await bound('nurse', managed)
    juliet.stop()
    nurse.stop()
    await flood(romeo, 'nurse', 8)
    await flood(romeo, 'juliet', 9)
    const { unsent } = house.server.streams
    assert.ok(unsent.bytes > 300_000, 'something waits')
    assert.deepEqual([sessions('juliet').length, sessions('nurse').length], [1, 1])
    await flood(romeo, 'juliet', 12)
    assert.deepEqual([sessions('juliet').length, sessions('nurse').length], [0, 1])
    assert.ok(unsent.bytes < mebibyte, `${unsent.bytes} bytes wait`)
    assert.ok(house.log.some(({ sentence }) => sentence === 'too much waited for slow readers'))
  })

test('nothing is counted any more when all have read, acknowledged or gone', async () => {
  const romeo = await bound('romeo')
  const juliet = await bound('juliet', true)
  const nurse = await bound('nurse')
  const { unsent } = house.server.streams
  await flood(romeo, 'juliet', 3)
  await flood(romeo, 'nurse', 3)
  assert.ok(unsent.bytes > 180_000, 'juliet has not acknowledged')
  juliet.client.send(`<a xmlns='urn:xmpp:sm:3' h='3'/>`)
  await flood(romeo, 'nurse', 1)
  assert.equal(unsent.bytes, 0)
  await flood(romeo, 'juliet', 2)
  juliet.client.send('</stream:stream>')
  await juliet.client.expect('</stream:stream>')
  nurse.stop()
  await flood(romeo, 'nurse', 8)
  assert.ok(unsent.bytes > 0)
  nurse.client.links.sockets.client.destroy()
  while (sessions('nurse').length > 0) await settle(1)
  for (let turn = 0; unsent.bytes > 0 && turn < 20; turn++) await settle(1)
  assert.equal(unsent.bytes, 0)
})

test('no more are ended than it takes', () => {
  const turns: (() => void)[] = []
  const timers = { after: () => ({}) as Timer, cancel: () => {}, turn: (run: () => void) => void turns.push(run) }
  const ended: number[] = []
  let told: readonly number[] = []
  const unsent: Unsent = new Unsent(timers, {
    limits: () => ({ unsent: 500, unsentInAll: 800 }),
    readers: () => readers,
    relieved: (...facts) => (told = facts),
  })
  const readers = [100, 400, 200, 100, 200].map((): Reader => {
    const share = new Share(unsent)
    return {
      unsent: share,
      shed() {
        ended.push(share.bytes)
        share.set(0)
      },
    }
  })
  for (const [index, bytes] of [100, 400, 200, 100].entries()) readers[index]!.unsent.set(bytes)
  assert.equal(turns.length, 0)
  readers[4]!.unsent.set(100)
  readers[4]!.unsent.set(200)
  assert.deepEqual([turns.length, ended], [1, []], 'once, and later')
  turns[0]!()
  assert.deepEqual([ended, told, unsent.bytes], [[400], [1, 1000], 600])
})

/** A session without stream management whose client takes what it is told to. */
function unmanaged() {
  const unsent = new Unsent({} as never, {
    limits: () => ({ unsent: 40_000, unsentInAll: mebibyte }),
    readers: () => [],
    relieved: () => {},
  })
  const kernel = { waiting: 0, abandoned: 0 }
  const carrier = {
    get pending() {
      return kernel.waiting
    },
    write: (xml: string) => void (kernel.waiting += xml.length),
    abandon: () => void kernel.abandoned++,
  } as unknown as Carrier
  const owner = { delivered: 0 } as never
  const session = new Session(owner, Jid.parse('a@localhost/b'), carrier, { mayWrite: () => true } as never, unsent)
  return { unsent, kernel, session }
}

test('what a slow reader has taken, of all that waited for it, does not count', () => {
  const { unsent, kernel, session } = unmanaged()
  const stanza = new Element('message', ns.client, [], ['x'.repeat(10_000)])
  for (let count = 0; count < 20; count++) {
    session.deliver(stanza)
    kernel.waiting = Math.min(kernel.waiting, 15_000)
  }
  assert.deepEqual([kernel.abandoned, unsent.bytes < 40_000], [0, true])
  for (let count = 0; count < 4; count++) session.deliver(stanza)
  assert.equal(kernel.abandoned, 1, 'nothing was taken any more')
  session.drained()
  assert.equal(unsent.bytes, 0)
})

test('who always reads, and never has read all, has in its outbox what may be on its way, and little more', () => {
  const { kernel, session } = unmanaged()
  const stanza = new Element('message', ns.client, [], ['x'.repeat(1000)])
  for (let count = 0; count < 1000; count++) {
    session.deliver(stanza, {} as Envelope)
    kernel.waiting = Math.min(kernel.waiting, 5_500)
    assert.ok(session.outbox.bytes >= kernel.waiting)
    assert.ok(session.outbox.bytes < 30_000, `${session.outbox.bytes} bytes after ${count}`)
  }
  while (kernel.abandoned === 0) session.deliver(stanza, {} as Envelope)
  const unwritten = stanza.xml(ns.client).length
  assert.ok(session.outbox.bytes >= kernel.waiting + unwritten, 'nor is what was not even written forgotten')
})
