import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import { collect } from '../../testing/collect.ts'
import { StanzaError } from '../../wire/errors.ts'
import { ask, chat, type Scene, scene } from './test-scene.ts'
import { mam, prefs } from './wire.ts'

let it: Scene
beforeEach(async () => {
  it = await scene()
})
afterEach(() => it.house.stop())

/** What the archive answers to this about Juliet's preferences; the condition where it refuses. */
async function asked(type: 'get' | 'set', xml: string) {
  it.juliet.send(`<iq type="${type}" id="p">${xml}</iq>`)
  const answer = await it.juliet.receive()
  if (answer.attribute('type') === 'error') return StanzaError.from(answer).condition
  const { default: otherwise, always, never } = prefs.of(answer)!
  return [otherwise, always!.jids.map(String), never!.jids.map(String)]
}

const list = (name: string, jids: readonly string[]) =>
  `<${name}>${jids.map(jid => `<jid>${jid}</jid>`).join('')}</${name}>`
const set = (otherwise: string, always: readonly string[] = [], never: readonly string[] = []) =>
  asked('set', `<prefs xmlns="${mam}" default="${otherwise}">${list('always', always)}${list('never', never)}</prefs>`)

/** Whether what these say to Juliet is archived, and what she says to them. */
async function archived(...from: readonly string[]): Promise<readonly boolean[]> {
  const before = (await ask(it.juliet)).ids.length
  const found: boolean[] = []
  let count = before
  for (const jid of from) {
    const player = await it.house.connect(jid)
    player.send(chat('juliet@localhost', 'hello'))
    await collect(it.juliet)
    it.juliet.send(chat(player.jid, 'well met'))
    await collect(it.juliet)
    const now = (await ask(it.juliet, { set: '<max>250</max>' })).ids.length
    assert.ok(now === count || now === count + 2, `${jid}: ${now - count}`)
    found.push(now > count)
    count = now
    await player.disconnect()
  }
  return found
}

test('XEP-0441 §2.1: asked for, set, kept', async () => {
  assert.deepEqual(await asked('get', `<prefs xmlns="${mam}"/>`), ['always', [], []])
  const wanted = ['roster', ['romeo@localhost'], ['montague@localhost/tower']]
  assert.deepEqual(await set('roster', ['romeo@localhost', 'ROMEO@localhost'], ['montague@localhost/tower']), wanted)
  assert.deepEqual(await asked('get', `<prefs xmlns="${mam}"/>`), wanted)
  assert.deepEqual(await asked('set', `<prefs xmlns="${mam}" default="never"/>`), ['never', [], []])
})

test('§2.1.1: always, never, or only with contacts', async () => {
  assert.deepEqual(await archived('romeo@localhost/1'), [true])
  await set('never')
  assert.deepEqual(await archived('romeo@localhost/1'), [false])
  await set('roster')
  assert.deepEqual(await archived('romeo@localhost/1'), [false])
  it.juliet.send('<iq type="set" id="r"><query xmlns="jabber:iq:roster"><item jid="romeo@localhost"/></query></iq>')
  await collect(it.juliet)
  assert.deepEqual(await archived('romeo@localhost/1', 'tybalt@localhost/1'), [true, false])
})

test('§2.3: whom the lists mean; who is named more exactly counts first', async () => {
  await set('always', ['romeo@localhost/1'], ['romeo@localhost', 'tybalt@localhost/1'])
  const who = [
    'romeo@localhost/1',
    'romeo@localhost/2',
    'tybalt@localhost/1',
    'tybalt@localhost/2',
    'nurse@localhost/1',
  ]
  assert.deepEqual(await archived(...who), [true, false, false, true, true])
  await set('never', ['romeo@localhost'], ['romeo@localhost/1'])
  assert.deepEqual(await archived(...who), [false, true, false, false, false])
  await set('always', ['romeo@localhost'], ['romeo@localhost'])
  assert.deepEqual(await archived('romeo@localhost/1'), [false])
})

test('what is not archived waits for who is not there all the same, and no archive id is shown', async () => {
  await set('never')
  await it.juliet.disconnect()
  it.romeo.send(chat('juliet@localhost', 'hello'))
  await collect(it.romeo)
  const back = await it.house.connect('juliet@localhost/chamber')
  back.send('<presence/>')
  const [came] = (await collect(back)).filter(one => one.name === 'message')
  assert.equal(came!.child('body')!.text, 'hello')
  assert.equal(came!.child('stanza-id', 'urn:xmpp:sid:0'), undefined)
  assert.deepEqual((await ask(back)).ids, [])
})

test('a restart forgets neither preferences nor ids', async () => {
  const kept = await openMemory()(
    [...(await import('../../server/server.ts')).tablesOf((await import('../index.ts')).features)].map(
      one => one.shape,
    ),
  )
  const storage = async () =>
    new Proxy(kept, { get: (target, name) => (name === 'close' ? async () => {} : bound(target, name)) })
  await it.house.stop()
  it = await scene(storage)
  await it.says('one')
  const before = await ask(it.juliet)
  await set('roster', ['romeo@localhost'])
  await it.house.stop()
  it = await scene(storage)
  assert.deepEqual(await asked('get', `<prefs xmlns="${mam}"/>`), ['roster', ['romeo@localhost'], []])
  await it.says('two')
  const after = await ask(it.juliet)
  assert.deepEqual(after.bodies, ['one', 'two'])
  assert.equal(after.ids[0], before.ids[0])
  assert.deepEqual((await ask(it.juliet, { set: `<after>${before.last}</after>` })).bodies, ['two'])
})

function bound(target: object, name: string | symbol): unknown {
  const value = target[name as keyof typeof target] as unknown
  return typeof value === 'function' ? value.bind(target) : value
}

test('the host says what those want who have said nothing', async () => {
  await it.house.stop()
  it = await scene(undefined, { archive: { default: 'never', listed: 2 } })
  assert.deepEqual(await asked('get', `<prefs xmlns="${mam}"/>`), ['never', [], []])
  assert.deepEqual(await archived('romeo@localhost/1'), [false])
  await set('always')
  assert.deepEqual(await archived('romeo@localhost/1'), [true])
  // Limits.
  assert.equal(await set('always', ['a@b', 'b@b'], ['c@b']), 'policy-violation')
  assert.deepEqual(await set('always', ['a@b'], ['c@b']), ['always', ['a@b'], ['c@b']])
})

const bad: readonly [what: string, xml: string][] = [
  ['no default', `<prefs xmlns="${mam}"><always/></prefs>`],
  ['another default', `<prefs xmlns="${mam}" default="sometimes"/>`],
  ['what is no address', `<prefs xmlns="${mam}" default="always"><never><jid>@</jid></never></prefs>`],
  ['an empty address', `<prefs xmlns="${mam}" default="always"><never><jid/></never></prefs>`],
]
for (const [what, xml] of bad)
  test(`${what} is a bad request, and changes nothing`, async () => {
    await set('roster', ['romeo@localhost'])
    assert.equal(await asked('set', xml), 'bad-request')
    assert.deepEqual(await asked('get', `<prefs xmlns="${mam}"/>`), ['roster', ['romeo@localhost'], []])
  })
