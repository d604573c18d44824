import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'
import { SlowStore } from '../testing/slow-store.ts'
import { Jid } from '../wire/jid.ts'
import { legacyCursor, type Owner } from './owner.ts'

const romeo = Jid.parse('romeo@localhost')

test('what is kept next is behind all cursors, though the clock stands still and what they passed was not kept', async () => {
  const { open } = new SlowStore()
  // Each server begins at the same time.
  const started = async () => {
    const house = await testServer({ storage: open })
    const owners = house.server.hosts.get('localhost')!.owners
    return { house, owners }
  }
  const first = await started()
  await first.house.addUser(romeo.full)
  const before = (await first.owners.find(romeo)) as Owner
  const passed = before.nextId()
  await before.commit({ cursor: legacyCursor, to: passed, taken: 0 })
  await first.owners.reload(before)
  assert.ok(before.nextId() > passed)
  await first.house.stop()
  const second = await started()
  const after = (await second.owners.find(romeo)) as Owner
  assert.ok(after.nextId() > passed)
  await second.house.stop()
})
