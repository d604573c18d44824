import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Owner } from '../../server/owner.ts'
import { openSqlite } from '../../storage/sqlite.ts'
import { freshPath, timers } from '../../storage/sqlite-scratch.ts'
import { StorageError } from '../../storage/storage.ts'
import { collect } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, type TestServerOptions, testServer } from '../../testing/server.ts'
import { SlowStore } from '../../testing/slow-store.ts'
import { Jid } from '../../wire/jid.ts'

let house: TestServer
let romeo: Player
let juliet: Player

async function open(options: TestServerOptions = {}): Promise<void> {
  house = await testServer(options)
  romeo = await house.connect('romeo@localhost/orchard')
  juliet = await house.connect('juliet@localhost/balcony')
  juliet.send('<presence/>')
  await collect(juliet)
}

beforeEach(() => open())
afterEach(() => house.stop())

async function again(options: TestServerOptions): Promise<void> {
  await house.stop()
  await open(options)
}

const owner = (local: string): Owner =>
  house.server.hosts.get('localhost')!.owners.loaded(Jid.parse(`${local}@localhost`))!
const logged = async (local: string) => (await owner(local).entries({ limit: 1000 })).length

/** A message with this origin-id. */
const say = (origin: string, { to = 'juliet@localhost', body = 'hello', more = '' } = {}) =>
  `<message to="${to}" type="chat" id="${origin}"><body>${body}</body><origin-id xmlns="urn:xmpp:sid:0" id="${origin}"/>${more}</message>`

/** Somebody sends this; what he hears of it, and what Juliet gets. */
async function sends(who: Player, ...stanzas: string[]): Promise<{ answers: number; bodies: readonly string[] }> {
  for (const stanza of stanzas) who.send(stanza)
  const answers = (await collect(who)).filter(one => one.attribute('type') === 'error').length
  const came = (await collect(juliet)).filter(one => one.name === 'message')
  return { answers, bodies: came.map(one => one.child('body')?.text ?? '') }
}

test('what is sent again is taken once: in no log twice, delivered once, and no error', async () => {
  assert.deepEqual(await sends(romeo, say('a')), { answers: 0, bodies: ['hello'] })
  assert.deepEqual(await sends(romeo, say('a')), { answers: 0, bodies: [] })
  // From another session, and with the word that it was delayed.
  await romeo.disconnect()
  romeo = await house.connect('romeo@localhost/garden')
  const delayed = '<delay xmlns="urn:xmpp:delay" stamp="2026-01-01T00:00:00Z"/>'
  assert.deepEqual(await sends(romeo, say('a', { more: delayed })), { answers: 0, bodies: [] })
  assert.deepEqual([await logged('romeo'), await logged('juliet')], [1, 1])
})

test('it counts as handled (XEP-0198 §4)', async () => {
  romeo.send('<enable xmlns="urn:xmpp:sm:3"/>')
  await romeo.receive()
  await sends(romeo, say('z'))
  romeo.send(`${say('a')}${say('a')}<r xmlns="urn:xmpp:sm:3"/>`)
  const { bodies } = await sends(romeo)
  assert.deepEqual(bodies, ['hello'])
  romeo.send('<r xmlns="urn:xmpp:sm:3"/>')
  let answer = await romeo.receive()
  while (!answer.is('a', 'urn:xmpp:sm:3')) answer = await romeo.receive()
  assert.ok(Number(answer.attribute('h')) >= 3)
})

test('the same id says nothing alone: other words, other people, another kind', async () => {
  const nurse = await house.connect('nurse@localhost/room')
  assert.deepEqual((await sends(romeo, say('a'))).bodies, ['hello'])
  assert.deepEqual((await sends(romeo, say('a', { body: 'farewell' }))).bodies, ['farewell'])
  assert.deepEqual((await sends(romeo, say('a', { body: 'farewell', more: '<x xmlns="urn:example:x"/>' }))).bodies, [
    'farewell',
  ])
  assert.deepEqual((await sends(romeo, say('a', { to: juliet.jid }))).bodies, ['hello'])
  assert.deepEqual((await sends(romeo, say('a').replace(' type="chat"', ''))).bodies, ['hello'])
  // Whoever spoofs the id of somebody else's message silences nobody (XEP-0359 §6), before or after.
  assert.deepEqual((await sends(nurse, say('a'), say('b'))).bodies, ['hello', 'hello'])
  assert.deepEqual((await sends(romeo, say('b'))).bodies, ['hello'])
  assert.equal(await logged('juliet'), 8)
})

test('without an id, or with none worth the name, everything is new', async () => {
  const plain = '<message to="juliet@localhost" type="chat"><body>hello</body></message>'
  assert.equal((await sends(romeo, plain, plain)).bodies.length, 2)
  assert.equal((await sends(romeo, say(''), say(''))).bodies.length, 2)
  const long = 'x'.repeat(300)
  assert.equal((await sends(romeo, say(long), say(long))).bodies.length, 2)
})

test('a message to oneself is recognised too', async () => {
  romeo.send('<presence/>')
  await sends(romeo, say('z'))
  const note = say('a', { to: 'romeo@localhost' })
  for (const stanza of [note, note, note.replace(' to="romeo@localhost"', '')]) romeo.send(stanza)
  await collect(romeo)
  // Addressed otherwise, it is another one.
  assert.equal(await logged('romeo'), 3)
})

test('on SQLite, after a restart: the log is read once, and nothing of the sender overtakes it meanwhile', async () => {
  const storage = openSqlite({ path: freshPath(), timers })
  await again({ storage })
  await sends(romeo, say('a'), say('b'))
  await again({ storage })
  const plain = '<message to="juliet@localhost" type="chat"><body>plain</body></message>'
  const bodies: string[] = []
  for (const stanza of [say('a'), say('c', { body: 'new' }), plain, say('b'), say('d', { body: 'last' })])
    romeo.send(stanza)
  while (!bodies.includes('last')) bodies.push(...(await sends(romeo)).bodies)
  assert.deepEqual(bodies, ['new', 'plain', 'last'])
  assert.deepEqual([await logged('romeo'), await logged('juliet')], [5, 5])
})

test('after a restart it does not count what others said since', async () => {
  const storage = new SlowStore().open
  const config = { resent: { remembered: 5 } }
  await again({ storage, config })
  await sends(romeo, say('a'), say('b'))
  for (let count = 0; count < 12; count++) await sends(juliet, say(`from her ${count}`, { to: 'romeo@localhost' }))
  await open({ storage, config })
  assert.deepEqual((await sends(romeo, say('a'), say('c'), say('b'))).bodies, ['hello'])
  assert.equal(await logged('romeo'), 15)
})

test('one whose first copy is still being stored is taken once, and handled when that is kept', async () => {
  const disk = new SlowStore()
  await again({ storage: disk.open })
  await sends(romeo, say('z'))
  disk.quick = false
  romeo.send(say('a'))
  while (!disk.waits) await new Promise(setImmediate)
  romeo.send(say('a'))
  await new Promise(setImmediate)
  disk.quick = true
  disk.keep()
  assert.deepEqual((await sends(romeo)).bodies, ['hello'])
  assert.equal(await logged('romeo'), 2)
})

test('one whose first copy still waits for its turn in another session is taken once', async () => {
  const disk = new SlowStore()
  await again({ storage: disk.open })
  await house.addUser('nurse@localhost')
  const garden = await house.connect('romeo@localhost/garden')
  await sends(romeo, say('z'))
  for (let round = 0; round < 2; round++) owner('romeo').host.owners.sweep()
  const found = Promise.withResolvers<void>()
  const read = disk.read.bind(disk)
  disk.read = async query => {
    if (query.query === 'find') await found.promise
    return read(query)
  }
  for (const [place, who] of [romeo, garden].entries()) {
    who.send(say(`slow ${place}`, { to: 'nurse@localhost' }) + say('a'))
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  }
  assert.equal(await logged('romeo'), 1)
  found.resolve()
  const [his, hers] = [await sends(romeo), await sends(garden)]
  assert.deepEqual([...his.bodies, ...hers.bodies, his.answers, hers.answers], ['hello', 0, 0])
  assert.equal(await logged('romeo'), 4)
})

test('one whose first copy could not be stored is new', async () => {
  const disk = new SlowStore()
  await again({ storage: disk.open })
  await sends(romeo, say('z'))
  disk.quick = false
  romeo.send(say('a'))
  while (!disk.waits) await new Promise(setImmediate)
  disk.quick = true
  disk.fail(new StorageError('The disk is full.'))
  assert.equal((await sends(romeo)).answers, 1)
  assert.deepEqual(await sends(romeo, say('a')), { answers: 0, bodies: ['hello'] })
})

test('where the store cannot be read its sender hears that, and may try again', async () => {
  const disk = new SlowStore()
  await again({ storage: disk.open })
  await sends(romeo, say('a'))
  const read = disk.read.bind(disk)
  disk.read = () => Promise.reject(new StorageError('The disk cannot be read.'))
  assert.deepEqual(await sends(romeo, say('a')), { answers: 1, bodies: [] })
  disk.read = read
  assert.deepEqual(await sends(romeo, say('a'), say('b')), { answers: 0, bodies: ['hello'] })
  assert.equal(await logged('romeo'), 2)
  await open({ storage: disk.open })
  disk.read = async query => {
    if (query.query === 'log') throw new StorageError('The disk cannot be read.')
    return read(query)
  }
  assert.deepEqual(await sends(romeo, say('a')), { answers: 1, bodies: [] })
  disk.read = read
  assert.deepEqual(await sends(romeo, say('a'), say('c')), { answers: 0, bodies: ['hello'] })
})

test('only what is not too old, and not too many ago; a clock that jumps an hour changes nothing', async () => {
  await again({ config: { resent: { remembered: 3, age: '2d' } } })
  await sends(romeo, say('a'))
  const { keeping } = owner('romeo').host.shared
  const shared = owner('romeo').host.shared
  const { now } = shared
  const clock = (offset: number) => {
    Object.assign(shared, { now: () => now() + offset })
    Object.assign(keeping, { now: () => now() + offset })
  }
  clock(-3_600_000)
  assert.deepEqual((await sends(romeo, say('a'), say('b'))).bodies, ['hello'])
  clock(3_600_000)
  assert.deepEqual((await sends(romeo, say('a'), say('b'))).bodies, [])
  clock(3 * 86_400_000)
  assert.deepEqual((await sends(romeo, say('a'))).bodies, ['hello'])
  clock(0)
  await sends(romeo, say('c'), say('d'), say('e'))
  assert.deepEqual((await sends(romeo, say('c'), say('d'), say('e'))).bodies, [])
  assert.deepEqual((await sends(romeo, say('b'))).bodies, ['hello'])
})

test('none at all where none shall be remembered', async () => {
  await again({ config: { resent: { remembered: 0 } } })
  assert.deepEqual((await sends(romeo, say('a'), say('a'))).bodies, ['hello', 'hello'])
})
