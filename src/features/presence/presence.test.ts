import assert from 'node:assert/strict'
import { test } from 'node:test'
import { contactOf } from '../../server/roster.ts'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage, Storage } from '../../storage/storage.ts'
import { alteredStore } from '../../testing/altered-store.ts'
import type { Player } from '../../testing/play.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'

/** Everything that came for a client up to now. */
async function all(player: Player): Promise<Element[]> {
  player.send('<iq type="get" id="all" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  const came: Element[] = []
  for (;;) {
    const element = await player.receive()
    if (element.attribute('id') === 'all') return came
    came.push(element)
  }
}

/** A client that is there, and interested. */
async function present(house: TestServer, jid: string): Promise<Player> {
  const player = await house.connect(jid)
  player.send('<iq type="get" id="r"><query xmlns="jabber:iq:roster"/></iq><presence/>')
  await all(player)
  return player
}

async function contact(house: TestServer, of: string, other: string) {
  return contactOf((await house.server.hosts.get('localhost')!.owners.find(Jid.parse(of)))!, Jid.parse(other))
}

test('RFC 6121 §3.4: pre-approval is announced', async () => {
  const house = await testServer()
  await house.addUser('romeo@localhost')
  const client = new RawClient(house.link())
  await client.open()
  const plain = encodeBase64(new TextEncoder().encode('\0romeo\0secret'))
  client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
  await client.expect('<success')
  await client.open()
  assert.match(client.received, /<sub xmlns="urn:xmpp:features:pre-approval"\/>.*<\/stream:features>$/)
  client.links.sockets.client.destroy()
  await house.stop()
})

/** A store that outlives its servers. */
function lasting(): OpenStorage {
  let storage: Promise<Storage> | undefined
  return async tables => {
    storage ??= openMemory()(tables)
    const made = await storage
    return new Proxy(made, {
      get(target, name) {
        if (name === 'close') return async () => {}
        const value = target[name as keyof Storage]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

test('RFC 6121 §3.1.3: a request waits also while the server is away, with all that is in it', async () => {
  const storage = lasting()
  const first = await testServer({ storage })
  const romeo = await present(first, 'romeo@localhost/orchard')
  await first.addUser('juliet@localhost')
  const inside = '<status>Art thou?</status><x xmlns="urn:example:x">y</x>'
  romeo.send(`<presence id="ask" type="subscribe" to="juliet@localhost">${inside}</presence>`)
  romeo.send('<presence type="subscribed" to="mercutio@localhost"/>')
  await all(romeo)
  await first.stop()

  const second = await testServer({ storage })
  // The account is there already; now the house knows it too.
  await second.addUser('juliet@localhost').catch(() => {})
  const juliet = await second.connect('juliet@localhost/balcony')
  juliet.send('<presence/>')
  const request = (await all(juliet)).find(one => one.attribute('type') === 'subscribe')!
  assert.equal(request.attribute('id'), 'ask')
  assert.equal(request.attribute('from'), 'romeo@localhost')
  assert.match(String(request), /<status>Art thou\?<\/status><x xmlns="urn:example:x">y<\/x>/)
  // Romeo's side of it is as it was, and so is what he has approved.
  const { pendingOut } = (await contact(second, 'romeo@localhost', 'juliet@localhost'))!
  const { approved } = (await contact(second, 'romeo@localhost', 'mercutio@localhost'))!
  assert.deepEqual([pendingOut, approved], [true, true])
  await second.stop()
})

test('only so many requests wait, and none of them is big', async () => {
  const house = await testServer({ config: { presence: { requests: 2, 'request-length': 150 } } })
  await house.addUser('juliet@localhost')
  for (const name of ['a', 'b', 'c']) {
    const player = await present(house, `${name}@localhost`)
    const words = name === 'a' ? 'short' : 'x'.repeat(1000)
    player.send(`<presence id="${name}" type="subscribe" to="juliet@localhost"><status>${words}</status></presence>`)
    // Nobody learns that there was no room.
    assert.equal((await all(player)).length, 1)
  }
  const juliet = await house.connect('juliet@localhost')
  juliet.send('<presence/>')
  const requests = (await all(juliet)).filter(one => one.attribute('type') === 'subscribe')
  assert.deepEqual(
    requests.map(one => [one.attribute('id'), one.attribute('from'), one.text, one.elements.length]),
    [
      ['a', 'a@localhost', '', 1],
      ['b', 'b@localhost', '', 0],
    ],
  )
  await house.stop()
})

test('RFC 6121 §4.6: only so many may be told in particular; the client hears of it', async () => {
  const house = await testServer()
  const romeo = await present(house, 'romeo@localhost')
  for (let i = 0; i < 10_000; i++) romeo.send(`<presence to="nobody@localhost/${i}"/>`)
  romeo.send('<presence id="one" to="nobody@localhost/too-many"/><presence to="nobody@localhost/1"/>')
  romeo.send('<presence type="unavailable" to="nobody@localhost/0"/><presence to="nobody@localhost/now"/>')
  const came = await all(romeo)
  assert.equal(came.length, 1)
  assert.match(String(came[0]), /type="error" id="one".*<policy-violation/)
  await house.stop()
})

test('RFC 6121 §4.5.2: what a client says last is taken back, though it waits when the stream ends', async () => {
  let release: (() => void) | undefined
  const slow = alteredStore((_owner, _writes, go) => {
    const kept = go()
    if (release === undefined) return kept
    return new Promise<void>(done => {
      release = done
    })
  })
  const house = await testServer({ storage: slow })
  const juliet = await present(house, 'juliet@localhost/balcony')
  const romeo = await house.connect('romeo@localhost/orchard')
  juliet.send('<presence type="subscribe" to="romeo@localhost"/>')
  await all(juliet)
  romeo.send('<presence type="subscribed" to="juliet@localhost"/>')
  await all(romeo)
  await all(juliet)
  release = () => {}
  // The first has to be stored, and the second waits for its turn behind it.
  romeo.send('<presence type="subscribe" to="mercutio@localhost"/><presence/>')
  const gone = romeo.disconnect()
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  release()
  await gone
  release = undefined
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
  const seen = (await all(juliet)).map(one => one.attribute('type') ?? 'available')
  assert.notEqual(seen.at(-1), 'available', 'nobody is seen there who is not')
  await house.stop()
})

test('bad presence is refused, and the stream lives on', async () => {
  const house = await testServer()
  const romeo = await present(house, 'romeo@localhost')
  const bad: [string, string][] = [
    ['<presence id="b" type="subscribe"/>', 'bad-request'],
    ['<presence id="b" type="unsubscribed"/>', 'bad-request'],
    ['<presence id="b" type="probe"/>', 'bad-request'],
    ['<presence id="b" type="available"/>', 'bad-request'],
    ['<presence id="b" type="invisible" to="juliet@localhost"/>', 'bad-request'],
    ['<presence id="b" type="subscribe" to="a@b@localhost"/>', 'jid-malformed'],
    ['<presence id="b" to="@localhost"/>', 'jid-malformed'],
  ]
  for (const [xml, condition] of bad) {
    romeo.send(xml)
    const [answer, ...more] = await all(romeo)
    assert.match(String(answer), new RegExp(`type="error" id="b"><error type="modify"><${condition}`), xml)
    assert.deepEqual(more, [])
  }
  romeo.send('<presence id="b" type="error"/><presence type="error" to="@localhost"/>')
  assert.deepEqual(await all(romeo), [])
  await house.stop()
})
