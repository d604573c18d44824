import assert from 'node:assert/strict'
import { after, beforeEach, test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import { alteredCommits } from '../../testing/altered-store.ts'
import type { Player } from '../../testing/play.ts'
import { ask, block, came, condition, type House, testHouse, unblock } from './test-house.ts'
import { blocklist } from './wire.ts'

let house: House
let juliet: Player

beforeEach(async () => {
  await house?.stop()
  house = await testHouse({ config: { blocking: { maximum: 5 } } })
  juliet = await house.connect('juliet@localhost/chamber')
})
after(() => house.stop())

async function listed(player: Player): Promise<readonly string[]> {
  const answer = await ask(player, 'get', '<blocklist xmlns="urn:xmpp:blocking"/>')
  return blocklist.of(answer)!.items.map(item => item.jid.full)
}

test('XEP-0191 §3.1: the host announces it', async () => {
  juliet.send('<iq type="get" id="d" to="localhost"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>')
  const features = String(await juliet.receive())
  assert.match(features, /var="urn:xmpp:blocking"/)
  assert.match(features, /var="urn:xmpp:reporting:1"/)
  assert.doesNotMatch(features, /jabber:iq:privacy/)
})

test('XEP-0191 §3.2, §3.3, §3.4: the list is what was blocked and not unblocked, each address once, in canonical form', async () => {
  assert.deepEqual(await listed(juliet), [])
  await block(juliet, 'Romeo@LOCALHOST', 'shakespeare.lit')
  await block(juliet, 'romeo@localhost', 'room@service.example/Iago')
  assert.deepEqual(await listed(juliet), ['romeo@localhost', 'shakespeare.lit', 'room@service.example/Iago'])
  await unblock(juliet, 'ROMEO@localhost')
  assert.deepEqual(await listed(juliet), ['shakespeare.lit', 'room@service.example/Iago'])
  await block(juliet, 'tybalt@localhost')
  assert.deepEqual(await listed(juliet), ['shakespeare.lit', 'room@service.example/Iago', 'tybalt@localhost'])
  await unblock(juliet)
  assert.deepEqual(await listed(juliet), [])
})

test('XEP-0191 §3.3 to §3.5: all who requested the list are told, nobody else', async () => {
  const balcony = await house.connect('juliet@localhost/balcony')
  const garden = await house.connect('juliet@localhost/garden')
  await listed(juliet)
  await listed(balcony)
  balcony.send('<iq type="set" id="b"><block xmlns="urn:xmpp:blocking"><item jid="romeo@localhost"/></block></iq>')
  balcony.send('<iq type="set" id="u"><unblock xmlns="urn:xmpp:blocking"><item jid="romeo@localhost"/></unblock></iq>')
  balcony.send('<iq type="set" id="all"><unblock xmlns="urn:xmpp:blocking"/></iq>')
  const pushes = [
    '<block xmlns="urn:xmpp:blocking"><item jid="romeo@localhost"/></block>',
    '<unblock xmlns="urn:xmpp:blocking"><item jid="romeo@localhost"/></unblock>',
    '<unblock xmlns="urn:xmpp:blocking"/>',
  ]
  for (const [player, count] of [
    [balcony, 6],
    [juliet, 3],
  ] as const) {
    const all = await came(player, balcony)
    assert.equal(all.length, count)
    const sets = all.filter(stanza => stanza.attribute('type') === 'set')
    assert.deepEqual(
      sets.map(push => String(push.elements[0])),
      pushes,
    )
    for (const push of sets) {
      assert.equal(push.attribute('to'), player.jid)
      assert.equal(push.attribute('from'), 'juliet@localhost')
    }
  }
  assert.deepEqual(await came(garden, balcony), [])
})

test('bad input: an empty block, an item without an address, one that is none, the wrong type of IQ', async () => {
  const refused = async (type: 'get' | 'set', xml: string) => condition(await ask(juliet, type, xml))
  assert.equal(await refused('set', '<block xmlns="urn:xmpp:blocking"/>'), 'bad-request')
  assert.equal(await refused('set', '<block xmlns="urn:xmpp:blocking"><item/></block>'), 'bad-request')
  const good = '<item jid="romeo@localhost"/>'
  for (const jid of ['', '@', 'a@', '@b', 'a@b@c', 'a b@localhost', 'localhost/', `${'x'.repeat(1100)}@localhost`]) {
    const block = `<block xmlns="urn:xmpp:blocking">${good}<item jid="${jid}"/></block>`
    assert.equal(await refused('set', block), 'bad-request', jid)
    const unblock = `<unblock xmlns="urn:xmpp:blocking">${good}<item jid="${jid}"/></unblock>`
    assert.equal(await refused('set', unblock), 'bad-request', jid)
  }
  assert.equal(await refused('set', '<blocklist xmlns="urn:xmpp:blocking"/>'), 'service-unavailable')
  assert.equal(await refused('get', `<block xmlns="urn:xmpp:blocking">${good}</block>`), 'service-unavailable')
  // All or none: the good one was not blocked.
  assert.deepEqual(await listed(juliet), [])
})

test('bad input: unblocking what is not blocked changes nothing, and never reads as unblocking all', async () => {
  await block(juliet, 'romeo@localhost')
  await listed(juliet)
  juliet.send('<iq type="set" id="u"><unblock xmlns="urn:xmpp:blocking"><item jid="iago@localhost"/></unblock></iq>')
  const [push, result] = await came(juliet)
  assert.equal(String(push!.elements[0]), '<unblock xmlns="urn:xmpp:blocking"><item jid="iago@localhost"/></unblock>')
  assert.equal(result!.attribute('type'), 'result')
  assert.deepEqual(await listed(juliet), ['romeo@localhost'])
  await unblock(juliet, 'romeo@localhost')
  await unblock(juliet, 'romeo@localhost')
  await unblock(juliet)
  assert.deepEqual(await listed(juliet), [])
})

test('bad input: too many entries are refused whole, and what is there already needs no room', async () => {
  await block(juliet, 'a@x', 'b@x', 'c@x', 'd@x')
  const items = '<item jid="e@x"/><item jid="f@x"/>'
  const answer = await ask(juliet, 'set', `<block xmlns="urn:xmpp:blocking">${items}</block>`)
  assert.equal(condition(answer), 'policy-violation')
  assert.deepEqual(await listed(juliet), ['a@x', 'b@x', 'c@x', 'd@x'])
  await block(juliet, 'a@x', 'e@x')
  assert.equal((await listed(juliet)).length, 5)
})

test('nobody but the user reads or changes the list', async () => {
  await block(juliet, 'iago@localhost')
  const romeo = await house.connect('romeo@localhost')
  await house.befriend('romeo@localhost', 'juliet@localhost')
  for (const [type, xml] of [
    ['get', '<blocklist xmlns="urn:xmpp:blocking"/>'],
    ['set', '<block xmlns="urn:xmpp:blocking"><item jid="nurse@localhost"/></block>'],
    ['set', '<unblock xmlns="urn:xmpp:blocking"/>'],
  ]) {
    romeo.send(`<iq type="${type}" id="x" to="juliet@localhost">${xml}</iq>`)
    assert.equal(condition(await romeo.receive()), 'service-unavailable')
  }
  assert.deepEqual(await listed(juliet), ['iago@localhost'])
})

test('a block applies across sessions, also when the account was let go from memory', async () => {
  await block(juliet, 'romeo@localhost')
  await juliet.disconnect()
  const { owners } = house.server.hosts.get('localhost')!
  const romeo = await house.connect('romeo@localhost')
  owners.sweep()
  owners.sweep()
  romeo.send('<message to="juliet@localhost" id="m" type="chat"><body>Ay me!</body></message>')
  assert.equal(condition(await romeo.receive()), 'service-unavailable')
  assert.deepEqual(await listed(await house.connect('juliet@localhost')), ['romeo@localhost'])
})

test('privacy lists are not there unless a setting says so', async () => {
  assert.equal(condition(await ask(juliet, 'get', '<query xmlns="jabber:iq:privacy"/>')), 'service-unavailable')
})

test('what the store refuses is not blocked, and the client hears so', async () => {
  await house.stop()
  let broken = false
  house = await testHouse({
    storage: async tables => {
      const storage = await openMemory()(tables)
      Object.assign(
        storage,
        alteredCommits(storage, (_owner, _writes, go) => (broken ? Promise.reject(new Error('disk full')) : go())),
      )
      return storage
    },
  })
  juliet = await house.connect('juliet@localhost/chamber')
  const romeo = await house.connect('romeo@localhost')
  broken = true
  const answer = await ask(juliet, 'set', '<block xmlns="urn:xmpp:blocking"><item jid="romeo@localhost"/></block>')
  assert.equal(answer.attribute('type'), 'error')
  broken = false
  assert.deepEqual(await listed(juliet), [])
  juliet.send('<message to="romeo@localhost" type="chat"><body>still here</body></message>')
  romeo.send('<presence/>')
  assert.match(String(await came(romeo, juliet)), /still here/)
})
