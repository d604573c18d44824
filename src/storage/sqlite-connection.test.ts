import assert from 'node:assert/strict'
import type { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { Connection, pragma } from './sqlite-connection.ts'

test('after an error that a new connection may cure there is a new one, with what was planted', () => {
  const opened: DatabaseSync[] = []
  const options = { path: ':memory:', patience: 0, planted: { cache_size: 7 } }
  const connection = new Connection(options, false, database => void opened.push(database))
  connection.plant('synchronous', 1)
  connection.database.exec('begin')
  const statement = connection.statement('select 1')
  assert.equal(connection.statement('select 1'), statement)

  connection.fault(Object.assign(new Error(), { errcode: 13 }))
  assert.equal(connection.database, opened[0], 'a full disk needs no new one')
  assert.equal(connection.database.isTransaction, false)

  connection.fault(Object.assign(new Error(), { errcode: 10 }))
  assert.equal(opened[0]!.isOpen, false)
  assert.deepEqual(connection.statement('select 2').get(), [2])
  assert.equal(opened.length, 2)
  assert.equal(pragma(connection.database, 'cache_size'), 7)
  assert.equal(pragma(connection.database, 'synchronous'), 1)
  connection.close()
})

test('a connection that must not be used is closed again', () => {
  let seen: DatabaseSync | undefined
  const connection = new Connection({ path: ':memory:', patience: 0, planted: {} }, false, database => {
    seen = database
    throw new Error('not ours')
  })
  assert.throws(() => connection.database, /not ours/)
  assert.equal(seen!.isOpen, false)
})
