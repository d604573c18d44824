import assert from 'node:assert/strict'
import { existsSync, readdirSync, readFileSync, statSync, symlinkSync, truncateSync, writeFileSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { backupSqlite, checkSqlite, restoreSqlite } from './sqlite-maintenance.ts'
import { freshPath, openScratch, timers } from './sqlite-scratch.ts'
import type { TableShape } from './storage.ts'

const notes: TableShape = {
  name: 'notes',
  columns: { id: { type: 'integer' }, text: { type: 'text' } },
  key: ['id'],
  version: 1,
}

async function filled(rows: number) {
  const path = freshPath()
  const storage = await openScratch(path, [notes])
  const owner = await storage.create('juliet@example.com', 'account')
  const put = (id: number) =>
    storage.commit(owner, [{ write: 'put', table: 'notes', row: { id, text: 'x'.repeat(1000) } }])
  await Promise.all(Array.from({ length: rows }, (_, id) => put(id)))
  return { path, storage, put, copy: join(dirname(path), 'copy.db') }
}

function rowsOf(path: string): number {
  using database = new DatabaseSync(path, { readOnly: true })
  return Number(database.prepare('select count(*) as count from "t_notes"').get()?.['count'])
}

test('a copy is made while others write, of one moment, and readable by nobody else', async () => {
  const { path, put, copy } = await filled(2000)
  const seen: number[] = []
  const copying = backupSqlite({ path, copy, timers, progress: (bytes, all) => seen.push(bytes / all) })
  for (let id = 2000; id < 2050; id++) await put(id)
  const bytes = await copying
  assert.equal(bytes, statSync(copy).size)
  assert.equal(statSync(copy).mode & 0o777, 0o600)
  assert.ok(seen.every(part => part <= 1.1))
  assert.deepEqual(checkSqlite(copy, [notes]).problems, [])
  await assert.rejects(backupSqlite({ path, copy, timers }), /is there already/)
  const nowhere = join(dirname(path), 'no/such/folder.db')
  await assert.rejects(backupSqlite({ path, copy: nowhere, timers }), /No backup could be made at .*folder\.db/)
  await assert.rejects(backupSqlite({ path: `${path}.none`, copy: `${copy}2`, timers }), /There is no database/)
  symlinkSync(`${path}.circle`, `${path}.circle`)
  assert.throws(() => checkSqlite(`${path}.circle`, []), /circle cannot be opened/)
  assert.ok(!readdirSync(dirname(path)).some(name => name.includes('unfinished')))
})

test('a sound database is told with its figures, a damaged one with what is wrong', async () => {
  const { path, storage } = await filled(500)
  const found = checkSqlite(path, [notes])
  assert.deepEqual([found.problems, found.accounts, found.entries], [[], 1, 0])
  await storage.close()
  {
    using database = new DatabaseSync(path)
    database.exec('delete from "owners"')
  }
  assert.match(checkSqlite(path, [notes]).problems.join(), /notes.* has 500 rows of owners that are gone/)
  const bytes = readFileSync(path)
  bytes.fill(0xee, 40_960, 61_440)
  writeFileSync(path, bytes)
  assert.notDeepEqual(checkSqlite(path, [notes]).problems, [])
  writeFileSync(path, 'no database at all'.repeat(1000))
  assert.throws(() => checkSqlite(path, [notes]), /is not a database/)
})

test('a backup is put back, and what was there is kept', async () => {
  const { path, storage, put, copy } = await filled(10)
  await backupSqlite({ path, copy, timers })
  await put(10)
  await storage.close()
  const aside = restoreSqlite(path, copy, [notes])!
  assert.deepEqual([rowsOf(path), rowsOf(aside)], [10, 11])
  assert.equal(restoreSqlite(path, copy, [notes]), `${path}.before-restore-2`)
  assert.equal(statSync(path).mode & 0o777, 0o600)
  const again = await openScratch(path, [notes])
  assert.equal((await again.rows((await again.find('juliet@example.com'))!, 'notes')).length, 10)
  await again.close()
  truncateSync(copy, 5000)
  assert.throws(() => restoreSqlite(path, copy, [notes]), /damaged/)
  assert.equal(rowsOf(path), 10)
  assert.ok(!existsSync(`${path}.before-restore-3`))
})
