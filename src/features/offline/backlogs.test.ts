import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { openMemory } from '../../storage/memory.ts'
import { openSqlite } from '../../storage/sqlite.ts'
import { freshPath, timers } from '../../storage/sqlite-scratch.ts'
import { type OpenStorage, StorageError } from '../../storage/storage.ts'
import { alteredStore } from '../../testing/altered-store.ts'
import { answered, collect } from '../../testing/collect.ts'
import { logIn } from '../../testing/login.ts'
import { settle } from '../../testing/settle.ts'
import { SlowStore } from '../../testing/slow-store.ts'
import { Jid } from '../../wire/jid.ts'
import { body, hint, messages, numbers, page, type Scene, scene } from './test-scene.ts'

let it: Scene
beforeEach(async () => {
  it = await scene()
})
afterEach(() => it.house.stop())

async function again(config: Record<string, unknown>, storage?: OpenStorage): Promise<void> {
  await it.house.stop()
  it = await scene(config, storage)
}

test('RFC 6121 §8.5.2.1.1: below zero nothing comes; it does as soon as the priority is no more negative', async () => {
  const phone = await it.juliet('phone', -1)
  await it.says(body(1))
  assert.deepEqual(await messages(phone), [])
  phone.send('<presence to="romeo@localhost"/>')
  assert.deepEqual(await messages(phone), [])
  phone.send('<presence/>')
  assert.deepEqual(await messages(phone), ['1'])
  phone.send('<presence/>')
  assert.deepEqual(await messages(phone), [])
})

test('a long backlog comes in order and in pages, each asked about before the next one comes', async () => {
  await it.says(...numbers(1, 120).map(id => body(id)))
  const phone = await it.juliet('phone', 0)
  const sizes: number[] = []
  const ids: string[] = []
  while (ids.length < 120) {
    const { ids: some, question } = await page(phone)
    assert.equal(it.waiting(), 120 - ids.length)
    answered(phone, question)
    sizes.push(some.length)
    ids.push(...some)
  }
  assert.deepEqual([sizes, ids], [[50, 50, 20], numbers(1, 120)])
  assert.deepEqual(await messages(phone), [])
  assert.equal(it.waiting(), 0)
})

test('big messages come in smaller pages, one at least', async () => {
  const long = `<subject>${'x'.repeat(20_000)}</subject>`
  await it.says(body(1, long), body(2, long), body(3, `<subject>${'x'.repeat(40_000)}</subject>`), body(4))
  const phone = await it.juliet('phone', 0)
  for (const expected of [['1'], ['2'], ['3'], ['4']]) {
    const { ids, question } = await page(phone)
    assert.deepEqual(ids, expected)
    answered(phone, question)
  }
})

test('two devices come at once: one gets it all, the other nothing', async () => {
  await it.says(...numbers(1, 60).map(id => body(id)))
  const [phone, desk] = [await it.juliet('phone', 0), await it.juliet('desk', 5)]
  const { ids, question } = await page(phone)
  assert.equal(ids.length, 50)
  assert.deepEqual(await messages(desk), [])
  answered(phone, question)
  assert.equal((await messages(phone)).length, 10)
  assert.deepEqual(await messages(desk), [])
})

test('a device that goes before it has confirmed leaves what it has not to the next one', async () => {
  await it.says(...numbers(1, 60).map(id => body(id)))
  const [phone, desk] = [await it.juliet('phone', 0), await it.juliet('desk', 0)]
  answered(phone, (await page(phone)).question)
  assert.deepEqual((await page(phone)).ids, numbers(51, 60))
  await phone.disconnect()
  // Nobody knows whether it has them: twice is better than never.
  assert.deepEqual(await messages(desk), numbers(51, 60))
  await desk.disconnect()
  assert.deepEqual(await messages(await it.juliet('tablet', 0)), [])
})

test('with nobody else there it waits for who comes next', async () => {
  await it.says(body(1), body(2))
  const phone = await it.juliet('phone', 0)
  assert.deepEqual((await page(phone)).ids, ['1', '2'])
  await phone.disconnect()
  assert.deepEqual(await messages(await it.juliet('phone', 0)), ['1', '2'])
})

test('a device that becomes unavailable on the way gets no more than it was asked about', async () => {
  await it.says(...numbers(1, 60).map(id => body(id)))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  phone.send('<presence type="unavailable"/>')
  answered(phone, question)
  assert.deepEqual(await messages(phone), [])
  phone.send('<presence/>')
  assert.deepEqual(await messages(phone), numbers(51, 60))
})

test('an error is an answer; none within a minute, and the client is gone (RFC 6120 §4.9.3.3)', async () => {
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  phone.send(`<iq type="error" id="${question.attribute('id')}" to="localhost"><error type="cancel"/></iq>`)
  await collect(phone)
  assert.equal(it.waiting(), 0)
  await it.says('<message to="juliet@localhost/phone" id="2" type="headline"/>')
  await phone.disconnect()

  await it.says(body(3))
  const silent = await it.juliet('phone', 0)
  await page(silent)
  await it.house.advance(60_000)
  const error = await silent.receive()
  assert.ok(error.child('connection-timeout', 'urn:ietf:params:xml:ns:xmpp-streams'), String(error))
  assert.deepEqual(await messages(await it.juliet('desk', 0)), ['3'])
})

test('what comes for a device that is getting older messages comes behind them, whatever it is', async () => {
  await it.says(...numbers(1, 60).map(id => body(id)))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  await it.says(
    body(61),
    `<message to="juliet@localhost/phone" type="headline" id="62"><body>hello</body></message>`,
    body(63, hint('no-store')),
    `<message to="juliet@localhost/phone" type="chat" id="64"><body>hello</body></message>`,
    body(65, hint('no-store')),
  )
  assert.equal(it.waiting(), 62)
  answered(phone, question)
  assert.deepEqual(await messages(phone), numbers(51, 65))
  assert.equal(it.waiting(), 0)
  await it.says(body(66))
  assert.deepEqual(await messages(phone), ['66'])
})

test('what is for several devices comes to all: behind the older ones where they are', async () => {
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  const desk = await it.juliet('desk', 0)
  desk.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  await collect(desk)
  await it.says(body(2), '<message to="juliet@localhost/phone" type="chat" id="3"><body>hello</body></message>')
  // The second to both, the third to the phone and in a copy to the desk.
  assert.deepEqual(await messages(desk), ['2', ''])
  assert.equal(it.waiting(), 2)
  answered(phone, question)
  assert.deepEqual(await messages(phone), ['2', '3'])
})

test('whoever is next gets what came meanwhile, in its place', async () => {
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  await page(phone)
  await it.says(body(2), body(3, hint('no-store')))
  assert.deepEqual(await it.says(), [])
  await phone.disconnect()
  const answers = await it.says()
  assert.deepEqual(answers, ['3 service-unavailable'])
  assert.deepEqual(await messages(await it.juliet('desk', 0)), ['1', '2'])
})

test('what comes behind a backlog counts against its limit, and its sender hears so', async () => {
  await again({ offline: { maximum: 2 }, archive: { enabled: false } })
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  assert.deepEqual(await it.says(body(2), body(3)), ['3 service-unavailable'])
  answered(phone, question)
  assert.deepEqual(await messages(phone), ['2'])
})

test('once all older ones are on their way, what is not stored follows at once', async () => {
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  await page(phone)
  await it.says(body(2, hint('no-store')))
  assert.deepEqual(await messages(phone), ['2'])
})

test('a device that goes while a message for it is being stored: it is stored once', async () => {
  const asked = Promise.withResolvers<void>()
  const stored = Promise.withResolvers<void>()
  let slow = false
  const store = alteredStore((_owner, _writes, go) => {
    const kept = go()
    if (!slow) return kept
    asked.resolve()
    return stored.promise
  })
  await again({}, store)
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  await page(phone)
  slow = true
  const speaking = it.says(body(2))
  await asked.promise
  slow = false
  await phone.disconnect()
  stored.resolve()
  await speaking
  assert.deepEqual(await messages(await it.juliet('desk', 0)), ['1', '2'])
})

test('not more waits in memory than may: then it comes at once', async () => {
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  await it.says(body(2), ...numbers(3, 262).map(id => body(id, hint('no-store'))))
  assert.deepEqual(await messages(phone), numbers(259, 262))
  answered(phone, question)
  assert.deepEqual(await messages(phone), numbers(2, 258))
})

test('what a dead connection has not taken is for another device that is there, and in order', async () => {
  await again({ limits: { unsent: '64KiB' } })
  const desk = await it.juliet('desk', 0)
  const links = it.house.link()
  const options = { crypto: nodeCrypto, random: (count: number) => new Uint8Array(count).fill(7) }
  const phone = await logIn(links.client, { jid: 'juliet@localhost', password: 'secret', resource: 'phone' }, options)
  phone.send('<presence><priority>5</priority></presence>')
  await collect(phone)
  links.sockets.client.pause()
  await it.says(...numbers(1, 40).map(id => body(id, `<subject>${'x'.repeat(9000)}</subject>`)))
  assert.ok(it.house.log.some(line => line.facts['reason'] === 'slow reader'))
  const came: string[] = []
  while (came.at(-1) !== '40') came.push(...(await messages(desk)))
  // All of them: those of before the connection was dropped, and those of after.
  assert.deepEqual(came, numbers(1, 40))
  assert.equal(it.waiting(), 0)
})

test('an entry that cannot be read keeps back no other', async () => {
  await it.says(body(1))
  const owner = it.house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!
  const entry = { at: 0, peer: 'romeo@localhost', direction: 'in', archived: false, undelivered: true } as const
  await owner.commit({ append: { ...entry, xml: '<message' } })
  await it.says(body(2))
  const phone = await it.juliet('phone', 0)
  assert.deepEqual(await messages(phone), ['1', '2'])
  assert.equal(it.waiting(), 0)
  assert.equal(it.house.log.filter(line => line.sentence === 'an entry of the log cannot be read').length, 1)
})

test('a store that cannot be read is tried once, however many devices there are, and again with the next presence', async () => {
  let broken = true
  await again({}, async tables => {
    const memory = await openMemory()(tables)
    const read = memory.log.bind(memory)
    return Object.assign(memory, {
      log: (owner: number, range: Parameters<typeof read>[1]) =>
        broken ? Promise.reject(new StorageError('The disk is gone.')) : read(owner, range),
    })
  })
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  assert.deepEqual(await messages(phone), [])
  const desk = await it.juliet('desk')
  await collect(desk)
  const failed = () => it.house.log.filter(line => line.sentence === 'backlog not handed over').length
  assert.equal(failed(), 1)
  desk.send('<presence/>')
  assert.deepEqual(await messages(desk), [])
  assert.equal(failed(), 2)
  broken = false
  desk.send('<presence/>')
  assert.deepEqual(await messages(desk), ['1'])
})

test('on SQLite: what was confirmed does not come again after a restart, what was not does, and the order stays', async () => {
  const path = freshPath()
  const storage = openSqlite({ path, timers })
  await again({}, storage)
  await it.says(...numbers(1, 70).map(id => body(id)))
  const phone = await it.juliet('phone', 0)
  answered(phone, (await page(phone)).question)
  assert.deepEqual((await page(phone)).ids, numbers(51, 70))
  await it.says(...numbers(71, 80).map(id => body(id)), body('no-store', hint('no-store')))
  await again({}, storage)
  const tablet = await it.juliet('tablet', 0)
  const second = await page(tablet)
  assert.deepEqual(second.ids, numbers(51, 80))
  // While it confirms, more is said, and is stored at its own pace.
  const speaking = it.says(...numbers(81, 90).map(id => body(id)))
  answered(tablet, second.question)
  await speaking
  const came: string[] = []
  while (it.waiting() > 0) came.push(...(await messages(tablet)))
  assert.deepEqual(came, numbers(81, 90))
})

test('a backlog that could not be read is handed over a while later, whoever says what', async () => {
  let broken = false
  const storage: OpenStorage = async tables => {
    const memory = await openMemory()(tables)
    const log = memory.log.bind(memory)
    return Object.assign(memory, {
      log: (...asked: Parameters<typeof log>) =>
        broken ? Promise.reject(new StorageError('The disk cannot be read.')) : log(...asked),
    })
  }
  await again({ timeouts: { idle: '60s' } }, storage)
  await it.says(body(1), body(2))
  broken = true
  const phone = await it.juliet('phone', 0)
  assert.deepEqual(await messages(phone), [])
  assert.ok(it.house.log.some(({ sentence }) => sentence === 'backlog not handed over'))
  broken = false
  await it.house.advance(61_000)
  assert.deepEqual(await messages(phone), ['1', '2'])
  assert.equal(it.waiting(), 0)
})

test('a cursor that could not be kept moves a while later, though nobody says anything', async () => {
  const disk = new SlowStore()
  await again({ timeouts: { idle: '60s' } }, disk.open)
  await it.says(body(1))
  const phone = await it.juliet('phone', 0)
  const { question } = await page(phone)
  disk.quick = false
  answered(phone, question)
  while (!disk.waits) await settle(1)
  disk.fail(new StorageError('The disk is full.'))
  disk.quick = true
  await settle(10)
  assert.ok(it.house.log.some(({ sentence }) => sentence === 'backlog not handed over'))
  await it.house.advance(61_000)
  // What it has is not known: it comes again.
  const second = await page(phone)
  assert.deepEqual(second.ids, ['1'])
  answered(phone, second.question)
  await collect(phone)
  const { id } = it.house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!
  assert.equal((await disk.read({ query: 'state', owner: id })).undelivered, 0)
})
