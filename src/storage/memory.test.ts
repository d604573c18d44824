import assert from 'node:assert/strict'
import { test } from 'node:test'
import { append, contract, shapes } from './contract.ts'
import { openMemory } from './memory.ts'
import { StorageError } from './storage.ts'
import { indexContract } from './test-index-contract.ts'

contract('in memory', () => openMemory()(shapes))
indexContract('in memory', () => openMemory()(shapes))

test('memory has nothing to wait for', async () => {
  const storage = await openMemory()(shapes)
  const owner = await storage.create('juliet@example.com', 'account')
  assert.equal(storage.commit(owner, [append(1)]), undefined)
  assert.equal(storage.pending, 0)
})

test('bytes handed over may be changed afterwards', async () => {
  const storage = await openMemory()(shapes)
  const owner = await storage.create('juliet@example.com', 'account')
  const body = new Uint8Array([1])
  storage.commit(owner, [{ write: 'put', table: 'node-items', row: { node: 'a', at: 1, hash: body, body } }])
  body[0] = 2
  assert.deepEqual((await storage.rows(owner, 'node-items'))[0]!.body, new Uint8Array([1]))
})

const wrong = [
  ['a name that needs quoting', { name: 'a"b', columns: {}, key: [], version: 1 }],
  ['a column called owner', { name: 'a', columns: { Owner: { type: 'text' } }, key: [], version: 1 }],
  [
    'two columns that SQL cannot tell apart',
    { name: 'a', columns: { b: { type: 'text' }, B: { type: 'text' } }, key: [], version: 1 },
  ],
  ['a key that is no column', { name: 'a', columns: {}, key: ['b'], version: 1 }],
  ['a key that came later', { name: 'a', columns: { b: { type: 'text', since: 2 } }, key: ['b'], version: 2 }],
  [
    'a column of a version that is not there',
    { name: 'a', columns: { b: { type: 'text', since: 2 } }, key: [], version: 1 },
  ],
  [
    'an initial value of another type',
    { name: 'a', columns: { b: { type: 'integer', initial: 'x' } }, key: [], version: 1 },
  ],
  ['a version that is none', { name: 'a', columns: {}, key: [], version: 0 }],
] as const
for (const [what, shape] of wrong) {
  test(`a table cannot be declared with ${what}`, async () => {
    await assert.rejects(openMemory()([shape]), StorageError)
  })
}

test('two tables cannot have one name', async () => {
  await assert.rejects(openMemory()([shapes[0]!, shapes[0]!]), StorageError)
})
