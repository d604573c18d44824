import assert from 'node:assert/strict'
import { chmodSync, readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { append, contract, shapes } from './contract.ts'
import type { SqliteStorage } from './sqlite.ts'
import { pack } from './sqlite-packing.ts'
import { freshPath, openScratch } from './sqlite-scratch.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'
import { indexContract } from './test-index-contract.ts'

contract('on SQLite', () => openScratch(freshPath(), shapes))
indexContract('on SQLite', () => openScratch(freshPath(), shapes))

const path = freshPath()
let storage: SqliteStorage
before(async () => {
  storage = await openScratch(path, shapes)
})

test('what was kept is there when the store is opened again, and goes with its owner though its table is not declared', async () => {
  const path = freshPath()
  const first = await openScratch(path, shapes)
  const owner = await first.create('juliet@example.com', 'account')
  const gone = await first.create('romeo@example.com', 'account')
  await first.commit(owner, [
    append(3),
    append(4, { archived: false }),
    { write: 'cursor', cursor: 'legacy', to: 4 },
    { write: 'put', table: 'vcard', row: { xml: '<v/>' } },
    { write: 'put', table: 'blocking', row: { who: 'x' } },
  ])
  await first.remove(gone, 99)
  await first.close()
  assert.deepEqual(readdirSync(dirname(path)), ['jackdaw.sqlite'])

  // As if no feature declared the table vcard any more.
  const second = await openScratch(
    path,
    shapes.filter(({ name }) => name !== 'vcard'),
  )
  assert.equal(await second.find('juliet@example.com'), owner)
  assert.deepEqual(await second.rows(owner, 'blocking'), [{ who: 'x' }])
  assert.deepEqual(await second.logState(owner), { last: 4, cursors: { legacy: 4 }, undelivered: 0 })
  assert.equal(await second.tombstone('romeo@example.com'), 99)
  assert.ok((await second.create('romeo@example.com', 'account')) > gone)

  const vcards = () => ({ ...new DatabaseSync(path).prepare('select count(*) as rows from t_vcard').get() })
  assert.deepEqual(vcards(), { rows: 1 })
  await second.remove(owner, 1)
  assert.deepEqual(vcards(), { rows: 0 })
})

test('a commit is on the disk before it is answered: WAL and synchronous=FULL on the live writer', async () => {
  assert.deepEqual(await storage.durability(), { journal: 'wal', synchronous: 2 })
  await storage.faults.kill('writer')
  assert.deepEqual(await storage.durability(), { journal: 'wal', synchronous: 2 })
  const wrong = await openScratch(freshPath(), shapes, { planted: { synchronous: 'off' } })
  assert.deepEqual(await wrong.durability(), { journal: 'wal', synchronous: 0 })
})

test('only its user can read the database and its folder', async () => {
  await storage.create('nurse@example.com', 'account')
  assert.equal(statSync(dirname(path)).mode & 0o777, 0o700)
  for (const name of readdirSync(dirname(path))) {
    assert.equal(statSync(`${dirname(path)}/${name}`).mode & 0o777, 0o600, name)
  }
})

test('another connection that writes is noticed', async () => {
  const [one, two] = [storage, await openScratch(path, shapes)]
  const owner = await one.create('juliet@example.com', 'account')
  await one.commit(owner, [append(5)])
  await two.commit(owner, [append(9)])
  await assert.rejects(one.commit(owner, [append(7)])!, /goes on from 9/)
  await one.commit(owner, [append(10)])
})

test('bytes of a part of a big buffer cross to the writer alone', () => {
  const body = new Uint8Array(1000).fill(7).subarray(10, 13)
  const row = { node: 'a', at: 1, hash: body, body }
  const { cells } = pack(
    [{ unit: 'commit', parts: [{ owner: 1, writes: [{ write: 'put', table: 'node-items', row }] }] }],
    new Tables(shapes),
  )
  const bytes = cells.filter(cell => cell instanceof Uint8Array)
  assert.deepEqual(bytes, [new Uint8Array([7, 7, 7]), new Uint8Array([7, 7, 7])])
  for (const { buffer } of bytes) assert.equal(buffer.byteLength, 3)
})

test('a folder that cannot be made is told with its path', async () => {
  await assert.rejects(openScratch('/dev/null/jackdaw.sqlite', shapes), (error: Error) => {
    assert.ok(error instanceof StorageError)
    assert.match(error.message, /\/dev\/null\/jackdaw\.sqlite cannot be made/)
    return true
  })
})

test('a database that this user may not write is refused when it is opened', {
  skip: process.getuid?.() === 0,
}, async () => {
  const path = freshPath()
  await (await openScratch(path, shapes)).close()
  chmodSync(path, 0o400)
  await assert.rejects(openScratch(path, shapes), /read-only/)
})

test('what was committed together is kept together: nobody has a part of what failed, and what follows it fails', async () => {
  const [sender, recipient, other] = [
    await storage.create('tybalt@example.com', 'account'),
    await storage.create('mercutio@example.com', 'account'),
    await storage.create('benvolio@example.com', 'account'),
  ]
  await storage.commit(recipient, [append(5)])
  storage.begin()
  const one = storage.commit(sender, [append(1)])!
  const two = storage.commit(recipient, [append(5)])!
  storage.end()
  const behind = storage.commit(sender, [append(2)])!
  const apart = storage.commit(other, [append(1)])!
  storage.mark(other, 'name', append(2))
  const settled = await Promise.allSettled([one, two, behind, apart])
  assert.deepEqual(
    settled.map(one => one.status),
    ['rejected', 'rejected', 'rejected', 'fulfilled'],
  )
  assert.deepEqual(await storage.log(sender, { limit: 9 }), [])
  assert.equal((await storage.log(other, { limit: 9 })).length, 2)
})
