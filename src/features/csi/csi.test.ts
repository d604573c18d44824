import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { collect } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { parse } from '../../wire/reader.ts'
import { active, csi, inactive } from './wire.ts'

// XEP-0352 §4, examples 1, 2 and 3
cases(csi, [
  [
    `<features xmlns='http://etherx.jabber.org/streams'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/>
      <csi xmlns='urn:xmpp:csi:0'/></features>`,
    {},
  ],
])
cases(inactive, [[`<inactive xmlns='urn:xmpp:csi:0'/>`, {}]])
cases(active, [[`<active xmlns='urn:xmpp:csi:0'/>`, {}]])

const isInactive = "<inactive xmlns='urn:xmpp:csi:0'/>"
const isActive = "<active xmlns='urn:xmpp:csi:0'/>"
const composing = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
const paused = '<paused xmlns="http://jabber.org/protocol/chatstates"/>'

let house: TestServer | undefined
let phone: Player
let romeo: Player

after(() => house?.stop())

async function scene(config: Record<string, unknown> = {}): Promise<void> {
  await house?.stop()
  house = await testServer({ config })
  phone = await house.connect('juliet@localhost/phone')
  romeo = await house.connect('romeo@localhost/orchard')
  phone.send('<presence/>')
  await collect(phone)
}

beforeEach(() => scene())

/** Romeo tells the phone something; the server is done with it when the promise resolves. */
async function romeoSends(...stanzas: string[]): Promise<void> {
  for (const xml of stanzas) romeo.send(parse(xml).with('to', phone.jid).xml())
  await collect(romeo)
}

/** What comes by itself, without asking (an answer would bring it all). */
async function before(id: string): Promise<readonly string[]> {
  const came: string[] = []
  for (;;) {
    const element = await phone.receive()
    came.push(told(element))
    if (element.attribute('id') === id) return came
  }
}

function told(element: Element): string {
  const what = element.attribute('id') ?? element.child('status')?.text ?? element.elements[0]?.name ?? ''
  return `${element.name} ${element.attribute('type') ?? ''} ${what}`.replace('  ', ' ')
}

const body = (id: string) => `<message type="chat" id="${id}"><body>hello</body></message>`
const status = (text: string) => `<presence><status>${text}</status></presence>`

test('XEP-0352 §4.1: it is announced once the client has logged in, and only then', async () => {
  const client = new RawClient(house!.link())
  await client.open()
  assert.doesNotMatch(client.received, /<csi /)
  client.send(`<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${btoa('\0juliet\0secret')}</auth>`)
  await client.expect('<success')
  const from = client.received.length
  await client.open()
  assert.match(client.received.slice(from), /<csi xmlns="urn:xmpp:csi:0"\/>/)
  client.send(isInactive)
  await client.expect('<not-authorized')
  client.links.sockets.client.destroy()
})

test('XEP-0352 §3.2: the latest presence of each contact waits, until the client is active again', async () => {
  phone.send(isInactive)
  await collect(phone)
  await romeoSends(status('one'), status('two'), '<presence type="unavailable"></presence>', status('three'))
  phone.send(isActive)
  phone.send('<iq type="get" id="pong" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  // §5.1: all of it is there before the answer to what was sent behind it.
  assert.deepEqual(await before('pong'), ['presence three', 'iq result pong'])
  await romeoSends(status('four'), body('m'))
  assert.deepEqual(await before('m'), ['presence four', 'message chat m'])
})

test('chat states wait too; a message takes with it all that came before, in order', async () => {
  phone.send(isInactive)
  await collect(phone)
  const state = (what: string) => `<message type="chat">${what}</message>`
  await romeoSends(state(composing), status('one'), state(paused), body('m1'), status('two'), body('m2'))
  assert.deepEqual(await before('m2'), [
    'presence one',
    'message chat paused',
    'message chat m1',
    'presence two',
    'message chat m2',
  ])
})

const cannotWait: readonly [what: string, xml: string][] = [
  ['a message with a body', body('x')],
  ['a subject', '<message type="groupchat" id="x"><subject>news</subject></message>'],
  ['a receipt for this client', '<message id="x"><received xmlns="urn:xmpp:receipts" id="1"/></message>'],
  ['a marker', '<message id="x"><displayed xmlns="urn:xmpp:chat-markers:0" id="1"/></message>'],
  ['a call', '<message id="x"><propose xmlns="urn:xmpp:jingle-message:0" id="1"/></message>'],
  ['an error', '<message type="error" id="x"><error type="cancel"/></message>'],
  ['an error of presence', '<presence type="error" id="x"><error type="cancel"/></presence>'],
  ['a request to see presence', '<presence type="subscribe" id="x"></presence>'],
]

for (const [what, xml] of cannotWait) {
  test(`${what} does not wait`, async () => {
    phone.send(isInactive)
    await collect(phone)
    await romeoSends(status('one'), xml)
    const [first, second] = [await phone.receive(), await phone.receive()]
    assert.deepEqual([first.name, second.attribute('id')], ['presence', 'x'])
  })
}

test('roster pushes and answers do not wait', async () => {
  phone.send('<iq type="get" id="r"><query xmlns="jabber:iq:roster"/></iq>')
  phone.send(isInactive)
  await collect(phone)
  await romeoSends(status('one'))
  const desk = await house!.connect('juliet@localhost/desk')
  desk.send('<iq type="set" id="r"><query xmlns="jabber:iq:roster"><item jid="nurse@localhost"/></query></iq>')
  assert.equal((await phone.receive()).name, 'presence')
  assert.equal((await phone.receive()).child('query', 'jabber:iq:roster')?.elements.length, 1)
})

test('copies of chat states and of receipts for another device wait; of messages and of what was read there, they do not', async () => {
  const desk = await house!.connect('juliet@localhost/desk')
  phone.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  phone.send(isInactive)
  await collect(phone)
  const to = romeo.jid
  romeo.send(`<message to="${desk.jid}" type="chat">${composing}</message>`)
  romeo.send(`<message to="${desk.jid}" type="chat">${paused}</message>`)
  romeo.send(`<message to="${desk.jid}" type="chat"><received xmlns="urn:xmpp:receipts" id="1"/></message>`)
  await collect(romeo)
  desk.send(`<message to="${to}" type="chat">${composing}</message>`)
  desk.send(`<message to="${to}" type="chat"><body>hello</body></message>`)
  desk.send(`<message to="${to}" type="chat"><displayed xmlns="urn:xmpp:chat-markers:0" id="1"/></message>`)
  const inside = async () => {
    const [copy] = (await phone.receive()).elements
    return `${copy!.name} ${copy!.elements[0]!.elements[0]!.elements[0]!.name}`
  }
  assert.deepEqual(
    [await inside(), await inside(), await inside(), await inside(), await inside()],
    ['received paused', 'received received', 'sent composing', 'sent body', 'sent displayed'],
  )
})

test('news of nodes wait, as long as they are nothing for people to read', async () => {
  phone.send(isInactive)
  await collect(phone)
  const event =
    '<event xmlns="http://jabber.org/protocol/pubsub#event"><items node="urn:xmpp:avatar:metadata"/></event>'
  romeo.send(`<message to="juliet@localhost" type="headline" id="e1">${event}</message>`)
  romeo.send(`<message to="juliet@localhost" type="headline" id="e2">${event}</message>`)
  await romeoSends(status('one'))
  romeo.send(`<message to="juliet@localhost" type="headline" id="e3">${event}<body>hello</body></message>`)
  assert.deepEqual(await before('e3'), [
    'message headline e1',
    'message headline e2',
    'presence one',
    'message headline e3',
  ])
})

test('news for this client alone do not wait, nor what only looks like a copy', async () => {
  const event = '<event xmlns="http://jabber.org/protocol/pubsub#event"/>'
  const inner = `<message xmlns="jabber:client" from="nurse@localhost">${composing}</message>`
  const forwarded = `<forwarded xmlns="urn:xmpp:forward:0">${inner}</forwarded>`
  for (const xml of [
    `<message type="headline" id="x">${event}</message>`,
    `<message id="x"><received xmlns="urn:xmpp:carbons:2">${forwarded}</received></message>`,
  ]) {
    phone.send(isInactive)
    await collect(phone)
    await romeoSends(xml)
    assert.equal((await phone.receive()).attribute('id'), 'x')
  }
})

test('no more waits than may: then all of it goes', async () => {
  await scene({ csi: { waiting: 1000 } })
  phone.send(isInactive)
  await collect(phone)
  for (const resource of ['a', 'b', 'c']) {
    const nurse = await house!.connect(`nurse@localhost/${resource}`)
    // One contact is as much as one presence, however often it changes.
    for (const text of ['1', '2', '3'])
      nurse.send(`<presence to="${phone.jid}"><status>${resource}${text}</status></presence>`)
    await collect(nurse)
  }
  await romeoSends(status('late'))
  const came = [await phone.receive(), await phone.receive(), await phone.receive(), await phone.receive()]
  assert.deepEqual(came.map(told), ['presence a3', 'presence b3', 'presence c3', 'presence late'])
})

test('an operator says what waits', async () => {
  await scene({ csi: { waits: ['chat-states'] } })
  phone.send(isInactive)
  await collect(phone)
  await romeoSends(`<message type="chat">${composing}</message>`, status('one'))
  assert.deepEqual(
    [told(await phone.receive()), told(await phone.receive())],
    ['message chat composing', 'presence one'],
  )
})

test('being inactive twice, or active without having been inactive, changes nothing; anything else ends the stream', async () => {
  for (const nonza of [isActive, isInactive, isInactive]) phone.send(nonza)
  await collect(phone)
  await romeoSends(status('one'))
  phone.send(isActive)
  assert.equal(told(await phone.receive()), 'presence one')
  const { owners } = house!.server.hosts.get('localhost')!
  for (const owner of owners.all()) for (const one of owner.sessions) assert.equal(one.holding, 0)
  phone.send("<csi xmlns='urn:xmpp:csi:0'/>")
  const error = await phone.receive()
  assert.ok(error.child('unsupported-stanza-type', 'urn:ietf:params:xml:ns:xmpp-streams'), String(error))
})

test('what waits when the client goes is gone, and the next stream begins active (XEP-0352 §5)', async () => {
  phone.send(isInactive)
  await collect(phone)
  await romeoSends(status('one'), `<message type="chat" id="s">${composing}</message>`)
  await phone.disconnect()
  phone = await house!.connect('juliet@localhost/phone')
  phone.send('<presence/>')
  await collect(phone)
  await romeoSends(status('two'))
  assert.equal(told(await phone.receive()), 'presence two')
  assert.deepEqual(await collect(romeo), [])
})
