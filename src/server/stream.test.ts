import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { webSocketFraming } from '../link/framing.ts'
import { nodeCrypto } from '../runtime/node-crypto.ts'
import { logIn } from '../testing/login.ts'
import { RawClient } from '../testing/raw.ts'
import { type TestServer, testServer } from '../testing/server.ts'
import { encodeBase64 } from '../wire/base64.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'

let house: TestServer

before(async () => {
  house = await testServer({ config: { hosts: { localhost: {}, 'example.org': {} } } })
  await house.addUser('romeo@localhost')
  await house.addUser('romeo@example.org', 'another')
})
after(() => house.stop())

const header = (to: string, more = '') =>
  `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${to}' version='1.0'${more}>`
const plain = (user: string, password: string) =>
  `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${encodeBase64(new TextEncoder().encode(`\0${user}\0${password}`))}</auth>`
const bind = (id: string) => `<iq type='set' id='${id}'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`

test('what is sent ahead is read when its turn comes: login, restart, binding and a message in one piece', async () => {
  const client = new RawClient(house.link())
  const message = "<message to='romeo@localhost' id='m' type='chat'><body>ahead</body></message>"
  client.send(
    `${header('localhost')}${plain('romeo', 'secret')}${header('localhost')}${bind('b')}<presence/>${message}`,
  )
  await client.expect('<body>ahead</body>')
  const order = [
    '<mechanisms',
    '<success',
    '<bind xmlns="urn:ietf:params',
    'type="result" id="b"',
    '<presence',
    'id="m"',
  ]
  const places = order.map(text => client.received.indexOf(text))
  assert.deepEqual(
    places,
    [...places].sort((a, b) => a - b),
    client.received,
  )
})

test('a stream in WebSocket frames is negotiated like any other (RFC 7395)', async () => {
  const links = house.link({ framing: webSocketFraming })
  const account = { jid: 'romeo@localhost', password: 'secret', resource: 'socket' }
  const player = await logIn(links.client, account, {
    crypto: nodeCrypto,
    random: count => new Uint8Array(count).fill(1),
  })
  assert.equal(player.jid, 'romeo@localhost/socket')
  player.send('<iq type="get" id="p" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.equal((await player.receive()).attribute('id'), 'p')
  await player.disconnect()
})

test('hosts of one server are apart: the same name is two accounts', async () => {
  const client = new RawClient(house.link())
  await client.open('example.org')
  client.send(plain('romeo', 'secret'))
  await client.expect('<not-authorized/>')
  client.send(plain('romeo', 'another'))
  await client.expect('<success')
  client.send(header('localhost'))
  await client.expect('<host-unknown')
})

test('a header that names somebody else after login: invalid-from', async () => {
  const client = new RawClient(house.link())
  await client.open()
  client.send(plain('romeo', 'secret'))
  await client.expect('<success')
  client.send(header('localhost', " from='juliet@localhost'"))
  await client.expect('<invalid-from')
})

test('XEP-0478: limits grow with the login, and are what holds', async () => {
  const client = new RawClient(house.link())
  await client.open()
  assert.match(client.received, /<max-bytes>10240<\/max-bytes><idle-seconds>900<\/idle-seconds>/)
  client.send(plain('romeo', 'secret'))
  await client.expect('<success')
  await client.open()
  assert.match(client.received, /<max-bytes>262144<\/max-bytes>/)
  client.send(bind('b'))
  await client.expect('id="b"')
  client.send(`<message to='romeo@localhost'><body>${'x'.repeat(100_000)}</body></message>`)
  client.send("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
  await client.expect('id="p"')
  client.send(`<message to='romeo@localhost'><body>${'x'.repeat(300_000)}</body></message>`)
  await client.expect('<policy-violation')
})

test("the stream's language is that of stanzas which name none (RFC 6120 §8.1.5)", async () => {
  const client = new RawClient(house.link())
  const open = header('localhost', " xml:lang='it'")
  client.send(`${open}${plain('romeo', 'secret')}${open}${bind('b')}<presence/>`)
  client.send("<message to='romeo@localhost' id='m1'><body>ciao</body></message>")
  client.send("<message to='romeo@localhost' id='m2' xml:lang='en'><body>hello</body></message>")
  await client.expect('hello')
  assert.match(client.received, /id="m1" xml:lang="it"/)
  assert.match(client.received, /id="m2" xml:lang="en"/)
})

test('when the server stops, every session sees it, and contacts see the session leave first', async () => {
  const other = await testServer()
  const one = await other.connect('romeo@localhost/one')
  const two = await other.connect('romeo@localhost/two')
  one.send('<presence/>')
  await one.receive()
  two.send('<presence/>')
  for (const _ of [1, 2]) await two.receive()
  await one.receive()
  const stopped = other.stop()
  assert.match(String(await one.receive()), /<system-shutdown/)
  const rest = [String(await two.receive()), String(await two.receive())]
  assert.match(rest[0]!, /from="romeo@localhost\/one" type="unavailable"/)
  assert.match(rest[1]!, /<system-shutdown/)
  await Promise.all([one.disconnect(), two.disconnect()])
  await stopped
})

test('what comes after we have ended the stream is not read any more', async () => {
  const juliet = await house.connect('juliet@localhost')
  const romeo = await house.connect('romeo@localhost')
  const host = house.server.hosts.get('localhost')!
  const { sessions } = host.owners.loaded(Jid.parse('romeo@localhost'))!
  sessions.find(({ jid }) => jid.full === romeo.jid)!.fail(new StreamError('policy-violation', 'Enough.'))
  romeo.send(`<message to='${juliet.jid}'><body>still here</body></message>`)
  await romeo.disconnect()
  juliet.send(`<iq type='get' id='end' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
  assert.equal((await juliet.receive()).attribute('id'), 'end')
})
