import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodeCrypto } from '../runtime/node-crypto.ts'
import { logIn } from '../testing/login.ts'
import { RawClient } from '../testing/raw.ts'
import { type TestServer, testServer } from '../testing/server.ts'
import { encodeBase64 } from '../wire/base64.ts'
import type { Element } from '../wire/element.ts'

let house: TestServer

before(async () => {
  house = await testServer({
    config: { login: { iterations: 4096, 'failures-per-account': 3 }, limits: { unsent: '64KiB' } },
  })
  await house.addUser('romeo@localhost')
  await house.addUser('juliet@localhost')
})
after(() => house.stop())

async function raw(options: { encrypted?: boolean } = {}): Promise<RawClient> {
  const client = new RawClient(house.link(options))
  return client
}

async function opened(options: { encrypted?: boolean } = {}): Promise<RawClient> {
  const client = await raw(options)
  await client.open()
  return client
}

/** What was said ended the stream with this error, which went out whole, and the log has a line. */
async function endsWith(client: RawClient, condition: string): Promise<void> {
  const lines = house.log.length
  await client.until(() => client.over || client.received.includes('</stream:stream>'))
  assert.match(client.received, new RegExp(`<stream:error><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-streams"`))
  assert.match(client.received, /<\/stream:stream>$/)
  const logged = house.log.slice(Math.max(0, lines - 3)).some(line => line.facts['condition'] === condition)
  assert.ok(logged, 'an operator reads it in the log')
}

const plain = (text: string) => encodeBase64(new TextEncoder().encode(text))
const auth = (mechanism: string, data: string) =>
  `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='${mechanism}'>${data}</auth>`

const malformed: [what: string, bytes: string | Uint8Array, condition: string][] = [
  ['tags that cross', '<message><body></message></body>', 'not-well-formed'],
  ['a comment', '<!-- hello -->', 'restricted-xml'],
  ['a processing instruction', '<?php echo 1 ?>', 'restricted-xml'],
  ['a document type', '<!DOCTYPE x>', 'restricted-xml'],
  ['a foreign entity', '<message><body>&nbsp;</body></message>', 'restricted-xml'],
  ['an undeclared prefix', '<a:message/>', 'not-well-formed'],
  ['an attribute twice', "<message to='a' to='b'/>", 'not-well-formed'],
  ['bytes that are no UTF-8', new Uint8Array([0x3c, 0x61, 0x3e, 0xc0, 0x80]), 'unsupported-encoding'],
  ['a character that XML has not', '<message>\u0001</message>', 'not-well-formed'],
  ['text between stanzas', 'hello', 'bad-format'],
  [
    '10,000 attributes',
    `<message ${Array.from({ length: 10_000 }, (_, i) => `a${i}='1'`).join(' ')}/>`,
    'policy-violation',
  ],
  ['an element deeper than the limit', '<a>'.repeat(200), 'policy-violation'],
  ['an element bigger than the limit', `<message><body>${'x'.repeat(11_000)}</body></message>`, 'policy-violation'],
  ['a stanza before login', "<message to='romeo@localhost'><body>hi</body></message>", 'not-authorized'],
  ['an unknown element before login', "<x xmlns='urn:example:x'/>", 'not-authorized'],
]

for (const [what, bytes, condition] of malformed) {
  test(`${what}: ${condition}`, async () => {
    const client = await opened()
    client.send(bytes)
    await endsWith(client, condition)
  })
}

test('a stream to an unknown host: host-unknown, behind a header of ours', async () => {
  const client = await raw()
  await client.open('example.org')
  await endsWith(client, 'host-unknown')
  assert.match(client.received, /^<\?xml version='1.0'\?><stream:stream [^>]*from="localhost"/)
})

test('a stream of another content namespace: invalid-namespace', async () => {
  const client = await raw()
  client.send(
    `<stream:stream xmlns='jabber:server' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`,
  )
  await endsWith(client, 'invalid-namespace')
})

test('a stream without a version: unsupported-version', async () => {
  const client = await raw()
  client.send(`<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost'>`)
  await endsWith(client, 'unsupported-version')
})

const sasl: [what: string, say: string, condition: string][] = [
  ['a mechanism that is none', auth('CRAM-MD5', ''), 'invalid-mechanism'],
  ['wrong base64', auth('PLAIN', '!!!'), 'incorrect-encoding'],
  ['PLAIN for somebody else', auth('PLAIN', plain('juliet@localhost\0romeo\0secret')), 'invalid-authzid'],
  ['a wrong password', auth('PLAIN', plain('\0romeo\0wrong')), 'not-authorized'],
  ['nobody', auth('PLAIN', plain('\0nobody\0secret')), 'not-authorized'],
  ['a response without an exchange', "<response xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", 'malformed-request'],
  ['an abort', "<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>", 'aborted'],
  ['SCRAM that says no channel binding was offered', auth('SCRAM-SHA-1', plain('y,,n=romeo,r=abc')), 'not-authorized'],
  [
    'SCRAM-PLUS with another channel binding',
    auth('SCRAM-SHA-1-PLUS', plain('p=tls-other,,n=romeo,r=abc')),
    'not-authorized',
  ],
]

for (const [what, say, condition] of sasl) {
  test(`SASL, ${what}: ${condition}`, async () => {
    const client = await opened()
    client.send(say)
    await client.expect('</failure>')
    assert.match(client.received, new RegExp(`<failure xmlns="urn:ietf:params:xml:ns:xmpp-sasl"><${condition}/>`))
    assert.equal(client.over, false, 'the stream goes on')
  })
}

test('a wrong password and a name of nobody read the same', async () => {
  const answers = []
  for (const who of ['juliet', 'nobody-at-all']) {
    const client = await opened()
    const from = client.received.length
    client.send(auth('PLAIN', plain(`\0${who}\0wrong`)))
    await client.expect('</failure>')
    answers.push(client.received.slice(from))
  }
  assert.equal(answers[0], answers[1])
})

test('after too many wrong passwords the account has to wait, even with the right one', async () => {
  await house.addUser('mercutio@localhost')
  for (let i = 0; i < 3; i++) {
    const client = await opened()
    client.send(auth('PLAIN', plain('\0mercutio\0wrong')))
    await client.expect('<not-authorized/>')
  }
  const client = await opened()
  client.send(auth('PLAIN', plain('\0mercutio\0secret')))
  await client.expect('<temporary-auth-failure/>')
  await house.advance(600_001)
  const later = await opened()
  later.send(auth('PLAIN', plain('\0mercutio\0secret')))
  await later.expect('<success')
})

test('five failures end a stream', async () => {
  const client = await opened()
  for (let i = 0; i < 5; i++) client.send("<abort xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>")
  await endsWith(client, 'policy-violation')
})

test('PLAIN outside TLS: encryption-required where it could be had', async () => {
  const client = await opened({ encrypted: false })
  assert.match(client.received, /<starttls xmlns="urn:ietf:params:xml:ns:xmpp-tls"><required\/>/)
  assert.doesNotMatch(client.received, /<mechanisms/)
  client.send(auth('PLAIN', plain('\0romeo\0secret')))
  await endsWith(client, 'not-authorized')
})

test('bytes behind <starttls/> are never read', async () => {
  const client = await opened({ encrypted: false })
  const before = house.log.length
  client.send(`<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>${auth('PLAIN', plain('\0romeo\0secret'))}`)
  await client.expect('<proceed')
  assert.doesNotMatch(client.received, /<(success|failure|stream:error)/)
  assert.equal(
    house.log.slice(before).some(line => line.sentence === 'login'),
    false,
  )
})

test('who opens a connection and says nothing is let go', async () => {
  const client = await raw()
  await house.advance(31_000)
  await endsWith(client, 'connection-timeout')
})

test('who opens a stream and does not log in is let go', async () => {
  const client = await opened()
  await house.advance(31_000)
  await endsWith(client, 'connection-timeout')
})

test('a bound client that answers no ping after silence is let go; one that answers stays', async () => {
  const dead = await house.connect('juliet@localhost/dead')
  const live = await house.connect('romeo@localhost/live')
  let asked: Element | undefined
  live.receive().then(element => (asked = element))
  for (let minutes = 0; minutes < 31 && asked === undefined; minutes += 0.5) await house.advance(30_000)
  const ping = asked!
  assert.match(String(ping), /<ping xmlns="urn:xmpp:ping"\/>/)
  live.send(`<iq type="result" id="${ping.attribute('id')}" to="localhost"/>`)
  live.send('<iq type="get" id="p" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.equal((await live.receive()).attribute('id'), 'p')
  await house.advance(61_000)
  assert.match(String(await dead.receive()), /<ping/)
  assert.match(String(await dead.receive()), /connection-timeout/)
  live.send('<iq type="get" id="q" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.equal((await live.receive()).attribute('id'), 'q')
  await live.disconnect()
})

test('a second bind: not-allowed', async () => {
  const romeo = await house.connect('romeo@localhost')
  romeo.send('<iq type="set" id="b"><bind xmlns="urn:ietf:params:xml:ns:xmpp-bind"/></iq>')
  assert.match(String(await romeo.receive()), /type="error" id="b"><error type="cancel"><not-allowed/)
  await romeo.disconnect()
})

test('an address that is none: jid-malformed, and the stream lives on', async () => {
  const romeo = await house.connect('romeo@localhost')
  for (const kind of ['message', 'presence', 'iq type="get"']) {
    romeo.send(`<${kind} to="@@" id="x"><x xmlns="urn:example:x"/></${kind.split(' ')[0]}>`)
    assert.match(String(await romeo.receive()), /type="error" id="x"><error type="modify"><jid-malformed/)
  }
  await romeo.disconnect()
})

test('messages and presence with content that nobody knows are passed on as they are', async () => {
  const romeo = await house.connect('romeo@localhost')
  const juliet = await house.connect('juliet@localhost')
  romeo.send(`<message to="${juliet.jid}" id="m"><x xmlns="urn:example:x"><y/></x></message>`)
  assert.match(String(await juliet.receive()), /<x xmlns="urn:example:x"><y\/><\/x><\/message>/)
  romeo.send(`<presence to="${juliet.jid}" id="p"><x xmlns="urn:example:x"/></presence>`)
  assert.match(String(await juliet.receive()), /<x xmlns="urn:example:x"\/><\/presence>/)
  await Promise.all([romeo.disconnect(), juliet.disconnect()])
})

test('two who answer every error with an error do not go on for ever', async () => {
  const romeo = await house.connect('romeo@localhost')
  romeo.send(
    `<message to="nobody@localhost" type="error" id="e"><error type="cancel"><service-unavailable xmlns="urn:ietf:params:xml:ns:xmpp-stanzas"/></error></message>`,
  )
  romeo.send(`<iq to="nobody@localhost/x" type="error" id="f"/>`)
  romeo.send(`<iq to="nobody@localhost/x" type="result" id="g"/>`)
  romeo.send('<iq type="get" id="p" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.equal((await romeo.receive()).attribute('id'), 'p', 'none of them was answered')
  await romeo.disconnect()
})

test('a reader that stops reading is dropped, what it did not take waits for it, and others are not hurt', async () => {
  const links = house.link()
  await house.addUser('slow@localhost')
  const slow = await logIn(
    links.client,
    { jid: 'slow@localhost', password: 'secret', resource: 'r' },
    { crypto: nodeCrypto, random: n => new Uint8Array(n).fill(7) },
  )
  slow.send('<presence/>')
  await slow.receive()
  const romeo = await house.connect('romeo@localhost')
  links.sockets.client.pause()
  const body = 'x'.repeat(9000)
  for (let i = 0; i < 40; i++)
    romeo.send(`<message to="slow@localhost/r" type="chat" id="m${i}"><body>${body}</body></message>`)
  romeo.send('<iq type="get" id="p" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  for (let answer = await romeo.receive(); answer.attribute('id') !== 'p'; ) answer = await romeo.receive()
  assert.ok(house.log.some(line => line.sentence === 'connection dropped' && line.facts['reason'] === 'slow reader'))
  const again = await house.connect('slow@localhost')
  again.send('<presence/>')
  await again.receive()
  const first = await again.receive()
  assert.match(first.attribute('id') ?? '', /^m\d+$/, 'what the slow reader did not take')
  await Promise.all([romeo.disconnect(), again.disconnect()])
})
