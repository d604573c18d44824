import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import { before, test } from 'node:test'
import { append, shapes } from './contract.ts'
import type { SqliteOptions, SqliteStorage } from './sqlite.ts'
import { freshPath, openScratch, timers } from './sqlite-scratch.ts'
import type { OwnerId, Write } from './storage.ts'
import { StorageError } from './storage.ts'

interface Scene {
  readonly storage: SqliteStorage
  readonly path: string
  readonly juliet: OwnerId
  readonly romeo: OwnerId
  readonly logged: string[]
}

async function scene(options: Partial<SqliteOptions> = {}): Promise<Scene> {
  const path = freshPath()
  const logged: string[] = []
  const storage = await openScratch(path, shapes, {
    log: (level, text) => void logged.push(`${level} ${text}`),
    ...options,
  })
  return fresh({ storage, path, logged })
}

/** Two new owners in a store that is used by several tests. */
let hosts = 0
async function fresh({ storage, path, logged }: Pick<Scene, 'storage' | 'path' | 'logged'>): Promise<Scene> {
  const host = `${++hosts}.example.com`
  const juliet = await storage.create(`juliet@${host}`, 'account')
  const romeo = await storage.create(`romeo@${host}`, 'account')
  logged.length = 0
  return { storage, path, juliet, romeo, logged }
}

let shared: Scene
before(async () => {
  shared = await scene()
})

const ids = async ({ storage }: Scene, owner: OwnerId) => (await storage.log(owner, { limit: 100 })).map(({ id }) => id)
const big = 'x'.repeat(40_000)
const vcard: Write = { write: 'put', table: 'vcard', row: { xml: big } }

/** Both fail with this reason, nothing of them is kept, and reading goes on. */
async function nothingIsKept(one: Scene, reason: RegExp, uncertain = false): Promise<void> {
  const { storage, juliet, romeo, logged, path } = one
  const settled = await Promise.allSettled([
    storage.commit(juliet, [append(1), vcard]),
    storage.commit(romeo, [append(1), vcard]),
    storage.create('tybalt@example.com', 'account', [vcard]),
  ])
  for (const result of settled) {
    assert.ok(result.status === 'rejected' && result.reason instanceof StorageError)
    assert.match(result.reason.message, reason)
    assert.equal(result.reason.uncertain, uncertain)
    assert.ok(!result.reason.message.includes('xxx'))
    if (!uncertain) assert.ok(result.reason.message.includes(path))
  }
  assert.equal(storage.pending, 0)
  assert.deepEqual(await ids(one, juliet), [])
  assert.deepEqual(await storage.rows(romeo, 'vcard'), [])
  assert.equal(await storage.find('tybalt@example.com'), undefined)
  assert.match(logged.join('\n'), reason)
}

async function works(one: Scene): Promise<void> {
  const { storage, juliet, romeo } = one
  await Promise.all([storage.commit(juliet, [append(1), vcard]), storage.commit(romeo, [append(1), vcard])])
  assert.deepEqual(await ids(one, juliet), [1])
  assert.deepEqual(await ids(one, romeo), [1])
}

test('a full disk fails what waited, and the store goes on when there is room', async () => {
  const one = await fresh(shared)
  await one.storage.faults.plant('max_page_count', 1)
  await nothingIsKept(one, /disk is full/)
  await assert.rejects(one.storage.commit(one.juliet, [append(1), vcard])!, /disk is full/)
  assert.equal(one.logged.length, 1, 'the same trouble is told once')
  await one.storage.faults.plant('max_page_count', 1_000_000)
  await works(one)
  assert.match(one.logged.at(-1)!, /^info .* can be written again/)
})

test('a read-only file fails what waited, and the store goes on when it may be written', async () => {
  const one = await fresh(shared)
  await one.storage.faults.plant('query_only', 'on')
  await nothingIsKept(one, /read-only/)
  await one.storage.faults.plant('query_only', 'off')
  await works(one)
})

test('a locked database fails what waited, and the store goes on when the lock is gone', async () => {
  const one = await fresh(shared)
  const other = new DatabaseSync(one.path)
  other.exec('begin exclusive')
  await nothingIsKept(one, /locked by another program/)
  other.exec('rollback')
  other.close()
  await works(one)
})

test('a writer that dies fails what it had in hand as uncertain, and is started again', async () => {
  const rests: number[] = []
  const after: typeof timers.after = (milliseconds, fn) => {
    rests.push(milliseconds)
    return timers.after(milliseconds, fn)
  }
  const one = await scene({ patience: 200, timers: { ...timers, after } })
  const other = new DatabaseSync(one.path)
  // The writer waits for this lock while it is killed.
  other.exec('begin exclusive')
  const killed = new Promise(resolve =>
    timers.turn(() => timers.turn(() => resolve(one.storage.faults.kill('writer')))),
  )
  await nothingIsKept(one, /storage writer died/, true)
  await killed
  other.exec('rollback')
  other.close()
  assert.deepEqual(rests, [50])
  await works(one)
})

test('a writer that dies while it has nothing in hand harms nobody', async () => {
  const one = await fresh(shared)
  await one.storage.faults.kill('writer')
  await works(one)
})

test('a reader that dies is started again, and writes do not notice', async () => {
  const one = await fresh(shared)
  await ids(one, one.juliet)
  await one.storage.faults.kill('reader')
  await works(one)
})

test('a store closes although its writer is dead and rests', async () => {
  const one = await scene({ timers: { ...timers, after: () => ({}) as ReturnType<typeof timers.after> } })
  await one.storage.faults.kill('writer')
  const late = one.storage.commit(one.juliet, [append(1)])
  await one.storage.close()
  await late
  const again = await openScratch(one.path, shapes)
  assert.equal((await again.logState(one.juliet)).last, 1)
})

test('a bad row does not fail its batch', async () => {
  const one = await fresh(shared)
  const { storage, juliet, romeo } = one
  const taken = 'nurse@example.com'
  await storage.create(taken, 'account')
  await storage.commit(juliet, [append(5)])
  const settled = await Promise.allSettled([
    storage.commit(romeo, [append(1)]),
    storage.create(taken, 'account'),
    storage.commit(juliet, [vcard, append(5)]),
    storage.commit(juliet, [append(6)]),
    storage.create('tybalt@example.com', 'account'),
    storage.commit(romeo, [append(2)]),
  ])
  assert.deepEqual(
    settled.map(({ status }) => status),
    ['fulfilled', 'rejected', 'rejected', 'rejected', 'fulfilled', 'fulfilled'],
  )
  assert.deepEqual(await ids(one, romeo), [1, 2])
  assert.deepEqual(await ids(one, juliet), [5])
  assert.deepEqual(await storage.rows(juliet, 'vcard'), [])
  assert.equal(await storage.find('tybalt@example.com'), settled[4]!.status === 'fulfilled' ? settled[4]!.value : 0)
  await storage.commit(juliet, [append(6)])
})

test('a file that is no database is refused with its path', async () => {
  const path = freshPath()
  mkdirSync(dirname(path))
  writeFileSync(path, 'this was a poem once\n'.repeat(300))
  await assert.rejects(openScratch(path, shapes), (error: Error) => {
    assert.ok(error instanceof StorageError)
    assert.match(error.message, /is not a database/)
    assert.ok(error.message.includes(path))
    return true
  })
})
