import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'

/** Everything that came for a client up to now. */
async function all(player: Player): Promise<Element[]> {
  player.send('<iq type="get" id="all" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  const came: Element[] = []
  for (;;) {
    const element = await player.receive()
    if (element.attribute('id') === 'all') return came
    came.push(element)
  }
}

const query = (content: string, ver?: string) =>
  `<query xmlns="jabber:iq:roster"${ver === undefined ? '' : ` ver="${ver}"`}>${content}</query>`
const set = (item: string) => `<iq type="set" id="s">${query(item)}</iq>`
const add = (...names: string[]) => names.map(name => set(`<item jid="${name}@localhost"/>`)).join('')
const remove = (name: string) => set(`<item jid="${name}@localhost" subscription="remove"/>`)

/** What a roster get with this version brings: its result, and the pushes behind it. */
async function get(player: Player, ver?: string): Promise<Element[]> {
  await all(player)
  player.send(`<iq type="get" id="g">${query('', ver)}</iq>`)
  return all(player)
}

const versionOf = (one: Element) => one.child('query', 'jabber:iq:roster')!.attribute('ver')!
const items = (one: Element) =>
  (one.child('query', 'jabber:iq:roster')?.elements ?? []).map(
    item => `${item.attribute('jid')!.split('@')[0]} ${item.attribute('subscription')}`,
  )

async function scene(config = {}): Promise<{ house: TestServer; romeo: Player }> {
  const house = await testServer({ config })
  return { house, romeo: await house.connect('romeo@localhost/orchard') }
}

test('RFC 6121 §2.6.3: each push has a version of its own, and the last one is that of the roster', async () => {
  const { house, romeo } = await scene()
  const [empty] = await get(romeo, '')
  assert.deepEqual([items(empty!), versionOf(empty!)], [[], '0'])
  romeo.send(add('a', 'b', 'c') + add('a'))
  const pushes = (await all(romeo)).filter(one => one.attribute('type') === 'set')
  const versions = pushes.map(one => Number(versionOf(one)))
  assert.equal(new Set(versions).size, 4)
  assert.deepEqual(versions, [...versions].sort())
  const [whole] = await get(romeo)
  assert.equal(Number(versionOf(whole!)), versions.at(-1))
  await house.stop()
})

test('RFC 6121 §2.6.3: who knows the roster gets nothing, who knows an older one what has changed since', async () => {
  const { house, romeo } = await scene()
  romeo.send(add('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h', 'i', 'j'))
  const [whole] = await get(romeo)
  const old = versionOf(whole!)
  await romeo.disconnect()

  const phone = await house.connect('romeo@localhost/phone')
  const same = await get(phone, old)
  assert.deepEqual(same.map(String), ['<iq xmlns="jabber:client" to="romeo@localhost/phone" type="result" id="g"/>'])
  // It is interested all the same.
  phone.send(set('<item jid="b@localhost" name="B"/>') + remove('d') + set('<item jid="b@localhost" name="Bee"/>'))
  assert.equal((await all(phone)).filter(one => one.attribute('type') === 'set').length, 3)
  await phone.disconnect()

  const again = await house.connect('romeo@localhost/again')
  const [result, ...pushes] = await get(again, old)
  assert.deepEqual([result!.attribute('type'), result!.children], ['result', []])
  assert.deepEqual(pushes.map(items), [['d remove'], ['b none']])
  assert.match(String(pushes[1]), /name="Bee"/)
  assert.deepEqual(
    pushes.map(one => [one.attribute('from'), one.attribute('to'), one.attribute('type')]),
    [1, 2].map(() => ['romeo@localhost', 'romeo@localhost/again', 'set']),
  )
  // The versions lead from one to the next: who was cut off in the middle goes on from there.
  const rest = await get(again, versionOf(pushes[0]!))
  assert.deepEqual(rest.slice(1).map(items), [['b none']])
  assert.equal((await get(again, versionOf(pushes[1]!))).length, 1)
  await house.stop()
})

test('a contact that went and came again is not said to be gone', async () => {
  const { house, romeo } = await scene()
  romeo.send(add('a', 'b', 'c', 'd', 'e', 'f'))
  const old = versionOf((await get(romeo))[0]!)
  romeo.send(remove('c') + add('c'))
  assert.deepEqual((await get(romeo, old)).map(items), [[], ['c none']])
  await house.stop()
})

test('RFC 6121 §2.6.3: the whole roster where that is shorter, and for versions that nobody knows', async () => {
  const { house, romeo } = await scene()
  romeo.send(add('a', 'b', 'c', 'd'))
  const [whole] = await get(romeo)
  const old = versionOf(whole!)
  romeo.send(add('e') + remove('a'))
  await all(romeo)
  const now = (await get(romeo))[0]!
  for (const ver of [old, '', '0', '1', `${versionOf(now)}0`, `0${versionOf(now)}`, '-1', '1e3', 'ver14', 'NaN']) {
    const [result, ...more] = await get(romeo, ver)
    assert.deepEqual([items(result!).length, versionOf(result!), more.length], [4, versionOf(now), 0], `ver="${ver}"`)
  }
  await house.stop()
})

test('of many removals the last are remembered, and from before that there is only the whole', async () => {
  const { house, romeo } = await scene()
  const many = Array.from({ length: 340 }, (_, i) => `n${i}`)
  romeo.send(add(...many))
  const start = versionOf((await get(romeo))[0]!)
  romeo.send(remove('n0'))
  const first = versionOf((await get(romeo))[0]!)
  romeo.send(many.slice(1, 51).map(remove).join(''))
  assert.equal((await get(romeo, start)).length, 1 + 51)
  romeo.send(many.slice(51, 101).map(remove).join('') + add(...many.slice(1, 91)))
  romeo.send(many.slice(101, 201).map(remove).join(''))
  assert.equal(items((await get(romeo, first))[0]!).length, 340 - 1 - 10 - 100)
  await house.stop()
})

test('an account that was made again is not taken for the one that had its name', async () => {
  const { house, romeo } = await scene()
  romeo.send(add('a', 'b', 'c', 'd', 'e', 'f', 'g', 'h'))
  const old = versionOf((await get(romeo))[0]!)
  await romeo.disconnect()
  const { accounts } = house.server.hosts.get('localhost')!
  await accounts.remove(Jid.parse('romeo@localhost'))
  await house.advance(1000)
  await accounts.create(Jid.parse('romeo@localhost'), 'secret', { again: true })
  const other = await house.connect('romeo@localhost/other')
  assert.deepEqual(items((await get(other, old))[0]!), [])
  other.send(add('z'))
  await all(other)
  assert.deepEqual(items((await get(other, old))[0]!), ['z none'])
  await house.stop()
})

test('RFC 6121 §2.3.3: names, groups and contacts have a limit, by whatever way they come', async () => {
  const { house, romeo } = await scene({ roster: { maximum: 3, name: 10, groups: 2 } })
  await get(romeo)
  const refused = async (xml: string, condition: string) => {
    romeo.send(xml)
    const [answer, ...more] = await all(romeo)
    assert.match(String(answer), new RegExp(`type="error".*<${condition} `), xml)
    assert.deepEqual(more, [])
  }
  const long = 'x'.repeat(11)
  await refused(set(`<item jid="a@localhost" name="${long}"/>`), 'not-acceptable')
  await refused(set(`<item jid="a@localhost"><group>${long}</group></item>`), 'not-acceptable')
  await refused(
    set('<item jid="a@localhost"><group>1</group><group>2</group><group>3</group></item>'),
    'not-acceptable',
  )
  romeo.send(set(`<item jid="a@localhost" name="${long.slice(1)}"><group>1</group><group>2</group></item>`))
  romeo.send('<presence type="subscribe" to="b@localhost"/><presence type="subscribed" to="c@localhost"/>')
  await all(romeo)
  await refused(set('<item jid="d@localhost"/>'), 'not-allowed')
  await refused('<presence type="subscribe" id="p" to="d@localhost"/>', 'not-allowed')
  await refused('<presence type="subscribed" id="p" to="d@localhost"/>', 'not-allowed')
  // What is there may still be changed.
  romeo.send(`${set('<item jid="b@localhost" name="B"/>')}<presence type="subscribe" to="c@localhost"/>`)
  assert.equal((await all(romeo)).filter(one => one.attribute('type') === 'set').length, 2)
  assert.deepEqual(items((await get(romeo))[0]!), ['a none', 'b none', 'c none'])
  await house.stop()
})

test('RFC 6121 §2.3.3: the roster of others is forbidden, whether there is such an account or not', async () => {
  const { house, romeo } = await scene()
  await house.addUser('juliet@localhost')
  const answers = []
  for (const to of ['juliet@localhost', 'nobody@localhost', 'juliet@localhost/x', 'nobody@localhost/x']) {
    romeo.send(`<iq type="get" id="g" to="${to}">${query('')}</iq>`)
    romeo.send(`<iq type="set" id="s" to="${to}">${query('<item jid="romeo@localhost"/>')}</iq>`)
    for (const answer of await all(romeo)) answers.push(String(answer).replace(/from="\w+/, 'from="them'))
  }
  assert.equal(new Set(answers).size, 4)
  for (const answer of answers) assert.match(answer, /<error type="auth"><forbidden /)
  await house.stop()
})

test('a push is heard only by those who asked, and an answer to it by nobody', async () => {
  const { house, romeo } = await scene()
  await get(romeo)
  const phone = await house.connect('romeo@localhost/phone')
  phone.send('<presence/>')
  await all(phone)
  romeo.send(add('a'))
  const [push] = await all(romeo)
  assert.deepEqual(await all(phone), [])
  romeo.send(`<iq type="result" id="${push!.attribute('id')}"/>`)
  romeo.send(`<iq type="error" id="${push!.attribute('id')}" to="romeo@localhost"/>`)
  assert.deepEqual([await all(romeo), await all(phone)], [[], []])
  await house.stop()
})
