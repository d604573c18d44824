import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'
import { Jid } from '../wire/jid.ts'
import { text, textKind } from '../wire/kinds.ts'
import { feature } from './feature.ts'
import { put, table } from './table.ts'

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

test('of changes that cannot be written, by a bug, memory keeps none', async () => {
  const odd = textKind('odd', String, value => {
    if (value === 'bad') throw new TypeError('a bug')
    return value
  })
  const things = table('things', { name: text, value: odd }, ['name'], { loaded: true })
  const house = await testServer({ features: [feature({ name: 'things', tables: [things], start: () => [] })] })
  const { owners } = house.server.hosts.get('localhost')!
  const owner = await owners.create(Jid.parse('juliet@localhost'))
  const values = () => [...owner.rows(things).values()].map(({ value }) => value)
  await owner.commit(put(things, { name: 'a', value: 'good' }))
  const bad = () => owner.commit(put(things, { name: 'b', value: 'good' }), put(things, { name: 'a', value: 'bad' }))
  assert.throws(bad, /a bug/)
  assert.equal(await owners.find(owner.address), owner)
  assert.deepEqual(values(), ['good'])
  await house.stop()
})
