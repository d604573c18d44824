import assert from 'node:assert/strict'
import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { append } from './contract.ts'
import { plannedMigration } from './sqlite.ts'
import { checkSqlite, restoreSqlite } from './sqlite-maintenance.ts'
import { migrate } from './sqlite-migrate.ts'
import { storeSteps } from './sqlite-schema.ts'
import { freshPath, openScratch } from './sqlite-scratch.ts'
import type { OwnerId, Storage } from './storage.ts'
import { Tables } from './tables.ts'

const found = async (storage: Storage, owner: OwnerId, ...words: string[]) =>
  (await storage.log(owner, { limit: 100, words })).map(({ id }) => id)

/** All terms of the index that lead to something, with how many. */
function terms(path: string): Record<string, number> {
  const database = new DatabaseSync(path)
  try {
    database.exec(`create virtual table temp."terms" using fts5vocab('main', 'words', 'row')`)
    const rows = database.prepare('select "term" from "terms"').all()
    const count = database.prepare('select count(*) as "count" from "words" where "words" match ?')
    const counted = rows.map(({ term }) => [String(term), Number(count.get(`"${term}"`)!['count'])] as const)
    return Object.fromEntries(counted.filter(([, places]) => places > 0))
  } finally {
    database.close()
  }
}

test('an archive that was there before the index can be searched, after a backup', async () => {
  const path = freshPath()
  mkdirSync(dirname(path))
  const db = new DatabaseSync(path)
  const before = storeSteps.findIndex(step => step.some(sql => sql.includes('fts5')))
  assert.ok(before > 0)
  migrate(db, path, new Tables([]), storeSteps.slice(0, before))
  db.exec(`insert into "owners" ("address", "kind", "host") values ('juliet@example.com', 'account', 'example.com')`)
  db.exec(`insert into "log" ("owner", "id", "at", "peer", "direction", "archived", "undelivered", "xml")
    values (1, 5, 5, 'romeo@example.net', 0, 1, 0, '<m/>')`)
  db.close()
  assert.match(plannedMigration(path, [])[0]!, /^copy the database to /)
  const storage = await openScratch(path, [])
  assert.equal(await storage.indexed(1), 0)
  await storage.index(1, 5, [{ id: 5, words: ['love'] }])
  assert.deepEqual(await found(storage, 1, 'lov*'), [5])
})

test('every term is one owner’s, and goes with its entries', async () => {
  const path = freshPath()
  const storage = await openScratch(path, [])
  const juliet = await storage.create('juliet@example.com', 'account')
  const romeo = await storage.create('romeo@example.com', 'account')
  for (const owner of [juliet, romeo]) {
    await storage.commit(owner, [append(1, { peer: 'a@b' }), append(2, { peer: 'a@b' })])
    await storage.index(owner, 2, [
      { id: 1, words: ['love', 'peace'] },
      { id: 2, words: ['love'] },
    ])
  }
  const of = (owner: OwnerId) => ({ [`${owner}xlove`]: 2, [`${owner}xpeace`]: 1, [`${owner}y614062`]: 2 })
  assert.deepEqual(terms(path), { ...of(juliet), ...of(romeo) })
  await storage.commit(juliet, [{ write: 'purge', before: 2, limit: 10 }])
  assert.deepEqual(terms(path), { [`${juliet}xlove`]: 1, [`${juliet}y614062`]: 1, ...of(romeo) })
  await storage.remove(romeo, 7)
  while (Object.keys(terms(path)).length > 2) await new Promise(setImmediate)
  assert.deepEqual(terms(path), { [`${juliet}xlove`]: 1, [`${juliet}y614062`]: 1 })
  assert.deepEqual(checkSqlite(path, []).problems, [])
})

test('what is indexed is found again after a restart, and out of a backup', async () => {
  const path = freshPath()
  const first = await openScratch(path, [])
  const other = await first.create('romeo@example.com', 'account')
  const owner = await first.create('juliet@example.com', 'account')
  for (const id of [1, 2, 3]) {
    await first.commit(other, [append(id)])
    await first.commit(owner, [append(id)])
    await first.index(owner, id, [{ id, words: ['love'] }])
  }
  // What is copied is numbered anew where it has no number of its own.
  await first.remove(other, 7)
  await first.close()
  const copy = `${path}.copy`
  const db = new DatabaseSync(path)
  db.prepare('vacuum into ?').run(copy)
  db.close()
  restoreSqlite(path, copy, [])
  const second = await openScratch(path, [])
  assert.equal(await second.indexed(owner), 3)
  assert.deepEqual(await found(second, owner, 'love'), [1, 2, 3])
  await second.commit(owner, [append(4)])
  await second.index(owner, 4, [{ id: 4, words: ['love'] }])
  assert.deepEqual(await found(second, owner, 'love'), [1, 2, 3, 4])
})
