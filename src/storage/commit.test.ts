import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowStore } from '../testing/slow-store.ts'
import { stray } from '../testing/stray.ts'
import { Commit } from './commit.ts'
import { append, shapes } from './contract.ts'
import { StorageError } from './storage.ts'

const broken = {
  kept() {
    throw new Error('a bug in what follows')
  },
  failed() {
    throw new Error('a bug in what follows a failure')
  },
}

test('whoever hears of a commit and throws keeps the word from nobody', async () => {
  for (const well of [true, false]) {
    const told: string[] = []
    const fine = { kept: () => void told.push('kept'), failed: () => void told.push('failed') }
    const caught = await stray(async () => {
      const commit = new Commit()
      for (const watcher of [fine, broken, fine]) commit.watch(watcher)
      if (well) commit.kept()
      else commit.failed(new StorageError('The disk is full.'))
    })
    assert.deepEqual(told, well ? ['kept', 'kept'] : ['failed', 'failed'])
    assert.equal(caught.length, 1)
  }
})

test('the store goes on though whoever hears of a commit throws', async () => {
  for (const well of [true, false]) {
    const disk = new SlowStore()
    const store = await disk.open(shapes)
    const owner = await store.create('a', 'account')
    disk.quick = false
    const caught = await stray(async () => {
      store.keep(owner, [append(1)])!.watch(broken)
      const beside = store.commit(owner, [append(2)])!.then(() => 'kept', String)
      while (!disk.waits) await new Promise(setImmediate)
      disk.quick = true
      if (well) disk.keep()
      else disk.fail(new StorageError('The disk is full.'))
      assert.match(await beside, well ? /kept/ : /full/)
      await store.commit(owner, [append(3)])
      await store.close()
    })
    assert.equal(caught.length, 1)
  }
})
