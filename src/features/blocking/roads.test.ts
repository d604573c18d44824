import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { contactOf } from '../../server/roster.ts'
import type { Player } from '../../testing/play.ts'
import { Jid } from '../../wire/jid.ts'
import { block, came, condition, type House, short, testHouse, unblock } from './test-house.ts'
import { blocked } from './wire.ts'

let house: House
let juliet: Player
let romeo: Player

before(async () => {
  house = await testHouse()
  await house.befriend('juliet@localhost', 'romeo@localhost')
  juliet = await house.connect('juliet@localhost/chamber')
  romeo = await house.connect('romeo@localhost/orchard')
  juliet.send('<presence/>')
  await came(juliet)
  romeo.send('<presence/>')
  await came(romeo)
  juliet.send('<presence to="romeo@localhost/orchard"/>')
  await block(juliet, 'romeo@localhost')
  await came(juliet, romeo)
  await came(romeo, juliet)
})
after(() => house.stop())

const body = '<body>But soft!</body>'
const version = '<query xmlns="jabber:iq:version"/>'
const info = '<query xmlns="http://jabber.org/protocol/disco#info"/>'
const items = '<query xmlns="http://jabber.org/protocol/disco#items"/>'
const last = '<query xmlns="jabber:iq:last"/>'
const vcard = '<vCard xmlns="vcard-temp"/>'
const roster = '<query xmlns="jabber:iq:roster"/>'

/** Every stanza that one may send to another, without its address. */
const roads: readonly string[] = [
  ...['', 'chat', 'normal', 'groupchat', 'headline', 'error'].map(
    type => `<message type="${type || 'normal'}" id="m">${body}</message>`,
  ),
  `<message id="m">${body}</message>`,
  '<message type="chat" id="m"><composing xmlns="http://jabber.org/protocol/chatstates"/></message>',
  '<message type="chat" id="m"><no-store xmlns="urn:xmpp:hints"/></message>',
  ...[version, info, items, last, vcard, roster, '<ping xmlns="urn:xmpp:ping"/>', '<x xmlns="urn:example"/>'].flatMap(
    payload => [`<iq type="get" id="i">${payload}</iq>`, `<iq type="set" id="i">${payload}</iq>`],
  ),
  '<iq type="result" id="i"/>',
  '<iq type="error" id="i"/>',
  ...['subscribe', 'subscribed', 'unsubscribe', 'unsubscribed', 'probe', 'unavailable', 'error'].map(
    type => `<presence type="${type}" id="p"/>`,
  ),
  '<presence id="p"/>',
  '<presence id="p"><show>away</show></presence>',
]

function addressed(xml: string, to: string): string {
  return xml.replace(/^<\w+/, start => `${start} to="${to}"`)
}

test('XEP-0191 §3.3: what a blocked contact sends reaches nobody, by no road', async () => {
  for (const resource of ['', '/chamber', '/nowhere']) {
    for (const xml of roads) {
      romeo.send(addressed(xml, `juliet@localhost${resource}`))
      assert.deepEqual((await came(juliet, romeo)).map(String), [], `${xml} to juliet@localhost${resource}`)
      await came(romeo)
    }
  }
})

test('XEP-0191 §3.3: it hears what it would hear of an account that does not exist', async () => {
  for (const resource of ['', '/chamber']) {
    for (const xml of roads) {
      const heard = async (name: string) => {
        romeo.send(addressed(xml, `${name}@localhost${resource}`))
        // What is looked up in the store comes behind the answer of the first ping.
        const all = [...(await came(romeo)), ...(await came(romeo))]
        return all.map(stanza => String(stanza).replaceAll(name, 'NAME'))
      }
      // Presence is never answered, not even where nobody is.
      const expected = xml.startsWith('<presence') ? [] : await heard('nobody')
      assert.deepEqual(await heard('juliet'), expected, `${xml} ${resource}`)
    }
  }
})

test('XEP-0191 §3.3: messages and requests are refused with service-unavailable', async () => {
  for (const xml of [
    '<message type="chat" id="m"/>',
    '<message id="m"/>',
    `<iq type="get" id="i">${version}</iq>`,
    `<iq type="set" id="i">${version}</iq>`,
  ]) {
    romeo.send(addressed(xml, 'juliet@localhost'))
    const answer = await romeo.receive()
    assert.equal(condition(answer), 'service-unavailable', xml)
    assert.equal(answer.attribute('from'), 'juliet@localhost')
    assert.equal(answer.child('error')!.elements.length, 1, 'nothing more is said')
  }
})

test('XEP-0191 §3.3: what goes to a blocked contact is refused with not-acceptable and blocked, and goes nowhere', async () => {
  for (const resource of ['', '/orchard', '/nowhere']) {
    for (const xml of roads) {
      juliet.send(addressed(xml, `romeo@localhost${resource}`))
      assert.deepEqual((await came(romeo, juliet)).map(String), [], `${xml} ${resource}`)
      const heard = await came(juliet)
      // RFC 6120 §8.3.1: errors and results are never answered; probes are no business of a client.
      if (/type="(error|result|probe)"/.test(xml)) assert.deepEqual(heard.map(short), [], xml)
      else {
        assert.deepEqual(heard.map(condition), ['not-acceptable'], xml)
        const error = heard[0]!.child('error')!
        assert.equal(error.attribute('type'), 'cancel')
        assert.equal(String(error.childOf(blocked.namespace)), String(blocked))
        assert.equal(heard[0]!.attribute('from'), `romeo@localhost${resource}`)
        assert.equal(heard[0]!.name, /^<(\w+)/.exec(xml)![1])
      }
    }
  }
})

test('polite blocking (XEP-0191 §4): what was sent has not changed the blocking side', async () => {
  const contact = contactOf(await house.owner('juliet@localhost'), Jid.parse('romeo@localhost'))
  assert.deepEqual([contact?.subscription, contact?.pendingIn, contact?.pendingOut], ['both', false, false])
})

test('what is answered comes at the same place among other answers as where nobody is', async () => {
  for (const name of ['nobody', 'juliet']) {
    romeo.send(
      `<message to="${name}@localhost" type="chat" id="m"/><iq type="get" id="p"><ping xmlns="urn:xmpp:ping"/></iq>`,
    )
    const [first, second] = [await romeo.receive(), await romeo.receive()]
    assert.deepEqual([first.attribute('id'), second.attribute('id')], ['p', 'm'], name)
  }
})

test('XEP-0191 §3.4: after the unblock everything goes through again', async () => {
  await unblock(juliet, 'romeo@localhost')
  await came(juliet, romeo)
  await came(romeo, juliet)
  romeo.send(`<message to="juliet@localhost" type="chat">${body}</message>`)
  assert.deepEqual((await came(juliet, romeo)).map(short), ['message:chat romeo@localhost/orchard'])
  juliet.send(`<message to="romeo@localhost/orchard" type="chat">${body}</message>`)
  assert.deepEqual((await came(romeo, juliet)).map(short), ['message:chat juliet@localhost/chamber'])
  romeo.send(`<iq to="juliet@localhost/chamber" type="get" id="v">${version}</iq>`)
  assert.deepEqual((await came(juliet, romeo)).map(short), ['iq:get romeo@localhost/orchard'])
})
