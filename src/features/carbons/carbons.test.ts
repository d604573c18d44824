import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { collect } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { discoInfo } from '../disco/wire.ts'
import { received, sent } from './wire.ts'

let house: TestServer
let phone: Player
let desk: Player
let juliet: Player

before(async () => {
  house = await testServer()
  phone = await house.connect('romeo@localhost/phone')
  desk = await house.connect('romeo@localhost/desk')
  juliet = await house.connect('juliet@localhost/balcony')
  for (const one of [phone, desk]) one.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  for (const one of [phone, desk]) assert.equal((await collect(one)).length, 1)
})
after(() => house.stop())

/** What a message is, in short: the way of a copy with the id of what is in it, or `plain` and its own. */
function told(message: Element): string {
  for (const codec of [received, sent]) {
    const copy = codec.of(message)?.forwarded.stanza
    if (copy !== undefined) return `${codec.name} ${copy.attribute('id')} ${copy.attribute('type') ?? 'normal'}`
  }
  return `plain ${message.attribute('id')} ${message.attribute('type') ?? 'normal'}`
}

/** Everything that comes for these once the first has been heard. */
async function came(...players: Player[]): Promise<readonly (readonly string[])[]> {
  const all = []
  for (const player of players) all.push((await collect(player)).map(told))
  return all
}

test('XEP-0280 §3, §6.2: the host and the account announce carbons and their rules', async () => {
  for (const to of ['localhost', 'romeo@localhost']) {
    phone.send(`<iq type="get" id="d" to="${to}"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`)
    const features = discoInfo.of((await collect(phone))[0]!)!.features.map(one => one.var)
    assert.ok(features.includes('urn:xmpp:carbons:2') && features.includes('urn:xmpp:carbons:rules:0'), to)
  }
})

test('XEP-0280 §6.1: an error that the server answers a message with is for all devices that saw the message', async () => {
  phone.send('<message to="nobody@localhost" type="chat" id="e1"><body>hello</body></message>')
  assert.deepEqual(await came(phone, desk), [['plain e1 error'], ['sent e1 chat', 'received e1 error']])
  // What was not for all devices has no error for them.
  phone.send('<message to="nobody@localhost" id="e2"/>')
  assert.deepEqual(await came(phone, desk), [['plain e2 error'], []])
})

test('XEP-0280 §6.1: so is one that a client answers with, whether anybody is there to hear it or not', async () => {
  phone.send(`<message to="${juliet.jid}" type="chat" id="e3"><body>hello</body></message>`)
  await collect(phone)
  assert.deepEqual(await came(juliet), [['plain e3 chat']])
  juliet.send(`<message to="${phone.jid}" type="error" id="e3"/>`)
  juliet.send('<message to="romeo@localhost/gone" type="error" id="e3"/>')
  juliet.send(`<message to="${phone.jid}" type="error" id="never-sent"/>`)
  assert.deepEqual(await came(juliet, phone, desk), [
    [],
    ['plain e3 error', 'received e3 error', 'plain never-sent error'],
    ['sent e3 chat', 'received e3 error', 'received e3 error'],
  ])
})

test('XEP-0280 §10.3: an error about a copy goes nowhere', async () => {
  juliet.send(`<message to="${phone.jid}" type="chat" id="b1"><body>hello</body></message>`)
  await collect(juliet)
  const [copy] = await collect(desk)
  assert.equal(copy!.attribute('id'), undefined)
  assert.deepEqual(await came(phone), [['plain b1 chat']])
  desk.send('<message to="romeo@localhost" type="error"><error type="cancel"/></message>')
  desk.send('<message to="romeo@localhost" type="error" id="b1"><error type="cancel"/></message>')
  assert.deepEqual(await came(desk, phone, juliet), [[], [], []])
})

test('a message to oneself comes once to each device, and not back as a copy to the one that sent it', async () => {
  phone.send('<message to="romeo@localhost" type="chat" id="s1"><body>remember</body></message>')
  phone.send('<message type="chat" id="s2"><body>remember</body></message>')
  // Nobody has sent presence: it is kept, and the others see copies.
  assert.deepEqual(await came(phone, desk), [[], ['received s1 chat', 'received s2 chat']])
  desk.send('<presence/>')
  assert.deepEqual((await came(desk))[0]!.slice(1), ['plain s1 chat', 'plain s2 chat'])
  await collect(phone)
  phone.send('<message to="romeo@localhost" type="chat" id="s3"><body>remember</body></message>')
  phone.send(`<message to="${desk.jid}" type="chat" id="s4"><body>remember</body></message>`)
  assert.deepEqual(await came(phone, desk), [[], ['plain s3 chat', 'plain s4 chat']])
  phone.send('<presence/>')
  await collect(phone)
  await collect(desk)
  phone.send('<message to="romeo@localhost" type="chat" id="s5"><body>remember</body></message>')
  assert.deepEqual(await came(phone, desk), [['plain s5 chat'], ['plain s5 chat']])
  for (const one of [phone, desk]) one.send('<presence type="unavailable"/>')
  for (const one of [phone, desk, phone]) await collect(one)
})

test('who gets the message by RFC 6121 §8.5.2 gets no copy; who is below zero gets one', async () => {
  const tablet = await house.connect('romeo@localhost/tablet')
  tablet.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  tablet.send('<presence><priority>-1</priority></presence>')
  for (const one of [phone, desk]) one.send('<presence/>')
  for (const one of [phone, desk, tablet, phone, desk]) await collect(one)
  juliet.send('<message to="romeo@localhost" type="chat" id="d1"><body>hello</body></message>')
  juliet.send('<message to="romeo@localhost" type="groupchat" id="d2"><body>hello</body></message>')
  juliet.send('<message to="romeo@localhost" type="headline" id="d3"><body>hello</body></message>')
  assert.deepEqual(await came(juliet, phone, desk, tablet), [
    ['plain d2 error'],
    ['plain d1 chat', 'plain d3 headline'],
    ['plain d1 chat', 'plain d3 headline'],
    ['received d1 chat'],
  ])
  await tablet.disconnect()
  for (const one of [phone, desk]) one.send('<presence type="unavailable"/>')
  for (const one of [phone, desk, phone]) await collect(one)
})

test('what a blocked sender says comes to no device, and what is said to one neither', async () => {
  phone.send('<iq type="set" id="b"><block xmlns="urn:xmpp:blocking"><item jid="juliet@localhost"/></block></iq>')
  await collect(phone)
  await collect(desk)
  juliet.send(`<message to="${phone.jid}" type="chat" id="x1"><body>hello</body></message>`)
  assert.deepEqual(await came(juliet, phone, desk), [['plain x1 error'], [], []])
  phone.send('<message to="juliet@localhost" type="chat" id="x2"><body>hello</body></message>')
  assert.deepEqual(await came(phone, desk, juliet), [['plain x2 error'], [], []])
  phone.send('<iq type="set" id="u"><unblock xmlns="urn:xmpp:blocking"/></iq>')
  for (const one of [phone, desk]) await collect(one)
})

test('a forged copy is a message like any other: from whom it is says that it is none (XEP-0280 §11)', async () => {
  const inner =
    '<message xmlns="jabber:client" from="mercutio@localhost" to="romeo@localhost"><body>forged</body></message>'
  const forged = `<received xmlns="urn:xmpp:carbons:2"><forwarded xmlns="urn:xmpp:forward:0">${inner}</forwarded></received>`
  juliet.send(`<message to="${phone.jid}" type="chat" from="${juliet.jid}">${forged}</message>`)
  await collect(juliet)
  assert.equal((await collect(phone))[0]!.attribute('from'), juliet.jid)
  const [copy] = await collect(desk)
  assert.equal(copy!.attribute('from'), 'romeo@localhost')
  assert.equal(received.of(copy!)!.forwarded.stanza!.attribute('from'), juliet.jid)
})
