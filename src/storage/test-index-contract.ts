import assert from 'node:assert/strict'
import { after, before, beforeEach, describe, test } from 'node:test'
import { append } from './contract.ts'
import type { Indexed, OwnerId, Storage } from './storage.ts'
import { StorageError } from './storage.ts'

/** What every store keeps to when words are searched for: run on each of them. */
export function indexContract(name: string, open: () => Promise<Storage>): void {
  describe(`the contract of searching: ${name}`, () => {
    let storage: Storage
    let hosts = 0
    let juliet: OwnerId
    let romeo: OwnerId

    const ids = async (words: string[], range: Partial<Parameters<Storage['log']>[1]> = {}, owner = juliet) =>
      (await storage.log(owner, { limit: 100, archived: true, ...range, words })).map(({ id }) => id)
    const said = (id: number, text: string): Indexed => ({ id, words: text.split(' ') })
    const backwards = { last: true }

    before(async () => {
      storage = await open()
    })
    beforeEach(async () => {
      const host = `${++hosts}.example.com`
      juliet = await storage.create(`juliet@${host}`, 'account')
      romeo = await storage.create(`romeo@${host}`, 'account')
    })
    after(() => storage.close())

    test('entries are found by all of the words, whole or as beginnings', async () => {
      await storage.commit(juliet, [append(1), append(2), append(3), append(4)])
      assert.equal(await storage.indexed(juliet), 0)
      assert.deepEqual(await ids(['peace']), [])
      await storage.index(juliet, 4, [
        said(1, 'peace i hate the word'),
        said(2, 'peaceful'),
        said(4, 'the peace größe 日本 本語 😀 42'),
      ])
      assert.equal(await storage.indexed(juliet), 4)
      assert.deepEqual(await ids(['peace']), [1, 4])
      assert.deepEqual(await ids(['peace*']), [1, 2, 4])
      assert.deepEqual(await ids(['peace', 'the']), [1, 4])
      assert.deepEqual(await ids(['hat*', 'w*']), [1])
      assert.deepEqual(await ids(['hat']), [])
      for (const word of ['größe', 'grö*', '日本', '日*', '😀', '42', '4*']) assert.deepEqual(await ids([word]), [4])
      assert.deepEqual(await ids(['peace', 'nothing']), [])
      // Whatever means something to a database is a word like others.
      for (const word of ['or', 'and', 'not', 'near', 'words', 'rowid', 'null'])
        assert.deepEqual(await ids([word, `${word}*`]), [])
    })

    test('found entries are paged by their ids, both ways, and with one side of the conversation', async () => {
      for (let id = 1; id <= 30; id++)
        void storage.commit(juliet, [append(id * 10, { peer: id % 3 === 0 ? 'nurse@example.com' : 'r@example.com' })])
      const entries = Array.from({ length: 30 }, (_, at) =>
        said((at + 1) * 10, at % 2 === 0 ? 'odd love' : 'even love'),
      )
      await storage.log(juliet, { limit: 1 })
      await storage.index(juliet, 150, entries.slice(0, 15))
      await storage.index(juliet, 300, entries.slice(15))
      const odd = entries.filter((_, at) => at % 2 === 0).map(({ id }) => id)
      assert.deepEqual(await ids(['odd']), odd)
      assert.deepEqual(await ids(['odd'], backwards), odd)
      assert.deepEqual(await ids(['odd'], { limit: 2 }), [10, 30])
      assert.deepEqual(await ids(['odd'], { limit: 2, ...backwards }), [270, 290])
      assert.deepEqual(await ids(['odd'], { limit: 0 }), [])
      for (let at = 0; at < odd.length; at += 4) {
        const page = odd.slice(at, at + 4)
        assert.deepEqual(await ids(['lo*', 'odd'], { limit: 4, after: odd[at - 1] ?? 0 }), page)
        assert.deepEqual(await ids(['odd'], { limit: page.length, before: page.at(-1)! + 1, ...backwards }), page)
        assert.deepEqual(await ids(['odd'], { after: page[0]!, before: page.at(-1)! }), page.slice(1, -1))
      }
      // Bounds need not be entries, nor be anywhere near them.
      assert.deepEqual(await ids(['love'], { after: 44, before: 76 }), [50, 60, 70])
      assert.deepEqual(await ids(['love'], { after: 300 }), [])
      assert.deepEqual(await ids(['love'], { before: 10 }), [])
      assert.deepEqual(await ids(['love'], { after: 290, before: Number.MAX_SAFE_INTEGER }), [300])
      assert.deepEqual(await ids(['odd'], { peer: 'nurse@example.com' }), [30, 90, 150, 210, 270])
      assert.deepEqual(await ids(['odd'], { peer: 'nurse@example.com', limit: 2, ...backwards }), [210, 270])
      assert.deepEqual(await ids(['odd'], { peer: 'nurse@example.co' }), [])
      assert.deepEqual(await ids(['odd'], { undelivered: false }), [])
      assert.deepEqual(await ids(['odd'], { archived: false }), [])
    })

    test('an address that is very long is the right one all the same', async () => {
      const long = (end: string) => `${'x'.repeat(200)}${end}@example.com`
      await storage.commit(juliet, [append(1, { peer: long('a') }), append(2, { peer: long('b') })])
      await storage.index(juliet, 2, [said(1, 'love'), said(2, 'love')])
      assert.deepEqual(await ids(['love'], { peer: long('b') }), [2])
    })

    test('nobody finds what others were told, whatever they ask for', async () => {
      await storage.commit(juliet, [append(1)])
      await storage.commit(romeo, [append(1), append(2)])
      await storage.index(juliet, 1, [said(1, 'secret')])
      await storage.index(romeo, 2, [said(1, 'open'), said(2, 'secrecy')])
      assert.deepEqual(await ids(['secret']), [1])
      assert.deepEqual(await ids(['secret'], {}, romeo), [])
      assert.deepEqual(await ids(['secre*'], {}, romeo), [2])
      // Numbers of owners begin like other numbers, and words like those.
      for (let number = 0; number < 12; number++) {
        const owner = await storage.create(`n${number}@${hosts}.example.com`, 'account')
        await storage.commit(owner, [append(1)])
        await storage.index(owner, 1, [said(1, `${number} x${number}`)])
        for (const word of ['1*', '0x*', 'x*', '2x0*', `${number}*`])
          assert.deepEqual(
            await ids([word], {}, owner),
            word.startsWith('x') || String(number).startsWith(word.slice(0, -1)) ? [1] : [],
          )
      }
      assert.deepEqual(await ids(['secret'], {}, 10_000_000), [])
    })

    test('what is not archived, not there, or not behind what was indexed is left out', async () => {
      await storage.commit(juliet, [append(1), append(2, { archived: false }), append(4), append(5)])
      await storage.index(juliet, 4, [said(1, 'a'), said(2, 'a'), said(3, 'a'), said(4, 'a')])
      assert.deepEqual(await ids(['a']), [1, 4])
      await storage.index(juliet, 4, [said(1, 'b'), said(4, 'b')])
      await storage.index(juliet, 3, [])
      assert.deepEqual(await ids(['b']), [])
      assert.equal(await storage.indexed(juliet), 4)
      await storage.index(juliet, 5, [said(5, 'b')])
      assert.deepEqual(await ids(['b']), [5])
      await storage.index(juliet, 9, [])
      assert.equal(await storage.indexed(juliet), 9)
    })

    test('what is purged is not found any more, delivered or not, and what comes later is', async () => {
      await storage.commit(juliet, [append(1), append(2, { undelivered: false }), append(3), append(4)])
      await storage.commit(romeo, [append(1)])
      await storage.index(juliet, 3, [said(1, 'a'), said(2, 'a'), said(3, 'a')])
      await storage.index(romeo, 1, [said(1, 'a')])
      await storage.commit(juliet, [{ write: 'purge', before: 3, limit: 100 }])
      assert.deepEqual(await ids(['a']), [3])
      await storage.commit(juliet, [{ write: 'purge', before: 5, limit: 1 }])
      assert.deepEqual(await ids(['a']), [])
      await storage.commit(juliet, [append(5)])
      await storage.index(juliet, 5, [said(4, 'a'), said(5, 'a')])
      assert.deepEqual(await ids(['a']), [4, 5])
      assert.deepEqual(await ids(['a'], {}, romeo), [1])
    })

    test('a purge and an index at once leave nothing to be found that is not there', async () => {
      await storage.commit(juliet, [append(1), append(2)])
      await Promise.all([
        storage.commit(juliet, [{ write: 'purge', before: 2, limit: 100 }]),
        storage.index(juliet, 2, [said(1, 'a'), said(2, 'a')]),
        storage.commit(juliet, [append(3)]),
      ])
      assert.deepEqual(await ids(['a']), [2])
      await Promise.all([
        storage.index(juliet, 3, [said(3, 'a')]),
        storage.commit(juliet, [{ write: 'purge', before: 4, limit: 100 }]),
      ])
      assert.deepEqual(await ids(['a']), [])
    })

    test('with an owner goes all that it could find', async () => {
      await storage.commit(juliet, [append(1)])
      await storage.index(juliet, 1, [said(1, 'a')])
      await storage.remove(juliet, 77)
      assert.equal(await storage.indexed(juliet), 0)
      assert.deepEqual(await ids(['a']), [])
      await assert.rejects(storage.index(juliet, 2, [said(1, 'b')]), StorageError)
      const again = await storage.create(`juliet@${hosts}.example.com`, 'account')
      await storage.commit(again, [append(1)])
      assert.deepEqual(await ids(['a'], {}, again), [])
    })

    test('an index that fails fails nothing else of its owner', async () => {
      const settled = await Promise.allSettled([
        storage.commit(juliet, [append(1)]),
        storage.index(juliet + 1_000_000, 1, [said(1, 'a')]),
        storage.commit(juliet, [append(2)]),
        storage.index(juliet, 2, [said(1, 'a')]),
      ])
      assert.deepEqual(
        settled.map(({ status }) => status),
        ['fulfilled', 'rejected', 'fulfilled', 'fulfilled'],
      )
      assert.deepEqual(await ids(['a']), [1])
    })

    test('what is no word is neither indexed nor asked for', async () => {
      await storage.commit(juliet, [append(1)])
      for (const word of ['', 'A', 'a b', '"', "a'", 'a-b', 'a:b', '(', '^', '\0', '\n', 'x'.repeat(101)]) {
        await assert.rejects(storage.index(juliet, 1, [{ id: 1, words: ['a', word] }]), StorageError, word)
        await assert.rejects(ids([word]), StorageError, word)
        await assert.rejects(ids([`${word}*`]), StorageError, word)
      }
      await assert.rejects(ids(['a**']), StorageError)
      await assert.rejects(ids([]), StorageError)
      await assert.rejects(ids(new Array(101).fill('a')), StorageError)
      await assert.rejects(storage.index(juliet, 0.5, []), StorageError)
      await assert.rejects(storage.index(juliet, 1, [{ id: 0.5, words: [] }]), StorageError)
      assert.equal(await storage.indexed(juliet), 0)
      await storage.index(juliet, 1, [{ id: 1, words: Array.from({ length: 100 }, (_, at) => `w${at}`) }])
      assert.deepEqual(await ids(Array.from({ length: 100 }, (_, at) => `w${at}*`)), [1])
    })
  })
}
