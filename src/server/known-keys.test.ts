import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { ScramKeys } from '../wire/sasl/server.ts'
import { KnownKeys } from './known-keys.ts'

let reads = 0

function keys(): ScramKeys {
  const none = new Uint8Array(0)
  return { hash: 'sha-1', salt: none, iterations: ++reads, storedKey: none, serverKey: none }
}

test('keys are read once, until something changes', async () => {
  const known = new KnownKeys()
  const read = async () => keys()
  const first = await known.of('a', read)
  assert.equal(await known.of('a', read), first)
  assert.notEqual(await known.of('b', read), first)
  await known.changing(Promise.resolve())
  assert.notEqual(await known.of('a', read), first)
  await assert.rejects(known.changing(Promise.reject(new Error('disk'))), /disk/)
  const later = await known.of('a', read)
  await known.changing(undefined)
  assert.notEqual(await known.of('a', read), later)
})

test('what was read before or during a change is not kept', async () => {
  const known = new KnownKeys()
  const [slow, change] = [Promise.withResolvers<ScramKeys>(), Promise.withResolvers<void>()]
  const before = known.of('a', () => slow.promise)
  const changing = known.changing(change.promise)
  slow.resolve(keys())
  const old = await before
  const during = await known.of('a', async () => keys())
  assert.notEqual(during, old)
  change.resolve()
  await changing
  assert.notEqual(await known.of('a', async () => keys()), during)
})

test('those that nobody asks for are forgotten', async () => {
  const known = new KnownKeys()
  const often = await known.of('often', async () => keys())
  const once = await known.of('once', async () => keys())
  for (let i = 0; i < 1500; i++) {
    await known.of(`${i}`, async () => keys())
    assert.equal(await known.of('often', async () => keys()), often)
  }
  assert.notEqual(await known.of('once', async () => keys()), once)
})

test('a read that fails is tried again', async () => {
  const known = new KnownKeys()
  await assert.rejects(async () => known.of('a', () => Promise.reject(new Error('disk'))), /disk/)
  await known.of('a', async () => keys())
})
