import assert from 'node:assert/strict'
import { afterEach, beforeEach, describe, test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage } from '../../storage/storage.ts'
import { alteredStore } from '../../testing/altered-store.ts'
import { collect } from '../../testing/collect.ts'
import { answerTo } from '../../testing/questions.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { stanzaId } from '../stanza-id/wire.ts'
import { ask, bodies, chat, logOf, messages, type Scene, scene, stores } from './test-scene.ts'

const log = (it: Scene, local: string) => logOf(it, local, 0)
const idsIn = (message: Element) =>
  message.elements.filter(stanzaId.is).map(one => [one.attribute('by'), one.attribute('id')])

for (const [name, open] of stores) {
  describe(`what is kept, on ${name}`, () => {
    let it: Scene
    beforeEach(async () => {
      it = await scene(open())
    })
    afterEach(() => it.house.stop())

    test('XEP-0313 §3.5: the recipient learns its own archive id, and no other', async () => {
      const came = await it.says('Art thou not Romeo?', 'id="1"')
      const hers = await ask(it.juliet)
      const his = await ask(it.romeo)
      assert.deepEqual(idsIn(came), [['juliet@localhost', hers.ids[0]]])
      assert.deepEqual(hers.bodies, ['Art thou not Romeo?'])
      assert.deepEqual(his.bodies, ['Art thou not Romeo?'])
      assert.notEqual(his.ids[0], hers.ids[0])
      assert.deepEqual(idsIn(his.results[0]!.stanza), [['romeo@localhost', his.ids[0]]])
      assert.equal(his.results[0]!.stanza.attribute('from'), 'romeo@localhost/orchard')
      assert.equal(hers.results[0]!.stanza.attribute('id'), '1')
      assert.equal(hers.results[0]!.stanza.attribute('to'), 'juliet@localhost')
    })

    test('what waits for somebody waits in the entry that is archived: there is one, with one id', async () => {
      await it.juliet.disconnect()
      it.romeo.send(chat('juliet@localhost', 'one') + chat('juliet@localhost', 'two'))
      assert.deepEqual(
        (await logOf(it, 'juliet', 2)).map(({ archived, undelivered }) => [archived, undelivered]),
        [
          [true, true],
          [true, true],
        ],
      )
      const back = await it.house.connect('juliet@localhost/chamber')
      back.send('<presence/>')
      const came = await messages(back, 2)
      assert.deepEqual(bodies(came), ['one', 'two'])
      assert.ok(came.every(one => one.child('delay', 'urn:xmpp:delay') !== undefined))
      const found = await ask(back)
      assert.deepEqual(
        came.map(one => idsIn(one)[0]![1]),
        found.ids,
      )
      assert.equal((await log(it, 'juliet')).length, 2)
      await collect(back)
      assert.equal(it.owner('juliet').undelivered, 0)
      await back.disconnect()
      const again = await it.house.connect('juliet@localhost/cell')
      again.send('<presence/>')
      assert.deepEqual(
        (await collect(again)).filter(one => one.name === 'message'),
        [],
      )
    })

    test('§6.1.1: what goes to several devices, or to oneself, is archived once', async () => {
      const other = await it.house.connect('juliet@localhost/chamber')
      other.send('<presence/>')
      await collect(other)
      await collect(it.juliet)
      await it.says('to all of you')
      it.juliet.send(chat('juliet@localhost', 'to all of me'))
      it.juliet.send(chat('juliet@localhost/chamber', 'to one of me'))
      it.juliet.send('<message type="chat"><body>to nobody but me</body></message>')
      assert.deepEqual(bodies(await messages(other, 4)).at(-1), 'to nobody but me')
      assert.deepEqual((await ask(other)).bodies, ['to all of you', 'to all of me', 'to one of me', 'to nobody but me'])
      assert.deepEqual((await ask(other, { form: { with: 'juliet@localhost' } })).bodies, [
        'to all of me',
        'to one of me',
        'to nobody but me',
      ])
      assert.equal((await log(it, 'juliet')).length, 4)
    })

    test('§3.5: carbons hold the id, of what was sent and of what has come', async () => {
      const other = await it.house.connect('juliet@localhost/chamber')
      other.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
      await collect(other)
      it.romeo.send(chat('juliet@localhost/balcony', 'to one'))
      await it.juliet.receive()
      it.juliet.send(chat('romeo@localhost', 'an answer'))
      const copies = (await messages(other, 2)).flatMap(one => one.elements)
      const inside = copies.map(one => one.elements[0]!.elements[0]!)
      const found = await ask(other)
      assert.deepEqual(
        copies.map(one => one.name),
        ['received', 'sent'],
      )
      assert.deepEqual(
        inside.map(one => idsIn(one)),
        found.ids.map(id => [['juliet@localhost', id]]),
      )
      it.romeo.send('<presence/>')
      const [came] = await messages(it.romeo, 1)
      assert.deepEqual(
        idsIn(came!).map(([by]) => by),
        ['romeo@localhost'],
      )
    })

    test('the order of the archive is the order of delivery', async () => {
      const numbers = Array.from({ length: 60 }, (_, at) => String(at))
      for (const number of numbers) it.romeo.send(chat('juliet@localhost', number))
      assert.deepEqual(bodies(await messages(it.juliet, numbers.length)), numbers)
      assert.deepEqual((await ask(it.juliet)).bodies, numbers)
      assert.deepEqual((await ask(it.romeo)).bodies, numbers)
    })

    test('what is refused was never there (§6.1)', async () => {
      it.romeo.send('<message to="juliet@localhost/nowhere"><body>normal</body></message>')
      it.romeo.send('<message to="nobody@localhost"><body>normal</body></message>')
      assert.equal((await collect(it.romeo)).length, 2)
      assert.deepEqual(await log(it, 'juliet'), [])
      it.juliet.send(
        '<iq type="set" id="b"><block xmlns="urn:xmpp:blocking"><item jid="romeo@localhost"/></block></iq>',
      )
      await collect(it.juliet)
      it.romeo.send(chat('juliet@localhost', 'blocked'))
      await collect(it.romeo)
      assert.deepEqual(await log(it, 'juliet'), [])
    })

    test('a removed account takes its archive along', async () => {
      await it.says('soon forgotten')
      const { id } = it.owner('juliet')
      await it.command('user remove', { jid: 'juliet@localhost', yes: 'true' })
      await it.house.server.hosts
        .get('localhost')!
        .accounts.create(Jid.parse('juliet@localhost'), 'secret', { again: true })
      const again = await it.house.connect('juliet@localhost/cell')
      assert.deepEqual((await ask(again)).bodies, [])
      assert.notEqual(it.owner('juliet').id, id)
    })
  })
}

describe('stanza ids (XEP-0359)', () => {
  let it: Scene
  beforeEach(async () => {
    it = await scene()
  })
  afterEach(() => it.house.stop())

  const forged = (by: string) => `<stanza-id xmlns="urn:xmpp:sid:0" id="forged" by="${by}"/>`

  test('§3, rule 2: whoever says which id an account gave is not heard, however it spells the account', async () => {
    it.romeo.send(
      `<message to="juliet@localhost" type="chat"><body>hello</body>${forged('juliet@localhost')}${forged('JULIET@Localhost')}` +
        `${forged('romeo@localhost')}${forged('room@muc.example.com')}<origin-id xmlns="urn:xmpp:sid:0" id="mine"/></message>`,
    )
    const came = await it.juliet.receive()
    const [hers] = (await ask(it.juliet)).ids
    assert.deepEqual(idsIn(came), [
      ['room@muc.example.com', 'forged'],
      ['juliet@localhost', hers],
    ])
    assert.equal(came.child('origin-id', 'urn:xmpp:sid:0')?.attribute('id'), 'mine')
  })

  test('also where nothing is archived', async () => {
    await it.house.stop()
    it = await scene(openMemory(), { archive: { enabled: false } })
    it.romeo.send(
      `<message to="juliet@localhost" type="chat"><body>hello</body>${forged('juliet@localhost')}</message>`,
    )
    assert.deepEqual(idsIn(await it.juliet.receive()), [])
    assert.deepEqual(await log(it, 'juliet'), [])
  })

  test('text between the elements stays, and what is no address is nobody', async () => {
    it.romeo.send(
      `<message to="juliet@localhost" type="chat">a<body>b</body>c${forged('juliet@localhost')}d${forged('@')}</message>`,
    )
    const came = await it.juliet.receive()
    assert.equal(came.text, 'acd')
    assert.deepEqual(idsIn(came)[0], ['@', 'forged'])
    assert.equal(String(came), String(came.withChildren(came.children)))
  })
})

// XEP-0313 §6.1.1, XEP-0334, XEP-0085, XEP-0184, XEP-0333, XEP-0424, XEP-0444, XEP-0308, XEP-0380
const hint = (name: string) => `<${name} xmlns="urn:xmpp:hints"/>`
const composing = '<composing xmlns="http://jabber.org/protocol/chatstates"/>'
const kinds: readonly [what: string, type: string, content: string, archived: boolean][] = [
  ['chat', 'chat', '<body>x</body>', true],
  ['normal', 'normal', '<body>x</body>', true],
  ['of a type that is not known', 'unheard-of', '<body>x</body>', true],
  ['an empty body', 'chat', '<body/>', true],
  ['a headline', 'headline', '<body>x</body>', false],
  ['a headline worth storing', 'headline', `<body>x</body>${hint('store')}`, false],
  ['groupchat', 'groupchat', '<body>x</body>', false],
  ['an error', 'error', '<body>x</body>', false],
  ['a chat state', 'chat', composing, false],
  ['a chat state worth storing', 'chat', `${composing}${hint('store')}`, true],
  ['nothing but a subject', 'normal', '<subject>x</subject>', false],
  ['nothing', 'chat', '', false],
  ['a body not to be stored', 'chat', `<body>x</body>${hint('no-store')}`, false],
  ['a body not to be stored for good', 'chat', `<body>x</body>${hint('no-permanent-store')}`, false],
  ['what is to be stored and is not', 'chat', `<body>x</body>${hint('store')}${hint('no-store')}`, false],
  ['OMEMO', 'chat', '<encrypted xmlns="eu.siacs.conversations.axolotl"/>', true],
  ['OMEMO as specified', 'chat', '<encrypted xmlns="urn:xmpp:omemo:2"/>', true],
  ['OpenPGP', 'chat', '<openpgp xmlns="urn:xmpp:openpgp:0"/>', true],
  ['old OpenPGP', 'chat', '<x xmlns="jabber:x:encrypted"/>', true],
  ['encrypted otherwise', 'chat', '<encryption xmlns="urn:xmpp:eme:0" namespace="urn:x"/>', true],
  ['a receipt', 'normal', '<received xmlns="urn:xmpp:receipts" id="1"/>', true],
  ['the wish for a receipt', 'normal', '<request xmlns="urn:xmpp:receipts"/>', false],
  ['a marker', 'chat', '<displayed xmlns="urn:xmpp:chat-markers:0" id="1"/>', true],
  ['the wish for a marker', 'chat', '<markable xmlns="urn:xmpp:chat-markers:0"/>', false],
  ['a retraction', 'chat', '<retract xmlns="urn:xmpp:message-retract:1" id="1"/>', true],
  ['an old retraction', 'chat', '<apply-to xmlns="urn:xmpp:fasten:0" id="1"/>', true],
  ['reactions', 'chat', '<reactions xmlns="urn:xmpp:reactions:0" id="1"/>', true],
  ['a correction', 'chat', '<replace xmlns="urn:xmpp:message-correct:0" id="1"/>', true],
  ['an invitation', 'normal', '<x xmlns="jabber:x:conference" jid="room@muc.localhost"/>', true],
  ['a mediated invitation', 'normal', '<x xmlns="http://jabber.org/protocol/muc#user"><invite/></x>', true],
  ['what rooms put on everything', 'chat', `<x xmlns="http://jabber.org/protocol/muc#user"/>${composing}`, false],
]

test('what is archived, at both ends', async () => {
  const it = await scene()
  for (const [what, type, content, archived] of kinds) {
    const before = { hers: (await log(it, 'juliet')).length, his: (await log(it, 'romeo')).length }
    it.romeo.send(`<message to="juliet@localhost/balcony" type="${type}">${content}</message>`)
    await collect(it.romeo)
    const more = archived ? 1 : 0
    assert.equal((await log(it, 'juliet')).length, before.hers + more, `${what}, hers`)
    assert.equal((await log(it, 'romeo')).length, before.his + more, `${what}, his`)
  }
  await it.house.stop()
})

/** A store whose commits wait to be let go. */
function held(): { open: OpenStorage; hold(): void; release(): void } {
  let waiting: (() => void)[] | undefined
  return {
    open: alteredStore((_owner, _writes, go) => {
      const kept = go()
      return waiting === undefined ? kept : new Promise<void>(resolve => waiting!.push(resolve))
    }),
    hold() {
      waiting = []
    },
    release() {
      const now = waiting ?? []
      waiting = undefined
      for (const resolve of now) resolve()
    },
  }
}

const turns = async () => {
  for (let at = 0; at < 20; at++) await new Promise(setImmediate)
}

test('who goes while a message is being stored gets it out of the same entry', async () => {
  const store = held()
  const it = await scene(store.open)
  // What Romeo sends must be through to Juliet's log before that waits.
  it.juliet.send(chat('juliet@localhost', 'first'))
  await it.juliet.receive()
  store.hold()
  it.juliet.send(chat('juliet@localhost', 'too late'))
  await turns()
  await it.juliet.disconnect()
  await turns()
  store.release()
  await turns()
  const entries = await log(it, 'juliet')
  assert.deepEqual(
    entries.map(({ archived, undelivered }) => [archived, undelivered]),
    [
      [true, false],
      [true, true],
    ],
  )
  assert.equal(it.owner('juliet').undelivered, 1)
  const back = await it.house.connect('juliet@localhost/chamber')
  back.send('<presence/>')
  const came = (await collect(back)).filter(one => one.name === 'message')
  assert.deepEqual(
    came.map(one => one.child('body')?.text),
    ['too late'],
  )
  await it.house.stop()
})

test('who comes while a message is being stored gets it once', async () => {
  const store = held()
  const it = await scene(store.open, {}, false)
  it.juliet.send(chat('juliet@localhost', 'first'))
  await turns()
  store.hold()
  it.romeo.send(chat('juliet@localhost', 'in between'))
  await turns()
  it.juliet.send('<presence/>')
  await turns()
  store.release()
  await turns()
  const came = (await collect(it.juliet)).filter(one => one.name === 'message')
  assert.deepEqual(
    came.map(one => one.child('body')?.text),
    ['first', 'in between'],
  )
  assert.equal(it.owner('juliet').undelivered, 0)
  await it.house.stop()
})

test('what waits is marked so in the commit that archives it', async () => {
  const commits: string[][] = []
  const it = await scene(
    alteredStore((_owner, writes, go) => {
      commits.push(writes.map(one => (one.write === 'append' ? `append ${one.entry.undelivered}` : one.write)))
      return go()
    }),
  )
  await it.says('here')
  await it.juliet.disconnect()
  commits.length = 0
  it.romeo.send(chat('juliet@localhost', 'gone'))
  await logOf(it, 'juliet', 2)
  assert.deepEqual(commits, [['append false'], ['append true']])
  await it.house.stop()
})

test('who is still getting a backlog can ask the archive', async () => {
  const it = await scene(undefined, {}, false)
  it.romeo.send(chat('juliet@localhost', 'waiting'))
  await logOf(it, 'juliet', 1)
  it.juliet.send('<presence/>')
  while (answerTo(await it.juliet.receive()) === undefined);
  it.romeo.send(chat('juliet@localhost', 'behind'))
  await logOf(it, 'juliet', 2)
  // The question whether the backlog has come is still open.
  assert.deepEqual((await ask(it.juliet)).bodies, ['waiting', 'behind'])
  await it.house.stop()
})

test('ids and times go on where the clock goes back', async () => {
  const it = await scene()
  const owner = it.owner('juliet')
  const { keeping } = owner.host.shared
  const { now } = keeping
  Object.assign(keeping, { now: () => now() + 3_600_000 })
  await it.says('one')
  const first = owner.last
  Object.assign(keeping, { now })
  await it.says('two')
  await it.says('three')
  const { results, bodies } = await ask(it.juliet)
  assert.deepEqual(bodies, ['one', 'two', 'three'])
  assert.ok(results[1]!.stamp >= results[0]!.stamp)
  assert.equal(owner.last, first + 2)
  await it.house.stop()
})
