import assert from 'node:assert/strict'
import { existsSync, mkdirSync, readdirSync, statSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { plannedMigration } from './sqlite.ts'
import { migrate } from './sqlite-migrate.ts'
import { storeSteps } from './sqlite-schema.ts'
import { freshPath, openScratch } from './sqlite-scratch.ts'
import type { TableShape } from './storage.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

const old: TableShape = {
  name: 'notes',
  columns: { id: { type: 'text' }, text: { type: 'text' } },
  key: ['id'],
  version: 1,
}
const more: TableShape = {
  ...old,
  columns: {
    ...old.columns,
    seen: { type: 'integer', since: 2, initial: 0 },
    mark: { type: 'blob', since: 3, initial: new Uint8Array([0, 255]) },
    title: { type: 'text', since: 3, initial: "it's" },
  },
  version: 3,
}
const other: TableShape = { name: 'others', columns: { id: { type: 'text' } }, key: ['id'], version: 1 }

function database(path: string): DatabaseSync {
  mkdirSync(dirname(path), { recursive: true })
  return new DatabaseSync(path)
}

function columns(db: DatabaseSync, table: string): unknown[] {
  return db
    .prepare(`pragma table_info(${table})`)
    .all()
    .map(({ name }) => name)
}

/** The version of the store's own tables. */
const store = storeSteps.length

test('columns that came later are added, with a backup of what was', async () => {
  const path = freshPath()
  const logged: string[] = []
  const first = await openScratch(path, [old])
  const owner = await first.create('juliet@example.com', 'account')
  await first.commit(owner, [{ write: 'put', table: 'notes', row: { id: 'a', text: 'secret' } }])
  await first.close()

  const planned = plannedMigration(path, [more, other])
  const backup = `${path}.backup-${store}.1`
  assert.deepEqual(planned, [
    `copy the database to ${backup}`,
    'bring the table notes from version 1 to 3, adding seen, mark, title',
    'make the table others',
  ])
  assert.ok(!existsSync(backup), 'a dry run does nothing')

  const second = await openScratch(path, [more, other], { log: (_, text) => void logged.push(text) })
  assert.deepEqual(logged, [`Storage ${path}: ${planned.join('; ')}.`])
  const [row] = await second.rows(owner, 'notes')
  assert.deepEqual(row, { id: 'a', text: 'secret', seen: 0, mark: new Uint8Array([0, 255]), title: "it's" })
  assert.deepEqual(plannedMigration(path, [more, other]), [])
  assert.equal(statSync(backup).mode & 0o777, 0o600)
  const copy = new DatabaseSync(backup, { readOnly: true })
  assert.deepEqual({ ...copy.prepare('select id, text from t_notes').get() }, { id: 'a', text: 'secret' })
  assert.deepEqual(columns(copy, 't_notes'), ['owner', 'id', 'text'])
  copy.close()
})

test('new tables need no backup; tables that nobody declares stay as they are', () => {
  const path = freshPath()
  const db = database(path)
  migrate(db, path, new Tables([old]))
  assert.deepEqual(migrate(db, path, new Tables([other])), ['make the table others'])
  assert.deepEqual(columns(db, 't_notes'), ['owner', 'id', 'text'])
  assert.deepEqual(readdirSync(dirname(path)), ['jackdaw.sqlite'])
  assert.deepEqual(migrate(db, path, new Tables([old, other])), [])
})

test('what a migration would do can be asked before there is a database', () => {
  const path = freshPath()
  assert.deepEqual(plannedMigration(path, [old]), ['make the store', 'make the table notes'])
  assert.ok(!existsSync(path))
})

test('a migration that fails half way changes nothing, and leaves the backup', () => {
  const path = freshPath()
  const db = database(path)
  migrate(db, path, new Tables([old]))
  const steps = [...storeSteps, ['create table "later" ("id" integer) strict', 'insert into "nothing" values (1)']]
  assert.throws(() => migrate(db, path, new Tables([more]), steps), /no such table/)
  assert.deepEqual(columns(db, 't_notes'), ['owner', 'id', 'text'])
  assert.deepEqual(columns(db, 'later'), [])
  assert.deepEqual(migrate(db, path, new Tables([old])), [])
  assert.ok(existsSync(`${path}.backup-${store}.1`))
})

test('the store itself goes on from version to version', () => {
  const path = freshPath()
  const db = database(path)
  migrate(db, path, new Tables([old]))
  const steps = [
    ...storeSteps,
    ['create table "second" ("id" integer) strict'],
    ['create table "third" ("id" integer) strict'],
  ]
  assert.deepEqual(migrate(db, path, new Tables([old]), steps), [
    `copy the database to ${path}.backup-${store}.1`,
    `bring the store from version ${store} to ${store + 2}`,
  ])
  assert.deepEqual(columns(db, 'third'), ['id'])
  assert.throws(
    () => migrate(db, path, new Tables([old])),
    new RegExp(`newer version.*the store has version ${store + 2}, and only ${store} is known`),
  )
})

test('what was archived before conversations were found by spans is found by them', async () => {
  const path = freshPath()
  const db = database(path)
  migrate(db, path, new Tables([old]), storeSteps.slice(0, 1))
  db.exec(`insert into "owners" ("address", "kind", "host") values ('juliet@example.com', 'account', 'example.com')`)
  const insert = db.prepare(
    'insert into "log" ("owner", "id", "at", "peer", "direction", "archived", "undelivered", "xml") values (1, ?, 1, ?, 0, ?, 0, ?)',
  )
  for (const [id, peer, archived] of [
    [1, 'romeo@example.net', 1],
    [2, 'nurse@example.com', 1],
    [2 ** 40, 'romeo@example.net', 1],
    [2 ** 40 + 1, 'romeo@example.net', 0],
  ] as const)
    insert.run(id, peer, archived, `<m>${id}</m>`)
  db.close()
  const storage = await openScratch(path, [old])
  const found = await storage.log(1, { limit: 10, peer: 'romeo@example.net', archived: true })
  assert.deepEqual(
    found.map(({ id }) => id),
    [1, 2 ** 40],
  )
  await storage.close()
})

test('without room for the backup nothing is changed', () => {
  const path = freshPath()
  const db = database(path)
  migrate(db, path, new Tables([old]))
  // A folder stands where the copy must go.
  mkdirSync(`${path}.backup-${store}.1`)
  assert.throws(() => migrate(db, path, new Tables([more])), /No backup could be made at .*nothing was changed/)
  assert.deepEqual(columns(db, 't_notes'), ['owner', 'id', 'text'])
  assert.deepEqual(readdirSync(dirname(path)).sort(), ['jackdaw.sqlite', `jackdaw.sqlite.backup-${store}.1`])
})

const refused: readonly (readonly [string, string, RegExp])[] = [
  ['a store from a newer program', 'pragma user_version = 99', /newer version.*the store has version 99.*backup/],
  [
    'a table from a newer program',
    'update versions set version = 7',
    /newer version.*table notes has version 7, and only 1/,
  ],
  ['a database of another program', 'pragma application_id = 5', /belongs to another program/],
  ['a table that lacks a column', 'alter table t_notes drop column text', /lacks the column text/],
]
for (const [what, sql, message] of refused) {
  test(`${what} is refused and left as it is`, () => {
    const path = freshPath()
    const db = database(path)
    migrate(db, path, new Tables([old]))
    db.exec(sql)
    db.close()
    assert.throws(
      () => plannedMigration(path, [old]),
      (error: Error) => error instanceof StorageError && message.test(error.message),
    )
    const again = database(path)
    assert.throws(() => migrate(again, path, new Tables([old])), message)
    again.close()
    assert.deepEqual(readdirSync(dirname(path)), ['jackdaw.sqlite'])
  })
}

test('a database with somebody else’s tables is refused', async () => {
  const path = freshPath()
  const db = database(path)
  db.exec('create table poems (line text)')
  db.close()
  await assert.rejects(openScratch(path, [old]), (error: Error) => {
    assert.ok(error instanceof StorageError)
    assert.match(error.message, /belongs to another program/)
    return true
  })
  assert.deepEqual(readdirSync(dirname(path)), ['jackdaw.sqlite'])
  const after = new DatabaseSync(path)
  assert.equal(Object.values(after.prepare('pragma journal_mode').get()!)[0], 'delete')
})

test('what a first start makes is one line of the log', async () => {
  const logged: string[] = []
  const path = freshPath()
  await openScratch(path, [old, other], { log: (_, text) => void logged.push(text) })
  assert.deepEqual(logged, [`Storage ${path}: make the store; make 2 tables (notes, others).`])
})
