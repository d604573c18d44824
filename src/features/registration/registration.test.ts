import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { Jid } from '../../wire/jid.ts'
import { networkOf } from './exports.ts'
import { registerQuery } from './wire.ts'

let house: TestServer
const registration = { open: true, 'accounts-per-address': 1000, 'failures-per-address': 1000 }

/** Stops a server; what clients do not close is let go. */
async function end(on: TestServer): Promise<void> {
  const stopped = on.stop()
  await on.advance(10_000)
  await stopped
}

before(async () => {
  house = await testServer({ config: { registration } })
  await house.addUser('juliet@localhost')
})
after(() => end(house))

cases(registerQuery, [
  [
    '<query xmlns="jabber:iq:register"><username>bill</username><password>Calliope</password></query>',
    { registered: false, username: 'bill', password: 'Calliope', remove: false, more: [] },
  ],
  ['<query xmlns="jabber:iq:register"><remove/></query>', { registered: false, remove: true, more: [] }],
])

/** A stream that has its features and has not logged in. */
async function opened(on = house, options: { encrypted?: boolean } = {}): Promise<RawClient> {
  const client = new RawClient(on.link(options))
  await client.open()
  return client
}

let asked = 0

/** What the server answers to a request before login. */
async function ask(client: RawClient, type: string, content: string, more = ''): Promise<string> {
  const id = `r${++asked}`
  const from = client.received.length
  client.send(`<iq type='${type}' id='${id}'${more}><query xmlns='jabber:iq:register'>${content}</query></iq>`)
  await client.until(() => client.over || /<\/iq>|<iq [^>]*\/>|<\/stream:error>/.test(client.received.slice(from)))
  return client.received.slice(from)
}

const wish = (username: string, password: string) => `<username>${username}</username><password>${password}</password>`

function filled(fields: Record<string, string>, type = 'submit'): string {
  const all = Object.entries({ FORM_TYPE: 'jabber:iq:register', ...fields })
  const written = all.map(([name, value]) => `<field var='${name}'><value>${value}</value></field>`)
  return `<x xmlns='jabber:x:data' type='${type}'>${written.join('')}</x>`
}

/** The condition of an error, or nothing for a result. */
function condition(answer: string): string | undefined {
  return /<error type="[a-z]+"><([a-z-]+) /.exec(answer)?.[1]
}

test('a host where it is open says so, with fields of old and a form (§3.1, §4, §8)', async () => {
  const client = await opened()
  assert.match(client.received, /<register xmlns="http:\/\/jabber.org\/features\/iq-register"\/>/)
  const answer = await ask(client, 'get', '', " to='localhost'")
  assert.match(answer, /^<iq from="localhost" type="result" id="r\d+"><query xmlns="jabber:iq:register">/)
  assert.match(answer, /<instructions>Choose a user name and a password.<\/instructions><username\/><password\/>/)
  assert.match(answer, /<x xmlns="jabber:x:data" type="form">/)
})

test('an account is made, and its password is good for a login', async () => {
  const client = await opened()
  const answer = await ask(client, 'set', wish('Bill', 'Calliope'))
  assert.match(answer, /^<iq from="localhost" type="result" id="r\d+"\/>$/)
  const bill = await house.server.hosts.get('localhost')!.accounts.checkPassword('bill', 'Calliope')
  assert.equal(bill, true)
  const plain = btoa('\0bill\0Calliope')
  client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain}</auth>`)
  await client.expect('<success')
})

test('a form makes one too, and goes before the fields of old (§6)', async () => {
  const both = `${wish('nobody', 'Calliope2')}${filled({ username: 'beatrice', password: 'much ado about' })}`
  assert.equal(condition(await ask(await opened(), 'set', both)), undefined)
  const { accounts } = house.server.hosts.get('localhost')!
  assert.equal(await accounts.checkPassword('beatrice', 'much ado about'), true)
  assert.equal(await accounts.checkPassword('nobody', 'Calliope2'), false)
})

const refused: [what: string, content: string, condition: string][] = [
  ['nothing', '', 'not-acceptable'],
  ['no password', '<username>claudio</username>', 'not-acceptable'],
  ['an empty password', wish('claudio', ''), 'not-acceptable'],
  ['a short password', wish('claudio', 'seven77'), 'not-acceptable'],
  ['a short password of wide characters', wish('claudio', '𝒳𝒴𝒵𝒳'), 'not-acceptable'],
  ['a password that is too long', wish('claudio', 'x'.repeat(1025)), 'not-acceptable'],
  ['a password with a control character', wish('claudio', 'tab\tis not allowed'), 'not-acceptable'],
  ['no user name', '<password>Calliope</password>', 'not-acceptable'],
  ['an empty user name', wish('', 'Calliope'), 'not-acceptable'],
  ['a user name that cannot be one', wish('cl audio', 'Calliope'), 'not-acceptable'],
  ['an address for a user name', wish('claudio@localhost', 'Calliope'), 'not-acceptable'],
  ['a resource in the user name', wish('claudio/home', 'Calliope'), 'not-acceptable'],
  ['a user name that is too long', wish('c'.repeat(1024), 'Calliope'), 'not-acceptable'],
  ['a form half filled', filled({ username: 'claudio' }), 'not-acceptable'],
  ['a form with an empty field', filled({ username: 'claudio', password: '' }), 'not-acceptable'],
  ['a form of another kind', filled({ FORM_TYPE: 'urn:example:form', username: 'a', password: 'b' }), 'not-acceptable'],
  ['a form that was cancelled', filled({ username: 'claudio', password: 'Calliope' }, 'cancel'), 'not-acceptable'],
  ['a name that is taken', wish('Juliet', 'Calliope'), 'conflict'],
  ['a name that is reserved', wish('Admin', 'Calliope'), 'conflict'],
  ['removal before login', '<remove/>', 'unexpected-request'],
]

for (const [what, content, expected] of refused) {
  test(`registering with ${what}: ${expected}`, async () => {
    const client = await opened()
    const answer = await ask(client, 'set', content)
    assert.equal(condition(answer), expected, answer)
    assert.ok(!answer.includes('Calliope'), 'nothing is echoed')
    assert.equal(client.over, false)
  })
}

test('what is taken and what is reserved read the same', async () => {
  const answers = []
  for (const name of ['juliet', 'root']) {
    const answer = await ask(await opened(), 'set', wish(name, 'Calliope'))
    answers.push(answer.replace(/id="r\d+"/, ''))
  }
  assert.equal(answers[0], answers[1])
})

test('a password never reaches the log', () => {
  const lines = JSON.stringify(house.log)
  for (const password of ['Calliope', 'much ado', 'seven77']) assert.ok(!lines.includes(password), password)
})

test('a request without an id, or with more than one payload: bad-request', async () => {
  const client = await opened()
  client.send(`<iq type='get'><query xmlns='jabber:iq:register'/></iq>`)
  await client.expect('<bad-request')
  const other = await opened()
  other.send(`<iq type='get' id='x'><query xmlns='jabber:iq:register'/><query xmlns='jabber:iq:register'/></iq>`)
  await other.expect('<bad-request')
})

for (const [what, xml] of [
  [
    'a request to somebody else',
    `<iq type='get' id='x' to='juliet@localhost'><query xmlns='jabber:iq:register'/></iq>`,
  ],
  ['a message that looks like one', `<message id='x'><query xmlns='jabber:iq:register'/></message>`],
  ['a result', `<iq type='result' id='x'><query xmlns='jabber:iq:register'/></iq>`],
] as const) {
  test(`before login, ${what} ends the stream`, async () => {
    const client = await opened()
    client.send(xml)
    await client.expect('<not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-streams"')
  })
}

test('one stream makes one account (§3.1.1)', async () => {
  const client = await opened()
  assert.equal(condition(await ask(client, 'set', wish('hero', 'Calliope'))), undefined)
  assert.equal(condition(await ask(client, 'set', wish('ursula', 'Calliope'))), 'not-acceptable')
})

test('a stream that only ever asks is ended', async () => {
  const client = await opened()
  for (let i = 0; i < 20; i++) await ask(client, 'get', '')
  assert.match(await ask(client, 'get', ''), /<policy-violation xmlns="urn:ietf:params:xml:ns:xmpp-streams"/)
})

test('two at once for one name: one gets it', async () => {
  const clients = await Promise.all([opened(), opened()])
  const answers = await Promise.all(clients.map(client => ask(client, 'set', wish('leonato', 'Calliope'))))
  assert.deepEqual(answers.map(condition).sort(), ['conflict', undefined])
})

test('the address of a removed account is not given away, unless the operator says so', async () => {
  const client = await opened()
  assert.equal(condition(await ask(client, 'set', wish('borachio', 'Calliope'))), undefined)
  const { accounts } = house.server.hosts.get('localhost')!
  await accounts.remove(Jid.parse('borachio@localhost'))
  assert.equal(condition(await ask(await opened(), 'set', wish('borachio', 'Calliope'))), 'conflict')
  const careless = await testServer({ config: { registration: { open: true, reuse: true } } })
  await careless.addUser('borachio@localhost')
  await careless.server.hosts.get('localhost')!.accounts.remove(Jid.parse('borachio@localhost'))
  assert.equal(condition(await ask(await opened(careless), 'set', wish('borachio', 'Calliope'))), undefined)
  await end(careless)
})

test('closed by default: not announced, and refused without a word about who is there', async () => {
  const closed = await testServer()
  await closed.addUser('juliet@localhost')
  const client = await opened(closed)
  assert.ok(!client.received.includes('iq-register'))
  const answers = [
    await ask(client, 'set', wish('juliet', 'Calliope')),
    await ask(client, 'set', wish('bill', 'Calliope')),
  ]
  assert.equal(condition(answers[0]!), 'service-unavailable')
  assert.equal(answers[0]!.replace(/id="\w+"/, ''), answers[1]!.replace(/id="\w+"/, ''))
  assert.equal(condition(await ask(client, 'get', '')), 'service-unavailable')
  await end(closed)
})

test('where TLS can be had it comes first (§11)', async () => {
  const lax = await testServer({ config: { registration: { open: true }, tls: { required: false } } })
  const client = await opened(lax, { encrypted: false })
  assert.ok(!client.received.includes('iq-register'))
  assert.equal(condition(await ask(client, 'set', wish('bill', 'Calliope'))), 'not-authorized')
  await end(lax)
})

test('a flood: accounts of one network address, attempts that fail, all of a host', async () => {
  const strict = await testServer({
    config: { registration: { open: true, 'accounts-per-address': 2, 'failures-per-address': 3 } },
  })
  const register = async (name: string) => condition(await ask(await opened(strict), 'set', wish(name, 'Calliope')))
  assert.equal(await register('one'), undefined)
  for (let i = 0; i < 2; i++) assert.equal(await register('one'), 'conflict')
  assert.equal(await register('two'), undefined, 'a success is no failure')
  assert.equal(await register('three'), 'not-acceptable')
  await strict.advance(3_600_001)
  for (let i = 0; i < 3; i++) assert.equal(await register('one'), 'conflict')
  assert.equal(await register('three'), 'not-acceptable')
  await end(strict)
  const small = await testServer({ config: { registration: { open: true, 'accounts-per-host': 1 } } })
  const many = await Promise.all(
    ['one', 'two', 'three'].map(async name => condition(await ask(await opened(small), 'set', wish(name, 'Calliope')))),
  )
  assert.equal(many.filter(one => one === undefined).length, 1, 'many at once are no way around it')
  await end(small)
})

test('an IPv6 address counts as its /64', () => {
  assert.equal(networkOf('192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('::ffff:192.0.2.7'), '192.0.2.7')
  assert.equal(networkOf('2001:db8:1:2:3:4:5:6'), '2001:db8:1:2::/64')
  assert.equal(networkOf('2001:db8::1'), '2001:db8:0:0::/64')
  assert.equal(networkOf('fe80::1%eth0'), 'fe80:0:0:0::/64')
  assert.equal(networkOf('::1'), '0:0:0:0::/64')
})
