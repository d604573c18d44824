import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feature } from '../../server/feature.ts'
import { newContact, roster, type Subscription } from '../../server/roster.ts'
import { put } from '../../server/table.ts'
import { cases } from '../../testing/cases.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { features } from '../index.ts'
import { discoEntries, discoFeatures, discoNodes } from './exports.ts'
import { discoInfo, discoItems } from './wire.ts'

const supported = (name: string) => ({ var: name })

// XEP-0030, examples 1, 2, 9 and 10; XEP-0115 §5.3 for xml:lang.
cases(discoInfo, [
  [
    `<iq type='get' id='info1'><query xmlns='http://jabber.org/protocol/disco#info'/></iq>`,
    { identities: [], features: [], extensions: [] },
  ],
  [
    `<query xmlns='http://jabber.org/protocol/disco#info'>
      <identity category='conference' type='text' name='Play-Specific Chatrooms'/>
      <identity category='directory' type='chatroom' name='Play-Specific Chatrooms'/>
      <feature var='http://jabber.org/protocol/disco#info'/>
      <feature var='jabber:iq:version'/>
    </query>`,
    {
      identities: [
        { category: 'conference', type: 'text', name: 'Play-Specific Chatrooms' },
        { category: 'directory', type: 'chatroom', name: 'Play-Specific Chatrooms' },
      ],
      features: ['http://jabber.org/protocol/disco#info', 'jabber:iq:version'].map(supported),
      extensions: [],
    },
  ],
  [
    `<query xmlns='http://jabber.org/protocol/disco#info' node='http://jabber.org/protocol/commands'/>`,
    { node: 'http://jabber.org/protocol/commands', identities: [], features: [], extensions: [] },
  ],
  [
    `<query xmlns='http://jabber.org/protocol/disco#info'>
      <identity xml:lang='el' category='client' name='Ψ 0.11' type='pc'/>
      <x xmlns='jabber:x:data' type='result'/>
    </query>`,
    {
      identities: [{ category: 'client', type: 'pc', lang: 'el', name: 'Ψ 0.11' }],
      features: [],
      extensions: [parse(`<x xmlns='jabber:x:data' type='result'/>`)],
    },
  ],
])

// XEP-0030, examples 12, 15 and 17.
cases(discoItems, [
  [
    `<query xmlns='http://jabber.org/protocol/disco#items'>
      <item jid='people.shakespeare.lit' name='Directory of Characters'/>
      <item jid='juliet@capulet.com/balcony'/>
      <item jid='catalog.shakespeare.lit' node='books' name='Books by and about Shakespeare'/>
    </query>`,
    {
      items: [
        { jid: Jid.parse('people.shakespeare.lit'), name: 'Directory of Characters' },
        { jid: Jid.parse('juliet@capulet.com/balcony') },
        { jid: Jid.parse('catalog.shakespeare.lit'), node: 'books', name: 'Books by and about Shakespeare' },
      ],
    },
  ],
])

/** Sets how an account stands to a contact. */
async function subscribe(house: TestServer, account: string, contact: string, subscription: Subscription) {
  const owner = (await house.server.hosts.get('localhost')!.owners.find(Jid.parse(account)))!
  await owner.commit(put(roster, { ...newContact(Jid.parse(contact)), listed: true, subscription }))
}

const info = (to: string, attributes = '') =>
  `<iq type="get" id="d" to="${to}"><query xmlns="http://jabber.org/protocol/disco#info"${attributes}/></iq>`
const items = (to: string, attributes = '') =>
  `<iq type="get" id="d" to="${to}"><query xmlns="http://jabber.org/protocol/disco#items"${attributes}/></iq>`

async function asker(house: TestServer) {
  const juliet = await house.connect('juliet@localhost')
  return async (request: string) => {
    juliet.send(request)
    return juliet.receive()
  }
}

const unlike = (account: string, reply: { toString(): string }) => reply.toString().replaceAll(account, 'somebody')

test('XEP-0030 §8: strangers hear of an account what they hear where there is none', async () => {
  const house = await testServer()
  const ask = await asker(house)
  await house.addUser('romeo@localhost')
  const mercutio = await house.connect('mercutio@localhost/m')
  mercutio.send('<presence/>')
  await mercutio.receive()
  // Whom the user asked to be shown somebody's presence does not see the user's.
  await subscribe(house, 'mercutio@localhost', 'juliet@localhost', 'to')
  for (const attributes of ['', ' node="urn:example:nothing"', ' node=""']) {
    for (const resource of ['', '/m']) {
      for (const request of [info, items]) {
        const replies = []
        for (const name of ['nobody', 'romeo', 'mercutio'])
          replies.push(unlike(name, await ask(request(`${name}@localhost${resource}`, attributes))))
        assert.equal(replies[1], replies[0])
        assert.equal(replies[2], replies[0])
        if (request === info || resource !== '') assert.match(replies[0]!, /type="error".*<service-unavailable/)
        else assert.match(replies[0]!, new RegExp(`type="result" id="d"><query [^>]*items"${attributes}/>`))
      }
    }
  }
  await house.stop()
})

test('malformed requests are refused alike', async () => {
  const house = await testServer()
  const ask = await asker(house)
  await house.addUser('romeo@localhost')
  const broken = (to: string) =>
    `<iq type="get" id="d" to="${to}"><query xmlns="http://jabber.org/protocol/disco#items"><item/></query></iq>`
  const nobody = unlike('nobody', await ask(broken('nobody@localhost')))
  assert.match(nobody, /<bad-request/)
  assert.equal(unlike('romeo', await ask(broken('romeo@localhost'))), nobody)
  await house.stop()
})

test('XEP-0030 §3.1, §4.1: subscribers see the account and its available resources', async () => {
  const house = await testServer()
  const ask = await asker(house)
  const romeo = await house.connect('romeo@localhost/orchard')
  await house.connect('romeo@localhost/silent')
  await subscribe(house, 'romeo@localhost', 'juliet@localhost', 'from')
  romeo.send('<presence/>')
  await romeo.receive()
  const found = discoInfo.of(await ask(info('romeo@localhost')))!
  assert.deepEqual(found.identities, [{ category: 'account', type: 'registered', lang: 'en' }])
  assert.ok(found.features.some(one => one.var === discoInfo.namespace))
  assert.deepEqual(discoItems.of(await ask(items('romeo@localhost'))), {
    items: [{ jid: Jid.parse('romeo@localhost/orchard') }],
  })
  for (const request of [info, items])
    assert.match(String(await ask(request('romeo@localhost', ' node="urn:example:nothing"'))), /<item-not-found/)
  await house.stop()
})

test('one sees oneself, and a node without a name is the entity itself', async () => {
  const house = await testServer()
  const ask = await asker(house)
  for (const to of ['juliet@localhost', 'localhost']) {
    const plain = discoInfo.of(await ask(info(to)))!
    assert.deepEqual(discoInfo.of(await ask(info(to, ' node=""'))), { node: '', ...plain })
  }
  assert.deepEqual(discoItems.of(await ask(items('juliet@localhost'))), { items: [] })
  await house.stop()
})

test('what features hang there: nodes and items, with their own rules', async () => {
  const catalog = feature({
    name: 'catalog',
    start: ({ host }) => [
      discoFeatures.add({ where: 'server', var: 'urn:example:catalog' }),
      discoEntries.add({ where: 'server', items: () => [{ jid: host.domain, node: 'books' }] }),
      discoNodes.add({
        where: 'server',
        is: node => node === 'books',
        info(e) {
          if (e.from.local !== 'juliet') throw new StanzaError('forbidden')
          return { identities: [{ category: 'hierarchy', type: 'leaf' }], features: [], extensions: [] }
        },
        items: () => [],
      }),
    ],
  })
  const house = await testServer({ features: [...features, catalog] })
  const ask = await asker(house)
  assert.deepEqual(discoItems.of(await ask(items('localhost'))), {
    items: [{ jid: Jid.parse('localhost'), node: 'books' }],
  })
  const listed = async (to: string) => discoInfo.of(await ask(info(to)))!.features.map(one => one.var)
  assert.ok((await listed('localhost')).includes('urn:example:catalog'))
  assert.ok(!(await listed('juliet@localhost')).includes('urn:example:catalog'))
  assert.deepEqual(discoInfo.of(await ask(info('localhost', ' node="books"')))!.identities, [
    { category: 'hierarchy', type: 'leaf' },
  ])
  assert.deepEqual(discoItems.of(await ask(items('localhost', ' node="books"'))), { node: 'books', items: [] })
  const romeo = await house.connect('romeo@localhost')
  romeo.send(info('localhost', ' node="books"'))
  assert.match(String(await romeo.receive()), /<forbidden/)
  for (const request of [info, items])
    assert.match(String(await ask(request('localhost', ' node="films"'))), /<item-not-found/)
  await house.stop()
})
