import assert from 'node:assert/strict'
import { test } from 'node:test'
import { fault } from './sqlite-error.ts'
import { StorageError } from './storage.ts'

/** An error as `node:sqlite` throws it: with SQLite's extended result code. */
function thrown(errcode: number): Error {
  return Object.assign(new Error('what SQLite says'), { code: 'ERR_SQLITE_ERROR', errcode })
}

const path = '/data/jackdaw.sqlite'
const syncFailed = 10 | (4 << 8) // SQLITE_IOERR_FSYNC

test('only a commit whose sync failed is uncertain', () => {
  assert.equal(fault(thrown(syncFailed), path, true).error.uncertain, true)
  assert.equal(fault(thrown(syncFailed), path, false).error.uncertain, false)
  assert.equal(fault(thrown(13), path, true).error.uncertain, false)
})

test('an error of the disk or the file says which file and concerns everything', () => {
  for (const errcode of [5, 6, 7, 8, syncFailed, 11, 13, 14, 15, 26]) {
    const { error, general } = fault(thrown(errcode), path)
    assert.ok(general, String(errcode))
    assert.match(error.message, /^The database \/data\/jackdaw\.sqlite .* \(what SQLite says\)\.$/)
  }
})

test('an error of one row concerns its unit', () => {
  assert.equal(fault(thrown(19 | (6 << 8)), path).general, false)
  assert.equal(fault(new TypeError('a bug'), path).general, false)
  const own = new StorageError('There is no owner 7.')
  assert.equal(fault(own, path).error, own)
})
