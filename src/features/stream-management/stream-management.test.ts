import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { answered } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import { Jid } from '../../wire/jid.ts'

let house: TestServer

beforeEach(async () => {
  house = await testServer({ config: { limits: { unsent: '64KiB' } } })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
})
afterEach(() => house.stop())

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`
const sm = 'urn:xmpp:sm:3'

/** Logs in on a raw connection, up to where a resource could be bound. */
async function loggedIn(name: string): Promise<RawClient> {
  const client = new RawClient(house.link())
  const data = encodeBase64(new TextEncoder().encode(`\0${name}\0secret`))
  client.send(`${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${data}</auth>`)
  await client.expect('<success')
  client.received = ''
  client.send(header)
  await client.expect('</stream:features>')
  return client
}

/** A bound and available session with stream management; `id` is its name for resumption. */
async function managed(name: string, attributes = "resume='true'"): Promise<RawClient & { id: string }> {
  const client = await loggedIn(name)
  assert.match(client.received, /<sm xmlns="urn:xmpp:sm:3"\/>/)
  client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>`)
  await client.expect('id="b"')
  client.send(`<enable xmlns='${sm}' ${attributes}/>`)
  await client.expect('<enabled')
  const id = /<enabled [^>]*id="([^"]+)"/.exec(client.received)?.[1] ?? ''
  client.send('<presence/>')
  await client.expect('<presence')
  client.received = ''
  return Object.assign(client, { id })
}

async function resume(name: string, id: string, h: number): Promise<RawClient> {
  const client = await loggedIn(name)
  client.received = ''
  client.send(`<resume xmlns='${sm}' previd='${id}' h='${h}'/>`)
  await client.until(() => /<(resumed|failed|stream:error)[\s>]/.test(client.received) || client.over)
  return client
}

const say = (player: Player, id: string, to = 'romeo@localhost') =>
  player.send(`<message to="${to}" type="chat" id="${id}"><body>${id}</body></message>`)

/** Everything that a player sent before has been worked off. */
async function settled(player: Player): Promise<void> {
  player.send('<iq type="get" id="settled" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  while ((await player.receive()).attribute('id') !== 'settled');
}

test('both sides count: <r/> is answered with what was handled, and <a/> is taken', async () => {
  const romeo = await managed('romeo')
  romeo.send(`<message to='juliet@localhost'><body>1</body></message><r xmlns='${sm}'/>`)
  await romeo.expect('<a xmlns="urn:xmpp:sm:3" h="2"/>')
  const juliet = await house.connect('juliet@localhost')
  say(juliet, 'm1')
  await romeo.expect('id="m1"')
  // the first <r/> came with the presence, and was not answered: no other comes before
  assert.doesNotMatch(romeo.received, /<r xmlns/)
  romeo.send(`<a xmlns='${sm}' h='2'/>`)
  say(juliet, 'm2')
  await romeo.expect('<r xmlns="urn:xmpp:sm:3"/>')
})

test('a session whose connection broke stays; its client comes back, and has what it missed, once and in order', async () => {
  const romeo = await managed('romeo')
  const juliet = await house.connect('juliet@localhost')
  juliet.send('<presence/>')
  juliet.send('<presence to="romeo@localhost" type="subscribe"/>')
  await romeo.expect('type="subscribe"')
  romeo.send('<presence to="juliet@localhost" type="subscribed"/>')
  while ((await juliet.receive()).attribute('from') !== 'romeo@localhost/r');
  say(juliet, 'm1')
  await romeo.expect('id="m1"')
  romeo.links.sockets.cut()
  say(juliet, 'm2')
  say(juliet, 'm3')
  await settled(juliet)
  // own presence, the subscription, m1: three were read before the connection broke
  const back = await resume('romeo', romeo.id, 3)
  await back.expect('id="m3"')
  assert.match(back.received, /^<resumed xmlns="urn:xmpp:sm:3" previd="[^"]+" h="2"\/>/)
  assert.deepEqual(back.received.match(/id="m\d"/g), ['id="m2"', 'id="m3"'])
  say(juliet, 'm4', 'romeo@localhost/r')
  await back.expect('id="m4"')
  juliet.send('<iq type="get" id="end" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  const seen = await juliet.receive()
  assert.equal(seen.attribute('id'), 'end', 'nobody saw romeo leave')
})

test('a session that still has its connection goes on in the new one, and the old one ends with conflict', async () => {
  const romeo = await managed('romeo')
  const back = await resume('romeo', romeo.id, 1)
  assert.match(back.received, /^<resumed/)
  await romeo.expect('<conflict')
  const juliet = await house.connect('juliet@localhost')
  say(juliet, 'm1', 'romeo@localhost/r')
  await back.expect('id="m1"')
})

test('who does not come back in time has left, what it did not take waits for it, and it learns how much was handled', async () => {
  const romeo = await managed('romeo', "resume='true' max='60'")
  const juliet = await house.connect('juliet@localhost')
  romeo.links.sockets.cut()
  say(juliet, 'm1')
  await settled(juliet)
  await house.advance(61_000)
  const late = await resume('romeo', romeo.id, 1)
  assert.match(late.received, /^<failed xmlns="urn:xmpp:sm:3" h="1"><item-not-found/)
  late.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq><presence/>`)
  await late.expect('id="m1"')
  assert.match(late.received, /<delay /)
})

test('a request that nobody took is answered by an error when the session ends', async () => {
  const romeo = await managed('romeo', "resume='true' max='60'")
  const juliet = await house.connect('juliet@localhost')
  romeo.send(`<presence to='${juliet.jid}'/>`)
  await juliet.receive()
  romeo.links.sockets.cut()
  juliet.send('<iq type="get" id="q" to="romeo@localhost/r"><query xmlns="urn:example:x"/></iq>')
  await settled(juliet)
  await house.advance(61_000)
  const answers = [String(await juliet.receive()), String(await juliet.receive())]
  assert.ok(
    answers.some(text => /type="error" id="q".*service-unavailable/.test(text)),
    answers.join('\n'),
  )
})

test('a stream that ends in good order ends its session (XEP-0198 §7)', async () => {
  const romeo = await managed('romeo')
  romeo.send('</stream:stream>')
  await romeo.until(() => romeo.received.includes('</stream:stream>'))
  const late = await resume('romeo', romeo.id, 1)
  assert.match(late.received, /^<failed .*<item-not-found/)
})

const refused: [what: string, say: (id: string) => string, answer: RegExp][] = [
  ['enabled before binding', () => `<enable xmlns='${sm}'/>`, /<failed xmlns="urn:xmpp:sm:3"><unexpected-request/],
  [
    'resumed by a name that is none',
    () => `<resume xmlns='${sm}' previd='x' h='0'/>`,
    /<failed xmlns="urn:xmpp:sm:3"><item-not-found/,
  ],
  [
    "resumed by somebody else's name",
    id => `<resume xmlns='${sm}' previd='${id}' h='0'/>`,
    /<failed xmlns="urn:xmpp:sm:3"><item-not-found/,
  ],
  ['resumed without a count', id => `<resume xmlns='${sm}' previd='${id}'/>`, /<stream:error><bad-format/],
]

for (const [what, words, expected] of refused) {
  test(`${what}: refused`, async () => {
    const romeo = await managed('romeo')
    const juliet = await loggedIn('juliet')
    juliet.send(words(romeo.id))
    await juliet.until(() => /<(failed|stream:error)/.test(juliet.received) || juliet.over)
    assert.match(juliet.received, expected)
  })
}

test('more acknowledged than was sent: handled-count-too-high', async () => {
  const romeo = await managed('romeo')
  romeo.send(`<a xmlns='${sm}' h='10'/>`)
  await romeo.expect('</stream:stream>')
  assert.match(
    romeo.received,
    /<undefined-condition [^>]*\/>.*<handled-count-too-high xmlns="urn:xmpp:sm:3" h="10" send-count="1"\/>/,
  )
})

test('the same when resuming, and the session is over', async () => {
  const romeo = await managed('romeo')
  romeo.links.sockets.cut()
  const back = await resume('romeo', romeo.id, 99)
  await back.expect('handled-count-too-high')
})

test('a count that goes back changes nothing, and one that is no number ends the stream', async () => {
  const romeo = await managed('romeo')
  romeo.send(`<a xmlns='${sm}' h='1'/><a xmlns='${sm}' h='0'/><r xmlns='${sm}'/>`)
  await romeo.expect('<a xmlns')
  romeo.send(`<a xmlns='${sm}' h='-1'/>`)
  await romeo.expect('<bad-format')
})

test('enabled twice: the stream ends', async () => {
  const romeo = await managed('romeo')
  romeo.send(`<enable xmlns='${sm}'/>`)
  await romeo.expect('<policy-violation')
})

test('an ack without stream management: the stream ends', async () => {
  const juliet = await house.connect('juliet@localhost')
  juliet.send(`<r xmlns='${sm}'/>`)
  assert.match(String(await juliet.receive()), /policy-violation/)
})

test('what waits for somebody who is away is bounded: the session ends, and the rest waits in the log', async () => {
  const romeo = await managed('romeo')
  romeo.links.sockets.cut()
  const juliet = await house.connect('juliet@localhost')
  for (let i = 0; i < 12; i++) {
    juliet.send(`<message to="romeo@localhost" type="chat" id="m${i}"><body>${'x'.repeat(8000)}</body></message>`)
  }
  await settled(juliet)
  assert.ok(house.log.some(line => line.sentence === 'session ended' && line.facts['who'] === 'romeo@localhost/r'))
  const again = await house.connect('romeo@localhost')
  again.send('<presence/>')
  const ids: string[] = []
  while (ids.length < 12) {
    const element = await again.receive()
    const id = element.attribute('id')
    if (element.name === 'message' && id) ids.push(id)
    else answered(again, element)
  }
  assert.deepEqual(
    ids,
    Array.from({ length: 12 }, (_, i) => `m${i}`),
  )
})

test('the end of the server leaves nothing behind: what a waiting session had not taken is stored', async () => {
  const romeo = await managed('romeo')
  romeo.links.sockets.cut()
  const juliet = await house.connect('juliet@localhost')
  say(juliet, 'm1')
  await settled(juliet)
  const owner = house.server.hosts
    .get('localhost')!
    .owners.loaded(
      [...house.server.hosts.get('localhost')!.owners.all()].find(one => one.address.local === 'romeo')!.address,
    )!
  const { undelivered } = owner
  const stopped = house.server.stop()
  await juliet.disconnect()
  await stopped
  assert.equal(owner.undelivered, undelivered + 1)
})

test('a message of another type than chat waits too, when the only session that was to get it is over', async () => {
  const romeo = await managed('romeo', "resume='true' max='60'")
  const juliet = await house.connect('juliet@localhost')
  romeo.links.sockets.cut()
  juliet.send('<message to="romeo@localhost" id="m1"><body>m1</body></message>')
  await settled(juliet)
  await house.advance(61_000)
  const again = await house.connect('romeo@localhost/again')
  again.send('<presence/>')
  while ((await again.receive()).attribute('id') !== 'm1');
})

test('who is sent too much while away ends there and then, and the other sessions get theirs all the same', async () => {
  const romeo = await managed('romeo')
  const other = await house.connect('romeo@localhost/other')
  other.send('<presence/>')
  const juliet = await house.connect('juliet@localhost')
  romeo.links.sockets.cut()
  for (const id of ['m1', 'm2', 'm3'])
    juliet.send(`<message to="romeo@localhost/r" id="${id}"><body>${'much '.repeat(6000)}</body></message>`)
  juliet.send('<presence to="romeo@localhost" type="subscribe"/>')
  await settled(juliet)
  const owner = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('romeo@localhost'))!
  assert.deepEqual(
    owner.sessions.map(session => session.jid.resource),
    ['other'],
  )
  while ((await other.receive()).attribute('type') !== 'subscribe');
})
