import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import type { Timer, Timers } from '../runtime/runtime.ts'
import { append, shapes } from './contract.ts'
import { checkSqlite } from './sqlite-maintenance.ts'
import { freshPath, openScratch, timers } from './sqlite-scratch.ts'
import type { OwnerId, Storage, Write } from './storage.ts'
import { StorageError } from './storage.ts'

/** Timers whose pauses last until the test says so. */
function paused(): Timers & { readonly waiting: number; resume(): boolean } {
  const waiting: (() => void)[] = []
  return {
    ...timers,
    after: (_, fn) => waiting.push(fn) as unknown as Timer,
    cancel: () => {},
    get waiting() {
      return waiting.length
    },
    resume: () => {
      const fn = waiting.shift()
      fn?.()
      return fn !== undefined
    },
  }
}

/** How many rows of this owner each table has. */
function left(path: string, owner: OwnerId): Record<string, number> {
  using database = new DatabaseSync(path, { readOnly: true })
  const count = (table: string) =>
    Number(database.prepare(`select count(*) as "n" from "${table}" where "owner" = ?`).get(owner)!['n'])
  return Object.fromEntries(
    ['log', 'log_spans', 'indexed', 'cursors', 't_contacts', 'leaving'].map(name => [name, count(name)]),
  )
}

const nothing = { log: 0, log_spans: 0, indexed: 0, cursors: 0, t_contacts: 0, leaving: 0 }
const peers = 7

/** An owner with so many entries, half of which can be searched. */
async function filled(storage: Storage, address: string, count: number): Promise<OwnerId> {
  const owner = await storage.create(address, 'account')
  const entries: Write[] = Array.from({ length: count }, (_, at) =>
    append((at + 1) * 2 ** 26, { peer: `p${at % peers}` }),
  )
  await storage.commit(owner, [...entries, { write: 'put', table: 'contacts', row: { who: 'a' } }])
  await storage.commit(owner, [{ write: 'cursor', cursor: 'phone', to: 1 }])
  const half = Array.from({ length: count / 2 }, (_, at) => ({ id: (at + 1) * 2 ** 26, words: ['love'] }))
  await storage.index(owner, half.at(-1)!.id, half)
  return owner
}

async function until(fits: () => boolean): Promise<void> {
  while (!fits()) await new Promise(setImmediate)
}

test('a long log goes bit by bit; whoever reads finds nothing at once', async () => {
  const path = freshPath()
  const clock = paused()
  const storage = await openScratch(path, shapes, { timers: clock })
  const gone = await filled(storage, 'juliet@example.com', 2400)
  const stays = await filled(storage, 'romeo@example.com', 10)
  const all = left(path, stays)
  await storage.remove(gone, 7)
  await until(() => left(path, gone)['indexed'] === 200)
  assert.deepEqual(left(path, gone), { ...nothing, log: 2400, log_spans: 2400, indexed: 200, leaving: 1 })
  for (const range of [
    {},
    { last: true },
    { peer: 'p1' },
    { peer: 'p1', archived: true },
    { words: ['love'] },
    { undelivered: true },
  ])
    assert.deepEqual(await storage.log(gone, { limit: 10, ...range }), [], JSON.stringify(range))
  assert.deepEqual(await storage.logState(gone), { last: 0, cursors: {}, undelivered: 0 })
  assert.equal(await storage.logBehind(gone, 0), undefined)
  assert.equal(await storage.indexed(gone), 0)
  assert.deepEqual(checkSqlite(path, shapes).problems, [])
  await assert.rejects(storage.commit(gone, [append(2 ** 60)])!, StorageError)
  assert.equal(await storage.tombstone('juliet@example.com'), 7)
  // What comes after it at the same address is another's.
  const again = await filled(storage, 'juliet@example.com', 4)
  assert.equal((await storage.log(again, { limit: 10 })).length, 4)
  const sizes: number[] = []
  for (let before = left(path, gone); before['leaving'] === 1; before = left(path, gone)) {
    await until(() => clock.resume())
    await until(() => JSON.stringify(left(path, gone)) !== JSON.stringify(before))
    const now = left(path, gone)
    sizes.push(...['log', 'log_spans', 'indexed'].map(name => before[name]! - now[name]!))
  }
  assert.equal(Math.max(...sizes), 1000)
  assert.deepEqual(left(path, gone), nothing)
  assert.deepEqual(left(path, stays), all)
  assert.equal((await storage.log(stays, { limit: 10, words: ['love'] })).length, 5)
  assert.equal((await storage.log(again, { limit: 10 })).length, 4)
})

test('what was not taken away before the end is taken away after the next start', async () => {
  const path = freshPath()
  const first = await openScratch(path, shapes, { timers: paused() })
  const owners = [await filled(first, 'juliet@example.com', 1200), await filled(first, 'romeo@example.com', 1200)]
  for (const owner of owners) await first.remove(owner, 7)
  await first.close()
  assert.ok(owners.some(owner => left(path, owner)['leaving'] === 1))
  await openScratch(path, shapes)
  for (const owner of owners) await until(() => left(path, owner)['leaving'] === 0)
  for (const owner of owners) assert.deepEqual(left(path, owner), nothing)
})

test('a step that fails is taken again later', async () => {
  const path = freshPath()
  const clock = paused()
  const storage = await openScratch(path, shapes, { timers: clock })
  const gone = await filled(storage, 'juliet@example.com', 1200)
  await storage.remove(gone, 7)
  await until(() => left(path, gone)['indexed'] === 0)
  const other = new DatabaseSync(path)
  other.exec('begin immediate')
  await until(() => clock.resume())
  // Another program holds the lock for longer than anybody waits: the next pause begins all the same.
  await until(() => clock.waiting === 1)
  assert.equal(left(path, gone)['log_spans'], 1200)
  other.exec('commit')
  other.close()
  await until(() => {
    clock.resume()
    return left(path, gone)['leaving'] === 0
  })
  assert.deepEqual(left(path, gone), nothing)
})
