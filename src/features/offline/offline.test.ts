import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { MemoryLinks } from '../../link/memory.ts'
import { envelope } from '../../server/envelope.ts'
import { collect } from '../../testing/collect.ts'
import { settle } from '../../testing/settle.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { delay } from '../delay/wire.ts'
import { body, hint, messages, type Scene, scene } from './test-scene.ts'

let it: Scene
beforeEach(async () => {
  it = await scene()
})
afterEach(() => it.house.stop())

async function again(config: Record<string, unknown>): Promise<void> {
  await it.house.stop()
  it = await scene(config)
}

// XEP-0160 §3, XEP-0334 §4, XEP-0184, XEP-0308, XEP-0333, XEP-0085 §5.8
const composing = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
const kinds: readonly [what: string, type: string, content: string, fate: 'kept' | 'refused' | 'forgotten'][] = [
  ['normal', '', '<body>hello</body>', 'kept'],
  ['chat', 'chat', '<body>hello</body>', 'kept'],
  ['of a type that is not known', 'unheard-of', '<body>hello</body>', 'kept'],
  ['groupchat', 'groupchat', '<body>hello</body>', 'refused'],
  ['headline', 'headline', '<body>hello</body>', 'forgotten'],
  ['error', 'error', '<body>hello</body>', 'forgotten'],
  ['a chat state alone', 'chat', composing, 'forgotten'],
  [
    'a chat state in a thread, not to be stored',
    'chat',
    `<thread>1</thread>${composing}${hint('no-store')}`,
    'forgotten',
  ],
  ['a chat state with a body', 'chat', `<body>hello</body>${composing}`, 'kept'],
  ['a chat state worth storing', 'chat', `${composing}${hint('store')}`, 'kept'],
  ['encrypted, without a body', 'chat', `<encrypted xmlns="eu.siacs.conversations.axolotl"/>${hint('store')}`, 'kept'],
  ['not to be stored', 'chat', `<body>hello</body>${hint('no-store')}`, 'refused'],
  ['not to be stored, and worth storing', 'chat', `<body>hello</body>${hint('store')}${hint('no-store')}`, 'refused'],
  ['not to be stored permanently', 'chat', `<body>hello</body>${hint('no-permanent-store')}`, 'kept'],
  ['a receipt', '', '<received xmlns="urn:xmpp:receipts" id="1"/>', 'kept'],
  ['a receipt not to be stored', '', `<received xmlns="urn:xmpp:receipts" id="1"/>${hint('no-store')}`, 'refused'],
  ['a marker', 'chat', '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>', 'kept'],
  ['a correction', 'chat', '<body>hallo</body><replace xmlns="urn:xmpp:message-correct:0" id="1"/>', 'kept'],
]

for (const [what, type, content, fate] of kinds) {
  test(`for somebody who is not there: ${what} is ${fate}`, async () => {
    const attributes = type === '' ? '' : ` type="${type}"`
    const answers = await it.says(`<message to="juliet@localhost" id="m"${attributes}>${content}</message>`)
    assert.deepEqual(answers, fate === 'refused' ? ['m service-unavailable'] : [])
    const phone = await it.juliet('phone', 0)
    const came = (await collect(phone)).filter(one => one.name === 'message')
    assert.equal(came.length, fate === 'kept' ? 1 : 0)
    if (fate !== 'kept') return
    // As it was, and when it was said (XEP-0160 §2, XEP-0203 §2).
    const [message] = came
    const stamp = delay.of(message!)!
    assert.deepEqual([stamp.from?.full, stamp.reason], ['localhost', 'Offline Storage'])
    assert.equal(message!.inner.replace(/(<stanza-id [^>]*>)?<delay .*$/, ''), content)
    assert.equal(message!.attribute('type'), type === '' ? undefined : type)
  })
}

test('what is said to a device that is gone waits too, and keeps its address', async () => {
  await it.says('<message to="juliet@localhost/gone" type="chat" id="m"><body>hello</body></message>')
  const [, message] = await collect(await it.juliet('phone', 0))
  assert.equal(message!.attribute('to'), 'juliet@localhost/gone')
})

test('what is written to a connection that breaks in the same moment waits for the next one', async () => {
  const all: MemoryLinks[] = []
  const { link } = it.house
  Object.assign(it.house, {
    link: () => {
      const links = link()
      all.push(links)
      return links
    },
  })
  let phone = await it.juliet('phone', 0)
  const host = it.house.server.hosts.get('localhost')!
  const [romeo, juliet] = [Jid.parse('romeo@localhost/r'), Jid.parse('juliet@localhost')]
  for (const moment of ['before', 'after']) {
    await collect(phone)
    const { sockets } = all.at(-1)!
    if (moment === 'before') sockets.cut()
    // Nothing of it waits for the store: it is written at once.
    const message = `<message xmlns="jabber:client" to="juliet@localhost" type="chat" id="${moment}"><body>hello</body>${hint('no-permanent-store')}</message>`
    host.shared.road.route(envelope(parse(message), romeo, juliet, host.service))
    if (moment === 'after') sockets.cut()
    await settle(5)
    phone = await it.juliet('phone', 0)
    assert.deepEqual(await messages(phone), [moment])
  }
})

test('XEP-0160 §2: no more waits than may; the sender hears of it, and what waits is not touched', async () => {
  // What is in the archive anyway may wait there.
  await again({ offline: { maximum: 3 }, archive: { enabled: false } })
  assert.deepEqual(await it.says(body(1), body(2), body(3), body(4)), ['4 service-unavailable'])
  assert.deepEqual(await messages(await it.juliet('phone', 0)), ['1', '2', '3'])
  assert.deepEqual(await it.says(body(5)), [])
})

test('XEP-0203 §5: nobody else says in the name of the server that it delayed something', async () => {
  const others = '<delay xmlns="urn:xmpp:delay" from="romeo@localhost" stamp="2002-09-10T23:08:25Z"/>'
  const forged = '<delay xmlns="urn:xmpp:delay" from="LOCALHOST" stamp="2002-09-10T23:08:25Z"/>'
  await it.says(body(1, others + forged))
  const phone = await it.juliet('phone', 0)
  const [, message] = await collect(phone)
  const stamps = message!.elements.filter(delay.is).map(one => delay.read(one))
  assert.deepEqual(
    stamps.map(one => one.from?.full),
    ['romeo@localhost', 'localhost'],
  )
  assert.notEqual(stamps[1]!.stamp.getUTCFullYear(), 2002)
  await it.says(body(2, forged), `<presence to="juliet@localhost">${forged}</presence>`)
  for (const stanza of await collect(phone)) assert.equal(delay.of(stanza), undefined, String(stanza))
})
