import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import type { LogEntry, OwnerId, Storage, TableShape, Write } from './storage.ts'
import { StorageError } from './storage.ts'

/** Tables that show every kind of column and key. */
export const shapes: readonly TableShape[] = [
  {
    name: 'contacts',
    columns: { who: { type: 'text' }, name: { type: 'text' }, asked: { type: 'integer' } },
    key: ['who'],
    version: 1,
  },
  { name: 'vcard', columns: { xml: { type: 'text', initial: "it's <x/>" } }, key: [], version: 1 },
  {
    name: 'node-items',
    columns: { at: { type: 'integer' }, body: { type: 'blob' }, node: { type: 'text' }, hash: { type: 'blob' } },
    key: ['node', 'at', 'hash'],
    version: 1,
  },
  { name: 'blocking', columns: { who: { type: 'text' } }, key: ['who'], version: 1 },
]

/** An entry for tests: archived and undelivered where nothing else is said. */
export function entry(id: number, more: Partial<LogEntry> = {}): LogEntry {
  return {
    id,
    at: id,
    peer: 'romeo@example.net',
    direction: 'in',
    archived: true,
    undelivered: true,
    xml: `<m>${id}</m>`,
    ...more,
  }
}

/** The write that appends such an entry. */
export function append(id: number, more: Partial<LogEntry> = {}): Write {
  return { write: 'append', entry: entry(id, more) }
}

/** What every store keeps to, with `indexContract`: run on each of them. */
export function contract(name: string, open: () => Promise<Storage>): void {
  describe(`the contract of storage: ${name}`, () => {
    let storage: Storage
    /** Each test has a host and an account of its own in one store. */
    let host = ''
    let hosts = 0
    let juliet: OwnerId

    const ids = async (range: Partial<Parameters<Storage['log']>[1]> = {}, owner = juliet) =>
      (await storage.log(owner, { limit: 100, ...range })).map(({ id }) => id)
    const contacts = async (owner = juliet) => (await storage.rows(owner, 'contacts')).map(({ who }) => who)
    const contact = (who: string, asked: number | null = null): Write => ({
      write: 'put',
      table: 'contacts',
      row: { who, name: null, asked },
    })

    before(async () => {
      storage = await open()
    })
    beforeEach(async () => {
      host = `${++hosts}.example.com`
      juliet = await storage.create(`juliet@${host}`, 'account')
    })
    after(() => storage.close())

    test('owners are made, found and listed in pages, by host and kind', async () => {
      const room = await storage.create(`capulet@rooms.${host}`, 'room')
      await storage.create(`\u{1f600}@${host}`, 'account')
      await storage.create(`\uff5e@${host}`, 'account')
      await storage.create(`rooms.${host}`, 'service')
      assert.equal(await storage.find(`juliet@${host}`), juliet)
      assert.equal(await storage.find(`capulet@rooms.${host}`), room)
      assert.equal(await storage.find(`nobody@${host}`), undefined)
      const all = await storage.owners(host, 'account', { limit: 10 })
      // By code points, not by UTF-16 units.
      assert.deepEqual(all, [`juliet@${host}`, `\uff5e@${host}`, `\u{1f600}@${host}`])
      assert.deepEqual(await storage.owners(host, 'account', { limit: 1, after: all[0]! }), [all[1]])
      assert.deepEqual(await storage.owners(`rooms.${host}`, 'service', { limit: 10 }), [`rooms.${host}`])
      assert.deepEqual(await storage.owners('example.org', 'account', { limit: 10 }), [])
    })

    test('an address has one owner', async () => {
      await assert.rejects(storage.create(`juliet@${host}`, 'account', [contact('a')]), StorageError)
      assert.deepEqual(await contacts(), [])
    })

    test('an owner is made together with what it begins with, or not at all', async () => {
      const romeo = await storage.create(`romeo@${host}`, 'account', [contact('a'), append(7)])
      assert.deepEqual(await contacts(romeo), ['a'])
      assert.equal((await storage.logState(romeo)).last, 7)
      await assert.rejects(storage.create(`tybalt@${host}`, 'account', [append(7), append(7)]), StorageError)
      assert.equal(await storage.find(`tybalt@${host}`), undefined)
    })

    test('a removed owner leaves a tombstone, nothing else, and never its number', async () => {
      await storage.commit(juliet, [contact('a'), append(5), { write: 'cursor', cursor: 'phone', to: 3 }])
      assert.equal(await storage.tombstone(`juliet@${host}`), undefined)
      await storage.remove(juliet, 1234)
      assert.equal(await storage.find(`juliet@${host}`), undefined)
      assert.equal(await storage.tombstone(`juliet@${host}`), 1234)
      assert.deepEqual(await contacts(), [])
      assert.deepEqual(await ids(), [])
      assert.deepEqual(await storage.logState(juliet), { last: 0, cursors: {}, undelivered: 0 })
      await assert.rejects(async () => storage.commit(juliet, [contact('a')]), StorageError)
      await assert.rejects(storage.remove(juliet, 1235), StorageError)
      const again = await storage.create(`juliet@${host}`, 'account')
      assert.ok(again > juliet)
      assert.deepEqual(await contacts(again), [])
      await storage.remove(again, 2345)
      assert.equal(await storage.tombstone(`juliet@${host}`), 2345)
    })

    test('rows are put over each other, and come by the first of their key, in its order', async () => {
      const item = (node: string, at: number, hash: number, body: number[] | null): Write => ({
        write: 'put',
        table: 'node-items',
        row: { node, at, hash: Buffer.from([hash]), body: body && new Uint8Array(body) },
      })
      await storage.commit(juliet, [
        item('b', 1, 1, [1]),
        item('a', 10, 200, [2]),
        item('a', 9, 1, [3]),
        item('a', 10, 3, null),
        item('a', 9, 1, [4, 5]),
        item('a', -2, 1, []),
      ])
      const row = (node: string, at: number, hash: number, body: number[] | null) => ({
        node,
        at,
        hash: new Uint8Array([hash]),
        body: body && new Uint8Array(body),
      })
      const a = [row('a', -2, 1, []), row('a', 9, 1, [4, 5]), row('a', 10, 3, null), row('a', 10, 200, [2])]
      assert.deepEqual(await storage.rows(juliet, 'node-items'), [...a, row('b', 1, 1, [1])])
      assert.deepEqual(await storage.rows(juliet, 'node-items', { node: 'a' }), a)
      assert.deepEqual(await storage.rows(juliet, 'node-items', { node: 'a', at: 10 }), a.slice(2))
      assert.deepEqual(await storage.rows(juliet, 'node-items', { node: 'c' }), [])
      assert.deepEqual(await storage.rows(juliet + 1, 'node-items'), [])
      await storage.commit(juliet, [{ write: 'delete', table: 'node-items', key: { at: 10, node: 'a' } }])
      assert.deepEqual(await storage.rows(juliet, 'node-items', { node: 'a' }), a.slice(0, 2))
      await storage.commit(juliet, [{ write: 'delete', table: 'node-items', key: {} }])
      assert.deepEqual(await storage.rows(juliet, 'node-items'), [])
    })

    test('text is in the order of code points', async () => {
      const names = ['', 'B', 'a', 'aa', 'é', '\uff5e', '\u{1f600}']
      await storage.commit(
        juliet,
        names.toReversed().map(who => contact(who)),
      )
      assert.deepEqual(await contacts(), names)
    })

    test('a table without a key has one row an owner; what a row does not say is as it begins', async () => {
      await storage.commit(juliet, [{ write: 'put', table: 'vcard', row: { xml: '<v/>' } }])
      await storage.commit(juliet, [{ write: 'put', table: 'vcard', row: {} }])
      assert.deepEqual(await storage.rows(juliet, 'vcard'), [{ xml: "it's <x/>" }])
      await storage.commit(juliet, [{ write: 'put', table: 'contacts', row: { who: 'a' } }])
      assert.deepEqual(await storage.rows(juliet, 'contacts'), [{ who: 'a', name: null, asked: null }])
      await storage.commit(juliet, [{ write: 'put', table: 'blocking', row: { who: 'x' } }])
      await storage.commit(juliet, [{ write: 'put', table: 'blocking', row: { who: 'x' } }])
      assert.deepEqual(await storage.rows(juliet, 'blocking'), [{ who: 'x' }])
    })

    const misfits: readonly (readonly [string, Write])[] = [
      ['an unknown table', { write: 'put', table: 'nothing', row: {} }],
      ['an unknown column', { write: 'put', table: 'contacts', row: { who: 'a', nick: 'b' } }],
      ['a key that is missing', { write: 'put', table: 'contacts', row: { name: 'a' } }],
      ['a cell of another type', { write: 'put', table: 'contacts', row: { who: 'a', asked: 'b' } }],
      ['an integer beyond 2^53', { write: 'put', table: 'contacts', row: { who: 'a', asked: 2 ** 53 } }],
      ['a deletion by what is not first in the key', { write: 'delete', table: 'node-items', key: { at: 1 } }],
      ['a log id that is none', append(0.5)],
      ['a cursor before the log', { write: 'cursor', cursor: 'phone', to: -1 }],
      ['an undelivered entry without an id', { write: 'undelivered', id: 0.5 }],
      ['a purge before no id', { write: 'purge', before: Number.NaN, limit: 1 }],
      ['a purge of less than nothing', { write: 'purge', before: 1, limit: -1 }],
    ]
    for (const [what, write] of misfits) {
      test(`${what} fails the commit, and nothing of it is kept`, async () => {
        await assert.rejects(async () => storage.commit(juliet, [contact('x'), write]), StorageError)
        assert.deepEqual(await contacts(), [])
        await storage.commit(juliet, [contact('y')])
        assert.deepEqual(await contacts(), ['y'])
        assert.equal(storage.pending, 0)
      })
    }

    test('rows cannot be asked for by what is not first in the key', async () => {
      await assert.rejects(storage.rows(juliet, 'node-items', { at: 1 }), StorageError)
      await assert.rejects(storage.rows(juliet, 'nothing'), StorageError)
      await assert.rejects(storage.log(juliet, { limit: -1 }), StorageError)
    })

    test('a log id that does not go on fails its commit whole, and no other', async () => {
      const other = await storage.create(`romeo@${host}`, 'account')
      await storage.commit(juliet, [append(1_700_000_000_000_000)])
      const commits = [
        storage.commit(other, [append(1), contact('o')]),
        storage.commit(juliet, [contact('a'), append(1_700_000_000_000_001)]),
        storage.commit(juliet, [contact('b'), append(1_700_000_000_000_001)]),
        storage.commit(other, [append(2)]),
      ]
      const settled = await Promise.allSettled(commits)
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'fulfilled', 'rejected', 'fulfilled'],
      )
      assert.deepEqual(await contacts(), ['a'])
      assert.deepEqual(await ids(), [1_700_000_000_000_000, 1_700_000_000_000_001])
      assert.deepEqual(await ids({}, other), [1, 2])
      await storage.commit(juliet, [append(1_700_000_000_000_002)])
    })

    test('the log is read forwards and backwards, by peer and by flags', async () => {
      await storage.commit(juliet, [
        append(1),
        append(2, { peer: 'nurse@example.com', direction: 'out', undelivered: false }),
        append(3, { archived: false }),
        append(5, { peer: 'nurse@example.com', archived: false, undelivered: true }),
        append(8, { undelivered: false }),
      ])
      assert.deepEqual(await storage.log(juliet, { limit: 2 }), [
        entry(1),
        entry(2, { peer: 'nurse@example.com', direction: 'out', undelivered: false }),
      ])
      assert.deepEqual(await ids(), [1, 2, 3, 5, 8])
      assert.deepEqual(await ids({ limit: 0 }), [])
      assert.deepEqual(await ids({ after: 2 }), [3, 5, 8])
      assert.deepEqual(await ids({ before: 5 }), [1, 2, 3])
      assert.deepEqual(await ids({ after: 1, before: 8, limit: 2 }), [2, 3])
      assert.deepEqual(await ids({ after: 1, before: 8, limit: 2, last: true }), [3, 5])
      assert.deepEqual(await ids({ last: true, limit: 1 }), [8])
      assert.deepEqual(await ids({ peer: 'nurse@example.com' }), [2, 5])
      assert.deepEqual(await ids({ archived: true }), [1, 2, 8])
      assert.deepEqual(await ids({ undelivered: true, after: 1 }), [3, 5])
      assert.deepEqual(await ids({ undelivered: false, archived: true, peer: 'romeo@example.net', last: true }), [8])
    })

    test('cursors only move forward; what all have passed and nobody shows goes; the last id stays known', async () => {
      const state = () => storage.logState(juliet)
      const move = (cursor: string, to: number) => storage.commit(juliet, [{ write: 'cursor', cursor, to }])
      assert.deepEqual(await state(), { last: 0, cursors: {}, undelivered: 0 })
      await storage.commit(juliet, [
        append(1, { archived: false }),
        append(2),
        append(3, { undelivered: false }),
        append(4, { archived: false }),
      ])
      assert.deepEqual(await state(), { last: 4, cursors: {}, undelivered: 3 })
      await move('phone', 1)
      assert.deepEqual(await ids(), [2, 3, 4])
      await move('__proto__', 1)
      await move('phone', 4)
      await move('phone', 2)
      assert.deepEqual(await ids(), [2, 3, 4])
      assert.deepEqual(await state(), {
        last: 4,
        cursors: Object.fromEntries([
          ['__proto__', 1],
          ['phone', 4],
        ]),
        undelivered: 2,
      })
      await move('__proto__', 3)
      await storage.commit(juliet, [{ write: 'forget-cursor', cursor: '__proto__' }])
      assert.deepEqual(await ids(), [2, 3])
      assert.deepEqual(await state(), { last: 4, cursors: { phone: 4 }, undelivered: 1 })
      await storage.commit(juliet, [{ write: 'forget-cursor', cursor: 'phone' }])
      assert.deepEqual(await state(), { last: 4, cursors: {}, undelivered: 1 })
      await assert.rejects(async () => storage.commit(juliet, [append(4)]), StorageError)
      await storage.commit(juliet, [append(5, { archived: false }), { write: 'cursor', cursor: 'phone', to: 5 }])
      assert.deepEqual(await state(), { last: 5, cursors: { phone: 5 }, undelivered: 1 })
    })

    test('what somebody has taken is what the legacy cursor has passed, wherever the others are', async () => {
      const move = (cursor: string, to: number) => storage.commit(juliet, [{ write: 'cursor', cursor, to }])
      const undelivered = async () => (await storage.logState(juliet)).undelivered
      await storage.commit(juliet, [append(1), append(2, { archived: false }), append(3), append(4)])
      await move('phone', 1)
      await move('desk', 4)
      assert.equal(await undelivered(), 4)
      await move('legacy', 0)
      assert.equal(await undelivered(), 4)
      await move('legacy', 3)
      assert.equal(await undelivered(), 1)
      // Somebody has it, but the phone needs it still; a purge leaves it what is undelivered.
      assert.deepEqual(await ids(), [1, 2, 3, 4])
      await storage.commit(juliet, [{ write: 'purge', before: 5, limit: 10 }])
      assert.deepEqual(await ids(), [2, 3, 4])
      assert.deepEqual(await ids({ archived: true }), [])
      await move('phone', 3)
      assert.deepEqual(await ids(), [4])
      await move('phone', 4)
      assert.deepEqual(await ids(), [4])
      await move('legacy', 4)
      assert.deepEqual(await ids(), [])
    })

    test('a conversation is read in order, page by page, whatever others say in between', async () => {
      const minute = 2 ** 26
      const said: [number, string][] = []
      for (let at = 1; at <= 60; at++) said.push([at * 0.3 * minute, at % 3 === 0 ? 'romeo@example.net' : `p${at % 7}`])
      for (const [at, peer] of said) void storage.commit(juliet, [append(Math.floor(at), { peer })])
      await storage.commit(juliet, [append(19 * minute, { archived: false })])
      const expected = said.filter(([, peer]) => peer === 'romeo@example.net').map(([at]) => Math.floor(at))
      const conversation = { peer: 'romeo@example.net', archived: true }
      assert.deepEqual(await ids(conversation), expected)
      assert.deepEqual(await ids({ ...conversation, last: true }), expected)
      assert.deepEqual(await ids({ ...conversation, peer: 'nobody@example.net' }), [])
      for (let at = 0; at < expected.length; at += 4) {
        const page = expected.slice(at, at + 4)
        assert.deepEqual(await ids({ ...conversation, limit: 4, after: expected[at - 1] ?? 0 }), page)
        assert.deepEqual(await ids({ ...conversation, limit: 4, last: true, before: page.at(-1)! + 1 }), page)
        assert.deepEqual(await ids({ ...conversation, after: page[0]!, before: page.at(-1)! }), page.slice(1, -1))
      }
    })

    test('an entry becomes undelivered when nobody was there after all', async () => {
      await storage.commit(juliet, [append(1, { undelivered: false }), append(2, { undelivered: false })])
      await storage.commit(juliet, [
        { write: 'undelivered', id: 1 },
        { write: 'undelivered', id: 1 },
        { write: 'undelivered', id: 3 },
      ])
      assert.deepEqual(await ids({ undelivered: true }), [1])
      assert.deepEqual(await ids({ undelivered: true, peer: 'romeo@example.net', archived: true }), [1])
      assert.deepEqual(await storage.logState(juliet), { last: 2, cursors: {}, undelivered: 1 })
    })

    test('a purge takes away what is old, the oldest first, but nothing that somebody must still get', async () => {
      const purge = (before: number, limit = 100) => storage.commit(juliet, [{ write: 'purge', before, limit }])
      await storage.commit(juliet, [
        append(1),
        append(2, { undelivered: false }),
        append(3, { undelivered: false, peer: 'nurse@example.com' }),
        append(4),
        append(5, { undelivered: false }),
        append(6),
      ])
      await purge(1)
      assert.deepEqual(await ids({ archived: true }), [1, 2, 3, 4, 5, 6])
      await purge(6, 2)
      assert.deepEqual(await ids({ archived: true }), [3, 4, 5, 6])
      assert.deepEqual(await ids(), [1, 3, 4, 5, 6])
      await purge(6)
      assert.deepEqual(await ids({ archived: true }), [6])
      assert.deepEqual(await ids({ peer: 'nurse@example.com', archived: true }), [])
      assert.deepEqual(await ids({ archived: false }), [1, 4])
      assert.equal((await storage.logState(juliet)).undelivered, 3)
      await storage.commit(juliet, [{ write: 'cursor', cursor: 'legacy', to: 6 }])
      assert.deepEqual(await ids(), [6])
      await purge(7)
      assert.deepEqual(await ids(), [])
      assert.deepEqual(await storage.logState(juliet), { last: 6, cursors: { legacy: 6 }, undelivered: 0 })
      await assert.rejects(async () => storage.commit(juliet, [append(6)]), StorageError)
      await storage.commit(juliet, [append(7)])
      assert.deepEqual(await ids({ peer: 'romeo@example.net', archived: true }), [7])
    })

    test('how far back so many archived entries reach', async () => {
      assert.equal(await storage.logBehind(juliet, 0), undefined)
      await storage.commit(juliet, [append(1), append(2), append(3, { archived: false }), append(4)])
      assert.equal(await storage.logBehind(juliet, 0), 4)
      assert.equal(await storage.logBehind(juliet, 1), 2)
      assert.equal(await storage.logBehind(juliet, 2), 1)
      assert.equal(await storage.logBehind(juliet, 3), undefined)
      await assert.rejects(storage.logBehind(juliet, -1), StorageError)
    })

    test('reads see what was handed over before them', async () => {
      void storage.commit(juliet, [contact('a'), append(1)])
      void storage.commit(juliet, [contact('b')])
      const rows = contacts()
      const state = storage.logState(juliet)
      const made = storage.create(`romeo@${host}`, 'account')
      const found = storage.find(`romeo@${host}`)
      assert.deepEqual(await rows, ['a', 'b'])
      assert.equal((await state).last, 1)
      assert.equal(await found, await made)
      void storage.remove(await made, 77)
      assert.equal(await storage.tombstone(`romeo@${host}`), 77)
    })

    test('a closed store keeps what was handed over and takes nothing more', async () => {
      const storage = await open()
      const juliet = await storage.create(`juliet@${host}`, 'account')
      const late = storage.commit(juliet, [contact('a')])
      const closed = storage.close()
      await late
      await closed
      await assert.rejects(async () => storage.commit(juliet, [contact('b')]), StorageError)
      await assert.rejects(storage.find(`juliet@${host}`), StorageError)
    })
  })
}
