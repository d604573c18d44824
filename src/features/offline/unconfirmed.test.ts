import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { StorageError } from '../../storage/storage.ts'
import { collect } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { settle } from '../../testing/settle.ts'
import { SlowStore } from '../../testing/slow-store.ts'
import { Jid } from '../../wire/jid.ts'
import { Device } from './test-device.ts'
import { attended } from './unconfirmed.ts'

let disk: SlowStore
let house: TestServer

beforeEach(async () => {
  disk = new SlowStore()
  house = await testServer({ storage: disk.open })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
})
afterEach(() => house.stop())

/** The process is killed, and another begins with what is in the store. */
async function crash(): Promise<void> {
  house = await testServer({ storage: disk.open })
  await house.server.resume()
  await settle(10)
}

async function available(jid: string): Promise<Player> {
  const player = await house.connect(jid)
  player.send('<presence/>')
  return player
}

const say = (id: string) => `<message to="juliet@localhost" type="chat" id="${id}"><body>${id}</body></message>`

async function messages(player: Player): Promise<readonly string[]> {
  const ids: string[] = []
  for (const one of [...(await collect(player)), ...(await collect(player))])
    if (one.name === 'message') ids.push(one.attribute('id')!)
  return ids
}

test('after a crash, what a client without a cursor of its own may not have waits for it', async () => {
  const [romeo, juliet] = [await available('romeo@localhost/r'), await available('juliet@localhost/j')]
  await collect(juliet)
  romeo.send(say('m1') + say('m2'))
  assert.deepEqual(await messages(juliet), ['m1', 'm2'])
  await crash()
  assert.deepEqual(await messages(await available('juliet@localhost/j')), ['m1', 'm2'])
  await crash()
  assert.deepEqual(await messages(await available('juliet@localhost/k')), [], 'once')
})

test('what was said to a session that is not available, by its full address, waits after a crash too', async () => {
  const romeo = await available('romeo@localhost/r')
  const juliet = await house.connect('juliet@localhost/j')
  romeo.send(say('m1').replace('to="juliet@localhost"', 'to="juliet@localhost/j"'))
  assert.deepEqual(await messages(juliet), ['m1'])
  await crash()
  assert.deepEqual(await messages(await available('juliet@localhost/j')), ['m1'])
})

test('who is back at once gets it too, before anything newer', async () => {
  const [romeo, juliet] = [await available('romeo@localhost/r'), await available('juliet@localhost/j')]
  romeo.send(say('m1') + say('m2'))
  assert.deepEqual(await messages(juliet), ['m1', 'm2'])
  const read = disk.read.bind(disk)
  const [asked, answered] = [Promise.withResolvers<void>(), Promise.withResolvers<void>()]
  disk.read = async query => {
    if ('table' in query && query.table === attended.shape.name) {
      asked.resolve()
      await answered.promise
    }
    return read(query)
  }
  // The server listens once this has resolved: then people come, however slow the disk is.
  const begun = testServer({ storage: disk.open })
  await asked.promise
  if (!(await Promise.race([begun, settle(10)]))) answered.resolve()
  house = await begun
  const [first, second] = [await available('juliet@localhost/j'), await available('romeo@localhost/r')]
  const came = await messages(first)
  answered.resolve()
  await settle(10)
  second.send(say('m3'))
  assert.deepEqual([...came, ...(await messages(first))], ['m1', 'm2', 'm3'])
})

test('what the disk did not tell at the start is asked for when somebody comes: once, whoever comes at the same time', async () => {
  const romeo = await available('romeo@localhost/r')
  const [first, second] = [await available('juliet@localhost/j'), await available('romeo@localhost/s')]
  await Promise.all([collect(first), collect(second)])
  romeo.send(say('m1') + say('m2').replace('juliet@', 'romeo@'))
  assert.deepEqual([await messages(first), await messages(second)], [['m1'], ['m2']])
  const read = disk.read.bind(disk)
  let broken = true
  let told = 0
  disk.read = async query => {
    if (!('table' in query) || query.table !== attended.shape.name) return read(query)
    if (broken) throw new StorageError('The disk cannot be read.')
    told++
    return read(query)
  }
  await crash()
  assert.ok(house.log.some(({ sentence }) => sentence === 'what clients may not have was not looked for'))
  broken = false
  const [juliet, other] = await Promise.all([available('juliet@localhost/j'), available('romeo@localhost/r')])
  assert.deepEqual(await messages(juliet), ['m1'])
  assert.deepEqual(await messages(other), ['m2'])
  assert.equal(told, 1)
})

test('what it is known to have does not come again', async () => {
  const [romeo, juliet] = [await available('romeo@localhost/r'), await available('juliet@localhost/j')]
  romeo.send(say('m1'))
  assert.deepEqual(await messages(juliet), ['m1'])
  // Now and then that is written down.
  for (let i = 0; i < 2; i++) {
    juliet.send('<presence><status>here</status></presence>')
    await collect(juliet)
  }
  await settle(10)
  romeo.send(say('m2'))
  assert.deepEqual(await messages(juliet), ['m2'])
  await crash()
  assert.deepEqual(await messages(await available('juliet@localhost/j')), ['m2'])
})

test('nothing waits for others after a restart that a device has, or gets', async () => {
  const romeo = await available('romeo@localhost/r')
  const phone = await Device.connect(house, 'phone')
  romeo.send(say('m1'))
  await phone.read()
  assert.deepEqual(phone.ids(), ['m1'])
  romeo.send(say('m2'))
  await settle(10)
  await house.server.suspend()
  await crash()
  const juliet = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!
  assert.equal(juliet.sessions.length, 1)
  assert.equal(juliet.undelivered, 0)
})

test('who left in good order is sent nothing again', async () => {
  const [romeo, juliet] = [await available('romeo@localhost/r'), await available('juliet@localhost/j')]
  romeo.send(say('m1'))
  assert.deepEqual(await messages(juliet), ['m1'])
  await juliet.disconnect()
  await settle(10)
  await crash()
  assert.deepEqual(await messages(await available('juliet@localhost/j')), [])
})
