import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feature } from '../../server/feature.ts'
import { presence } from '../../server/pipeline.ts'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage } from '../../storage/storage.ts'
import { type LogLine, type TestServer, testServer } from '../../testing/server.ts'
import { features } from '../index.ts'
import { altered, lasting } from '../stream-management/test-clients.ts'

/** A server on this store, and what presence goes to whom there, but for what accounts tell themselves. */
async function watched(storage: OpenStorage): Promise<{ house: TestServer; told: string[] }> {
  const told: string[] = []
  const watch = feature({
    name: 'watch',
    start: () => [
      presence.arriving.check(({ type, from, to }) => {
        if (!from.bare.equals(to!.bare)) told.push(`${type} ${from} ${to}`)
      }),
    ],
  })
  const house = await testServer({ storage, features: [...features, watch] })
  await house.advance(0)
  return { house, told }
}

const isTelling = ({ sentence }: LogLine) => sentence.startsWith('contacts told')

/** Juliet, whose presence Romeo may see, with two sessions of which one is available; Romeo is there. */
async function lovers(storage: OpenStorage) {
  const { house } = await watched(storage)
  const romeo = await house.connect('romeo@localhost/garden')
  const juliet = await house.connect('juliet@localhost/balcony')
  await house.connect('juliet@localhost/silent')
  romeo.send('<presence/>')
  juliet.send('<presence/>')
  romeo.send('<presence to="juliet@localhost" type="subscribe"/>')
  while ((await juliet.receive()).attribute('type') !== 'subscribe');
  juliet.send('<presence to="romeo@localhost" type="subscribed"/>')
  while ((await romeo.receive()).attribute('from') !== 'juliet@localhost/balcony');
  return { house, romeo, juliet }
}

/** Romeo's account is at hand, as a contact on another server always is. */
async function romeoLooks(house: TestServer): Promise<void> {
  const romeo = await house.connect('romeo@localhost/orchard')
  romeo.send('<presence/>')
}

test('after a crash contacts see those leave who were available, once', async () => {
  const storage = lasting(openMemory())
  const before = await lovers(storage)
  const holding = Promise.withResolvers<void>()
  const held: OpenStorage = async tables => {
    const store = await storage(tables)
    return altered(store, {
      async rows(...asked) {
        // Romeo is there before anybody is told.
        if (asked[1] === 'seen') await holding.promise
        return store.rows(...asked)
      },
    })
  }
  const { house, told } = await watched(held)
  await romeoLooks(house)
  holding.resolve()
  while (!house.log.some(isTelling)) await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(told, ['unavailable juliet@localhost/balcony romeo@localhost'])
  await house.stop()
  const again = await watched(storage)
  await romeoLooks(again.house)
  await again.house.advance(0)
  assert.deepEqual(again.told, [])
  assert.ok(!again.house.log.some(isTelling))
  await again.house.stop()
  await before.house.stop()
})

test('after a clean stop nothing is left to be said', async () => {
  const storage = lasting(openMemory())
  const { house } = await lovers(storage)
  await house.stop()
  const next = await watched(storage)
  assert.ok(!next.house.log.some(isTelling))
  await next.house.stop()
})

test('nor about those who left before a crash', async () => {
  const storage = lasting(openMemory())
  const { house, juliet, romeo } = await lovers(storage)
  romeo.send('<presence type="unavailable"/>')
  juliet.send('<presence type="unavailable"/><iq type="get" id="end" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  while ((await juliet.receive()).attribute('id') !== 'end');
  const next = await watched(storage)
  assert.ok(!next.house.log.some(isTelling))
  await next.house.stop()
  await house.stop()
})
