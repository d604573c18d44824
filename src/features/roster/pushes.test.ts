import assert from 'node:assert/strict'
import { test } from 'node:test'
import { StorageError } from '../../storage/storage.ts'
import { collect } from '../../testing/collect.ts'
import { testServer } from '../../testing/server.ts'
import { SlowStore } from '../../testing/slow-store.ts'

test('nobody hears of a change that is not stored yet, and may never be', async () => {
  const disk = new SlowStore()
  const house = await testServer({ storage: disk.open })
  const juliet = await house.connect('juliet@localhost/balcony')
  juliet.send('<iq type="get" id="roster"><query xmlns="jabber:iq:roster"/></iq>')
  await collect(juliet)
  disk.quick = false
  for (const name of ['romeo', 'paris']) {
    juliet.send(
      `<iq type="set" id="${name}"><query xmlns="jabber:iq:roster"><item jid="${name}@localhost"/></query></iq>`,
    )
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
  }
  disk.keep()
  while (!disk.waits) await new Promise(setImmediate)
  disk.fail(new StorageError('The disk is full.'))
  disk.quick = true
  const told = (await collect(juliet)).map(
    one => one.elements[0]?.child('item')?.attribute('jid') ?? one.attribute('id'),
  )
  assert.deepEqual(told, ['romeo@localhost', 'romeo', 'paris'])
  await house.stop()
})
