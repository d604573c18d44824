import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Management } from './management.ts'
import { Outbox } from './outbox.ts'

function managed(sent: number, received = 0): { outbox: Outbox<number>; management: Management } {
  const outbox = new Outbox<number>()
  const management = new Management('id', 0, outbox, received)
  for (let i = 0; i < sent; i++) outbox.add(i, 1)
  return { outbox, management }
}

test('what is acknowledged leaves the outbox, and what is not stays in order', () => {
  const { outbox, management } = managed(5)
  assert.equal(management.acknowledge(3), true)
  assert.deepEqual(outbox.waiting(), [3, 4])
})

test('a count that goes back changes nothing', () => {
  const { outbox, management } = managed(5)
  management.acknowledge(4)
  assert.equal(management.acknowledge(2), true)
  assert.equal(management.acknowledge(0), true)
  assert.deepEqual(outbox.waiting(), [4])
})

test('more than was sent is refused (XEP-0198 §6)', () => {
  const { outbox, management } = managed(5)
  assert.equal(management.acknowledge(6), false)
  assert.equal(outbox.length, 5)
})

test('h counts from where it was enabled, and never below zero', () => {
  const { management } = managed(0, 7)
  assert.equal(management.told(5), 0, 'what came before and is still being handled does not count')
  assert.equal(management.told(9), 2)
})

test('both counters begin again behind 2^32 - 1 (XEP-0198 §4)', () => {
  const { outbox, management } = managed(0)
  outbox.sent = outbox.acknowledged = 2 ** 32 - 2
  for (const item of [1, 2, 3]) outbox.add(item, 1)
  assert.equal(management.sent, 1)
  assert.equal(management.acknowledge(0), true)
  assert.deepEqual(outbox.waiting(), [3])
  assert.equal(management.told(2 ** 32 + 4), 4)
})
