import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Player } from '../../testing/play.ts'
import { ask, came, condition, type House, short, testHouse } from '../blocking/test-house.ts'

let house: House
let orchard: Player

beforeEach(async () => {
  house = await testHouse({ config: { privacy: { enabled: true, lists: 3, items: 4, name: 20 } } })
  orchard = await house.connect('romeo@localhost/orchard')
})
afterEach(() => house.stop())

const query = (content: string) => `<query xmlns="jabber:iq:privacy">${content}</query>`
const deny = (jid: string, order: number) => `<item type="jid" value="${jid}" action="deny" order="${order}"/>`

async function set(player: Player, content: string): Promise<string> {
  const answer = await ask(player, 'set', query(content))
  return condition(answer) ?? answer.attribute('type')!
}

async function get(player: Player, content = ''): Promise<string> {
  const answer = await ask(player, 'get', query(content))
  return condition(answer) ?? answer.elements[0]!.inner
}

const publicList = `<list name="public">${deny('tybalt@example.com', 1)}<item action="allow" order="2"/></list>`

test('XEP-0016 §3: the host announces it', async () => {
  orchard.send('<iq type="get" id="d" to="localhost"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>')
  assert.match(String(await orchard.receive()), /<feature var="jabber:iq:privacy"\/>/)
})

test('XEP-0016 §2.3, §2.6, §2.7: lists are added, edited whole, named and shown', async () => {
  assert.equal(await get(orchard), '')
  assert.equal(await set(orchard, publicList), 'result')
  assert.equal(
    await set(
      orchard,
      '<list name="private"><item action="deny" order="15"><message/><presence-out/></item><item type="subscription" value="both" action="allow" order="10"/></list>',
    ),
    'result',
  )
  assert.equal(await get(orchard), '<list name="public"/><list name="private"/>')
  assert.equal(await get(orchard, '<list name="public"/>'), publicList.replace('</list>', '</list>'))
  assert.equal(
    await get(orchard, '<list name="private"/>'),
    '<list name="private"><item type="subscription" value="both" action="allow" order="10"/><item action="deny" order="15"><message/><presence-out/></item></list>',
  )
  const edited = `<list name="public">${deny('tybalt@example.com', 3)}${deny('paris@example.org', 5)}<item action="allow" order="68"/></list>`
  assert.equal(await set(orchard, edited), 'result')
  assert.equal(await get(orchard, '<list name="public"/>'), edited)
})

test('XEP-0016 §2.2, rule 10: all connected resources are told which list changed', async () => {
  const home = await house.connect('romeo@localhost/home')
  orchard.send(`<iq type="set" id="e">${query(publicList)}</iq>`)
  orchard.send(`<iq type="set" id="r">${query('<list name="public"/>')}</iq>`)
  const pushed = query('<list name="public"/>')
  for (const player of [home, orchard]) {
    const pushes = (await came(player, orchard)).filter(stanza => stanza.attribute('type') === 'set')
    assert.deepEqual(
      pushes.map(stanza => [stanza.attribute('to'), stanza.attribute('from'), String(stanza.elements[0])]),
      [
        [player.jid, 'romeo@localhost', pushed],
        [player.jid, 'romeo@localhost', pushed],
      ],
    )
  }
})

test('XEP-0016 §2.4: the active list is the session’s own; it can be declined', async () => {
  const home = await house.connect('romeo@localhost/home')
  await set(orchard, publicList)
  assert.equal(await set(orchard, '<active name="public"/>'), 'result')
  assert.equal(await get(orchard), '<active name="public"/><list name="public"/>')
  await came(home)
  assert.equal(await get(home), '<list name="public"/>')
  assert.equal(await set(orchard, '<active name="The Empty Set"/>'), 'item-not-found')
  assert.equal(await set(orchard, '<active/>'), 'result')
  assert.equal(await get(orchard), '<list name="public"/>')
})

test('XEP-0016 §2.5: the default list is the account’s; nobody changes it while another session uses it', async () => {
  const home = await house.connect('romeo@localhost/home')
  await set(orchard, publicList)
  await set(orchard, `<list name="special">${deny('a@b', 1)}</list>`)
  await came(home)
  assert.equal(await set(orchard, '<default name="The Empty Set"/>'), 'item-not-found')
  assert.equal(await set(orchard, '<default/>'), 'result', 'nothing to decline')
  assert.equal(await set(orchard, '<default name="public"/>'), 'result')
  assert.equal(await get(home), '<default name="public"/><list name="public"/><list name="special"/>')
  assert.equal(await set(orchard, '<default name="special"/>'), 'conflict')
  assert.equal(await set(orchard, '<default/>'), 'conflict')
  assert.equal(await set(orchard, '<default name="public"/>'), 'result', 'it is that already')
  await set(home, '<active name="special"/>')
  assert.equal(await set(orchard, '<default name="special"/>'), 'result')
  assert.equal(await set(orchard, '<default/>'), 'result')
  assert.equal(await get(orchard), '<list name="public"/><list name="special"/>')
})

test('XEP-0016 §2.8: a list is removed, but not while it holds for another session', async () => {
  const home = await house.connect('romeo@localhost/home')
  await set(orchard, publicList)
  assert.equal(await set(orchard, '<list name="The Empty Set"/>'), 'item-not-found')
  await set(home, '<active name="public"/>')
  assert.equal(await set(orchard, '<list name="public"/>'), 'conflict')
  await set(home, '<active/>')
  await set(orchard, '<default name="public"/>')
  assert.equal(await set(orchard, '<list name="public"/>'), 'conflict')
  await home.disconnect()
  await set(orchard, '<active name="public"/>')
  assert.equal(await set(orchard, '<list name="public"/>'), 'result')
  assert.equal(await get(orchard), '')
  // A new list of that name is nobody's active or default one.
  await set(orchard, publicList)
  assert.equal(await get(orchard), '<list name="public"/>')
})

test('bad input: more or less than one thing, unknown names, lists that are none', async () => {
  await set(orchard, publicList)
  for (const content of [
    '',
    '<active/><default/>',
    '<list name="a"/><list name="b"/>',
    '<x/>',
    '<active/><x/>',
    '<list/>',
  ])
    assert.equal(await set(orchard, content), 'bad-request', content)
  for (const content of ['<active/>', '<default/>', '<list name="a"/><list name="b"/>', '<x/>', '<list/>'])
    assert.equal(await get(orchard, content), 'bad-request', content)
  assert.equal(await get(orchard, '<list name="The Empty Set"/>'), 'item-not-found')
  for (const [item, error] of [
    ['<item action="deny" order="1"/><item action="allow" order="1"/>', 'bad-request'],
    ['<item action="deny"/>', 'bad-request'],
    ['<item order="1"/>', 'bad-request'],
    ['<item action="deny" order="-1"/>', 'bad-request'],
    ['<item type="jid" action="deny" order="1"/>', 'bad-request'],
    ['<item type="jid" value="a@b@c" action="deny" order="1"/>', 'bad-request'],
    ['<item type="subscription" value="remove" action="deny" order="1"/>', 'bad-request'],
    ['<item type="subscription" action="deny" order="1"/>', 'bad-request'],
    ['<item type="group" action="deny" order="1"/>', 'bad-request'],
    ['<item type="group" value="Enemies" action="deny" order="1"/>', 'item-not-found'],
    ['<item type="domain" value="b" action="deny" order="1"/>', 'bad-request'],
  ] as const)
    assert.equal(await set(orchard, `<list name="bad">${item}</list>`), error, item)
  assert.equal(await set(orchard, `<list name="">${deny('a@b', 1)}</list>`), 'bad-request')
  assert.equal(await get(orchard), '<list name="public"/>')
})

test('bad input: too many lists, too many items, too long a name', async () => {
  const list = (name: string, count = 1) =>
    `<list name="${name}">${Array.from({ length: count }, (_, index) => deny(`a${index}@b`, index)).join('')}</list>`
  assert.equal(await set(orchard, list('a', 5)), 'policy-violation')
  assert.equal(await set(orchard, list('x'.repeat(21))), 'policy-violation')
  for (const name of ['a', 'b', 'c']) assert.equal(await set(orchard, list(name, 4)), 'result')
  assert.equal(await set(orchard, list('d')), 'policy-violation')
  assert.equal(await set(orchard, list('c')), 'result', 'to edit one takes no room')
})

test('nobody else reads or changes the lists', async () => {
  await set(orchard, publicList)
  const juliet = await house.connect('juliet@localhost')
  for (const type of ['get', 'set']) {
    juliet.send(`<iq type="${type}" id="x" to="romeo@localhost">${query('<list name="public"/>')}</iq>`)
    assert.equal(condition(await juliet.receive()), 'service-unavailable')
  }
  assert.deepEqual((await came(orchard, juliet)).map(short), [])
})
