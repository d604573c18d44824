import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'
import { Jid } from '../wire/jid.ts'

test('an account that is looked for while it is being made is one and the same', async () => {
  const house = await testServer()
  const { owners } = house.server.hosts.get('localhost')!
  for (const turns of [0, 1, 2, 3, 5]) {
    const address = Jid.parse(`juliet${turns}@localhost`)
    const making = owners.create(address)
    for (let turn = 0; turn < turns; turn++) await Promise.resolve()
    const looking = [owners.find(address), new Promise(setImmediate).then(() => owners.find(address))]
    const made = await making
    const found = await Promise.all(looking)
    assert.ok(found.every(one => one === made || one === undefined))
    assert.equal(owners.loaded(address), made)
    assert.equal(await owners.find(address), made)
  }
  await house.stop()
})
