import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { put } from '../../server/table.ts'
import type { Player } from '../../testing/play.ts'
import { defaultList, type Item, items } from '../blocking/list.ts'
import { ask, block, came, condition, type House, short, testHouse, unblock } from '../blocking/test-house.ts'
import { blocklist } from '../blocking/wire.ts'

let house: House
let romeo: Player
let tybalt: Player

beforeEach(async () => {
  house = await testHouse({ config: { privacy: { enabled: true } } })
  await house.befriend('romeo@localhost', 'tybalt@localhost')
  romeo = await house.connect('romeo@localhost/orchard')
  tybalt = await house.connect('tybalt@localhost/street')
  romeo.send('<presence/>')
  await came(romeo)
  tybalt.send('<presence/>')
  await came(tybalt)
  await came(romeo, tybalt)
})
afterEach(() => house.stop())

async function set(player: Player, content: string): Promise<void> {
  const answer = await ask(player, 'set', `<query xmlns="jabber:iq:privacy">${content}</query>`)
  assert.equal(answer.attribute('type'), 'result', String(answer))
}

const rule = (order: number, action: string, of = '', kinds = '') =>
  `<item ${of} action="${action}" order="${order}">${kinds}</item>`
const jid = (value: string) => `type="jid" value="${value}"`

/** Makes a list of these rules, and makes it the default one. */
async function standard(...rules: readonly string[]): Promise<void> {
  await set(romeo, `<list name="list">${rules.join('')}</list>`)
  await set(romeo, '<default name="list"/>')
}

/** Which of the stanzas that each sends the other get through. */
async function through(): Promise<Readonly<Record<string, boolean>>> {
  await came(tybalt, romeo)
  await came(romeo, tybalt)
  const result: Record<string, boolean> = {}
  const one = async (name: string, from: Player, to: Player, xml: string) => {
    from.send(xml)
    result[name] = (await came(to, from)).length > 0
    await came(from)
  }
  await one('message in', tybalt, romeo, '<message to="romeo@localhost" type="chat" id="m"/>')
  await one('message out', romeo, tybalt, '<message to="tybalt@localhost" type="chat" id="m"/>')
  await one('iq in', tybalt, romeo, '<iq to="romeo@localhost/orchard" type="get" id="i"><x xmlns="y"/></iq>')
  await one('iq out', romeo, tybalt, '<iq to="tybalt@localhost/street" type="get" id="i"><x xmlns="y"/></iq>')
  await one('presence in', tybalt, romeo, '<presence><show>away</show></presence>')
  await one('presence out', romeo, tybalt, '<presence><show>away</show></presence>')
  return result
}

const everything = {
  'message in': true,
  'message out': true,
  'iq in': true,
  'iq out': true,
  'presence in': true,
  'presence out': true,
}

for (const [section, kind, blocked] of [
  ['2.9', '<message/>', { 'message in': false }],
  ['2.10', '<presence-in/>', { 'presence in': false }],
  ['2.11', '<presence-out/>', { 'presence out': false }],
  ['2.12', '<iq/>', { 'iq in': false }],
  ['2.13', '', Object.fromEntries(Object.keys(everything).map(name => [name, false]))],
] as const) {
  test(`XEP-0016 §${section}: ${kind || 'no kind'} blocks that and nothing else`, async () => {
    assert.deepEqual(await through(), everything)
    for (const which of [jid('tybalt@localhost'), 'type="subscription" value="both"', '']) {
      await standard(rule(1, 'deny', which, kind))
      assert.deepEqual(await through(), { ...everything, ...blocked }, which)
      await set(romeo, '<default/>')
      assert.deepEqual(await through(), everything)
    }
  })
}

test('XEP-0016 §2.2, rule 9: a group counts as the roster is now', async () => {
  await house.know('romeo@localhost', 'tybalt@localhost', { subscription: 'both', groups: ['Enemies'] })
  await standard(rule(4, 'deny', 'type="group" value="Enemies"', '<message/>'))
  assert.equal((await through())['message in'], false)
  await house.know('romeo@localhost', 'tybalt@localhost', { subscription: 'both', groups: [] })
  assert.equal((await through())['message in'], true)
})

test('XEP-0016 §2.14: the refusals are those of a block; what is sent is refused without <blocked/> where no address is blocked', async () => {
  await standard(rule(1, 'deny', 'type="subscription" value="both"'))
  tybalt.send('<message to="romeo@localhost" type="chat" id="m"/>')
  tybalt.send('<iq to="romeo@localhost" type="get" id="i"><query xmlns="jabber:iq:version"/></iq>')
  tybalt.send('<presence to="romeo@localhost" type="probe"/>')
  await came(romeo, tybalt)
  const heard = [...(await came(tybalt)), ...(await came(tybalt))].filter(one => one.attribute('type') === 'error')
  assert.deepEqual(heard.map(condition), ['service-unavailable', 'service-unavailable'])
  romeo.send('<message to="tybalt@localhost" type="chat" id="m"/>')
  const refused = (await came(romeo)).find(one => one.name === 'message')!
  assert.equal(condition(refused), 'not-acceptable')
  assert.equal(refused.child('error')!.elements.length, 1)
})

test('XEP-0016 §2.10, §2.11: who is denied presence sees the other leave, and come again', async () => {
  await standard(rule(1, 'deny', '', '<presence-out/>'))
  assert.deepEqual((await came(tybalt, romeo)).map(short), ['presence:unavailable romeo@localhost/orchard'])
  // Nor is it told who asks.
  tybalt.send('<presence type="probe" to="romeo@localhost"/><presence type="probe" to="romeo@localhost/orchard"/>')
  assert.deepEqual((await came(tybalt)).map(short), [])
  await set(romeo, `<list name="list">${rule(1, 'deny', '', '<presence-in/>')}</list>`)
  assert.deepEqual((await came(tybalt, romeo)).map(short), ['presence romeo@localhost/orchard'])
  romeo.send(`<iq type="set" id="d"><query xmlns="jabber:iq:privacy"><default/></query></iq>`)
  const heard = (await came(romeo)).map(short)
  assert.ok(heard.includes('presence tybalt@localhost/street'), String(heard))
})

test('XEP-0016 §2.2, rule 1: an active list is for its session alone, and no default is under it', async () => {
  const home = await house.connect('romeo@localhost/home')
  home.send('<presence/>')
  await came(romeo, home)
  await standard(rule(1, 'deny', jid('tybalt@localhost'), '<message/>'))
  await set(romeo, `<list name="open">${rule(1, 'allow')}</list>`)
  await set(romeo, '<active name="open"/>')
  await came(home, romeo)
  tybalt.send('<message to="romeo@localhost" id="1"><body>a</body></message>')
  tybalt.send('<message to="romeo@localhost/orchard" id="2"><body>b</body></message>')
  tybalt.send('<message to="romeo@localhost/home" id="3"><body>c</body></message>')
  const ids = async (player: Player) =>
    (await came(player, tybalt)).filter(one => one.name === 'message').map(one => one.attribute('id'))
  assert.deepEqual(await ids(romeo), ['1', '2'])
  assert.deepEqual(await ids(home), [])
  const refused = [...(await came(tybalt)), ...(await came(tybalt))].filter(one => condition(one) !== undefined)
  assert.deepEqual(
    refused.map(one => one.attribute('id')),
    ['3'],
  )
  // Where each denies, or nobody is there, the sender hears it.
  await set(romeo, '<active/>')
  tybalt.send('<message to="romeo@localhost" id="4"><body>d</body></message>')
  assert.equal(condition((await came(tybalt))[0] ?? (await came(tybalt))[0]), 'service-unavailable')
})

test('XEP-0016 §2.11: an active list hides one resource and not the other', async () => {
  const home = await house.connect('romeo@localhost/home')
  home.send('<presence/>')
  await came(tybalt, home)
  await set(home, `<list name="hidden">${rule(1, 'deny', '', '<presence-out/>')}</list>`)
  await set(home, '<active name="hidden"/>')
  assert.deepEqual((await came(tybalt, home)).map(short), ['presence:unavailable romeo@localhost/home'])
  const alley = await house.connect('tybalt@localhost/alley')
  alley.send('<presence/>')
  const heard = (await came(alley, romeo, home)).map(short)
  assert.ok(heard.includes('presence romeo@localhost/orchard'), String(heard))
  assert.ok(!heard.includes('presence romeo@localhost/home'), String(heard))
  await set(home, '<active/>')
  assert.deepEqual((await came(tybalt, home)).filter(one => /romeo/.test(short(one))).map(short), [
    'presence romeo@localhost/home',
  ])
})

async function blockedNow(): Promise<readonly string[]> {
  const answer = await ask(romeo, 'get', '<blocklist xmlns="urn:xmpp:blocking"/>')
  return blocklist.of(answer)!.items.map(item => item.jid.full)
}

async function listNow(name: string): Promise<readonly string[]> {
  const answer = await ask(romeo, 'get', `<query xmlns="jabber:iq:privacy"><list name="${name}"/></query>`)
  const list = answer.elements[0]?.elements[0]
  return (
    list?.elements.map(one => `${one.attribute('order')} ${one.attribute('action')} ${one.attribute('value')}`) ?? []
  )
}

test('XEP-0191 §5: the block list is the blocked addresses of the default list, which come first', async () => {
  await block(romeo, 'a@x', 'b@x')
  assert.deepEqual(await listNow('blocked'), ['1 deny a@x', '2 deny b@x'])
  await set(
    romeo,
    `<list name="list">${rule(0, 'allow', jid('f@x'))}${rule(7, 'deny', jid('c@x'))}${rule(8, 'deny', jid('m@x'), '<message/>')}</list>`,
  )
  assert.deepEqual(await blockedNow(), ['a@x', 'b@x'])
  await set(romeo, '<default name="list"/>')
  assert.deepEqual(await blockedNow(), ['c@x'])
  await block(romeo, 'd@x', 'c@x')
  assert.deepEqual(await listNow('list'), ['1 deny d@x', '2 deny c@x', '3 allow f@x', '4 deny m@x'])
  await unblock(romeo, 'd@x')
  await block(romeo, 'e@x')
  assert.deepEqual(await listNow('list'), ['1 deny c@x', '2 deny e@x', '3 allow f@x', '4 deny m@x'])
  assert.deepEqual(await blockedNow(), ['c@x', 'e@x'])
  await unblock(romeo)
  assert.deepEqual(await blockedNow(), [])
  assert.equal((await listNow('list')).length, 2)
  assert.deepEqual(await listNow('blocked'), ['1 deny a@x', '2 deny b@x'])
})

test('XEP-0191 §5: each kind of client hears of what the other changes', async () => {
  const home = await house.connect('romeo@localhost/home')
  await ask(home, 'get', '<blocklist xmlns="urn:xmpp:blocking"/>')
  await block(romeo, 'a@x')
  const pushes = async () =>
    (await came(home, romeo)).filter(one => one.attribute('type') === 'set').map(one => String(one.elements[0]))
  assert.deepEqual(await pushes(), [
    '<block xmlns="urn:xmpp:blocking"><item jid="a@x"/></block>',
    '<query xmlns="jabber:iq:privacy"><list name="blocked"/></query>',
  ])
  await set(romeo, `<list name="blocked">${rule(1, 'deny', jid('b@x'))}</list>`)
  assert.deepEqual(await pushes(), [
    '<unblock xmlns="urn:xmpp:blocking"><item jid="a@x"/></unblock>',
    '<block xmlns="urn:xmpp:blocking"><item jid="b@x"/></block>',
    '<query xmlns="jabber:iq:privacy"><list name="blocked"/></query>',
  ])
  await unblock(romeo)
  assert.deepEqual(await pushes(), [
    '<unblock xmlns="urn:xmpp:blocking"/>',
    '<query xmlns="jabber:iq:privacy"><list name="blocked"/></query>',
  ])
  const names = await ask(romeo, 'get', '<query xmlns="jabber:iq:privacy"/>')
  assert.equal(String(names.elements[0]), '<query xmlns="jabber:iq:privacy"/>')
})

test('where a host does not allow privacy lists, of the lists from before only the block list holds', async () => {
  await house.stop()
  house = await testHouse()
  const owner = await house.owner('romeo@localhost')
  const row = (place: number, value: string, allow = false): Item => {
    return { list: 'list', place, type: value === '' ? 'any' : 'jid', value, allow, stanzas: 0 }
  }
  const rows = [row(1, 'tybalt@localhost', true), row(2, 'tybalt@localhost'), row(3, '')]
  await owner.commit(...rows.map(one => put(items, one)), put(defaultList, { list: 'list' }))
  romeo = await house.connect('romeo@localhost/orchard')
  romeo.send('<presence/>')
  assert.deepEqual(await blockedNow(), ['tybalt@localhost'])
  for (const [name, passes] of [
    ['tybalt', false],
    ['juliet', true],
  ] as const) {
    const player = await house.connect(`${name}@localhost`)
    player.send('<message to="romeo@localhost" type="chat" id="m"/>')
    assert.equal(
      (await came(romeo, player)).some(one => one.name === 'message'),
      passes,
      name,
    )
  }
})
