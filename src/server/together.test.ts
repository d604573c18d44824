import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { ownersOf } from '../storage/driver.ts'
import { StorageError } from '../storage/storage.ts'
import { collect } from '../testing/collect.ts'
import type { Player } from '../testing/play.ts'
import { type TestServer, testServer } from '../testing/server.ts'
import { settle } from '../testing/settle.ts'
import { SlowStore } from '../testing/slow-store.ts'

let disk: SlowStore
let house: TestServer
let romeo: Player
let juliet: Player
let nurse: Player

beforeEach(async () => {
  disk = new SlowStore()
  house = await testServer({ storage: disk.open })
  romeo = await house.connect('romeo@localhost/orchard')
  juliet = await house.connect('juliet@localhost/balcony')
  nurse = await house.connect('nurse@localhost/hall')
  for (const one of [romeo, juliet, nurse]) {
    one.send('<presence/>')
    await one.receive()
  }
  disk.batches.length = 0
  disk.quick = false
})
afterEach(async () => {
  disk.quick = true
  if (disk.waits) disk.keep()
  await house.stop()
})

const say = (to: string, id: string, more = '') =>
  `<message to="${to}@localhost" type="chat" id="${id}"><body>${id}</body>${more}</message>`
const noStore = '<no-store xmlns="urn:xmpp:hints"/>'
const ids = (elements: readonly { attribute(name: string): string | undefined }[]) =>
  elements.map(one => one.attribute('id'))

/** Keeps batch after batch until none waits. */
async function keepAll(): Promise<void> {
  await settle()
  while (disk.waits) {
    disk.keep()
    await settle()
  }
}

test("a message is in its sender's and its recipient's log by one unit, and is delivered when that is kept", async () => {
  romeo.send(say('juliet', 'm1'))
  await settle()
  assert.equal(disk.batches.length, 1)
  assert.equal(disk.batches[0]!.length, 1)
  assert.equal(ownersOf(disk.batches[0]![0]!).length, 2)
  assert.deepEqual(await collect(juliet), [], 'nothing is delivered before')
  await keepAll()
  assert.deepEqual(ids(await collect(juliet)), ['m1'])
})

test('the same where the recipient was not in memory', async () => {
  disk.quick = true
  await juliet.disconnect()
  disk.quick = false
  const { owners } = house.server.hosts.get('localhost')!
  for (let round = 0; round < 2; round++) owners.sweep()
  assert.equal(owners.size, 2)
  disk.batches.length = 0
  romeo.send(say('juliet', 'm1') + say('juliet', 'm2'))
  await settle()
  assert.deepEqual(
    disk.batches.map(units => units.map(unit => ownersOf(unit).length)),
    [[2, 2]],
  )
  await keepAll()
})

test('what is not stored waits for what was said before it, to whomever the answers go in order', async () => {
  romeo.send(say('juliet', 'm1') + say('juliet', 'm2', noStore))
  romeo.send('<iq type="get" id="q1" to="juliet@localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  romeo.send(say('juliet', 'm3'))
  await settle()
  assert.deepEqual(await collect(juliet), [])
  await keepAll()
  assert.deepEqual(ids(await collect(juliet)), ['m1', 'm2', 'm3'])
})

test('a commit that fails is answered once, and nobody gets the message', async () => {
  romeo.send(say('juliet', 'm1'))
  await settle()
  disk.fail(new StorageError('The disk is full.'))
  disk.quick = true
  const answers = await collect(romeo)
  assert.deepEqual(
    answers.map(one => `${one.attribute('id')} ${one.attribute('type')}`),
    ['m1 error'],
  )
  assert.deepEqual(await collect(juliet), [])
  romeo.send(say('juliet', 'm2'))
  assert.deepEqual(ids(await collect(juliet)), ['m2'])
})

test("a message is not kept at its sender's alone where its recipient's memory was lost while it waited for its turn", async () => {
  disk.quick = true
  await nurse.disconnect()
  const { owners } = house.server.hosts.get('localhost')!
  for (let round = 0; round < 2; round++) owners.sweep()
  disk.quick = false
  const found = Promise.withResolvers<void>()
  const read = disk.read.bind(disk)
  disk.read = async query => {
    await found.promise
    return read(query)
  }
  romeo.send(say('nurse', 'm1') + say('juliet', 'm2'))
  await settle()
  juliet.send(say('juliet', 'm3'))
  await settle()
  disk.fail(new StorageError('The disk is full.'))
  disk.read = read
  disk.quick = true
  found.resolve()
  const answers = (await collect(romeo)).map(one => `${one.attribute('id')} ${one.attribute('type')}`)
  assert.deepEqual(answers, ['m2 error'])
  assert.deepEqual(ids(await collect(juliet)), ['m3'])
})

test('messages of several senders come in the order of the archive', async () => {
  romeo.send(say('juliet', 'm1'))
  await settle()
  nurse.send(say('juliet', 'm2'))
  await settle()
  romeo.send(say('nurse', 'm3') + say('juliet', 'm4'))
  await keepAll()
  disk.quick = true
  assert.deepEqual(ids(await collect(juliet)), ['m1', 'm2', 'm4'])
  assert.deepEqual(ids(await collect(nurse)), ['m3'])
})

test('a device is shown what its account sends and gets in the order of the archive', async () => {
  disk.quick = true
  const phone = await house.connect('juliet@localhost/phone')
  phone.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  const tablet = await house.connect('juliet@localhost/tablet')
  await collect(phone)
  disk.quick = false
  tablet.send(say('nurse', 'm1'))
  await settle()
  juliet.send(say('nurse', 'm2'))
  await settle()
  romeo.send(say('juliet', 'm3'))
  await settle()
  tablet.send(say('nurse', 'm4'))
  await keepAll()
  disk.quick = true
  const seen = (await collect(phone)).map(one => /id="(m\d)"/.exec(one.inner)?.[1])
  assert.deepEqual(seen, ['m1', 'm2', 'm3', 'm4'])
})

test('the commits of one batch that are kept are delivered though one of them failed', async () => {
  romeo.send(say('juliet', 'm1'))
  await settle()
  romeo.send(say('juliet', 'm2'))
  await settle()
  romeo.send(say('nurse', 'm3'))
  await settle()
  disk.keep()
  await settle()
  disk.fail(new StorageError('The disk is full.'))
  disk.quick = true
  const answers = await collect(romeo)
  assert.deepEqual(ids(answers), ['m2', 'm3'])
  assert.deepEqual(ids(await collect(juliet)), ['m1'])
})

test('who comes back to a resource while what it said last waits is seen there: its old session leaves first', async () => {
  disk.quick = true
  const street = await house.connect('romeo@localhost/street')
  street.send('<presence/>')
  await collect(street)
  disk.quick = false
  romeo.send(say('juliet', 'm1'))
  await settle()
  assert.ok(disk.waits)
  await romeo.disconnect()
  const back = await house.connect('romeo@localhost/orchard')
  back.send('<presence/>')
  await settle()
  await keepAll()
  const shown = (await collect(street)).filter(
    one => one.name === 'presence' && one.attribute('from') === 'romeo@localhost/orchard',
  )
  assert.deepEqual(
    shown.map(one => one.attribute('type')),
    ['unavailable', undefined],
  )
})
