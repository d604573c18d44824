import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Outbox } from './outbox.ts'

test('what is acknowledged leaves in order, the rest waits', () => {
  const outbox = new Outbox<string>()
  outbox.add('a', 10)
  outbox.add('b', 20)
  outbox.add('c', 30)
  assert.equal(outbox.acknowledge(2), 2)
  assert.deepEqual(outbox.waiting(), ['c'])
  assert.equal(outbox.bytes, 30)
})

test('a count that goes back, or says more than was sent, acknowledges nothing', () => {
  const outbox = new Outbox<string>()
  outbox.add('a', 1)
  outbox.add('b', 1)
  assert.equal(outbox.acknowledge(1), 1)
  assert.equal(outbox.acknowledge(1), 0)
  assert.equal(outbox.acknowledge(0), 0)
  assert.equal(outbox.acknowledge(3), 0)
  assert.deepEqual(outbox.waiting(), ['b'])
})

test('what is before the bytes that may still be on their way has arrived', () => {
  const outbox = new Outbox<string>()
  for (const item of ['a', 'b', 'c']) outbox.add(item, 10)
  outbox.within(30)
  assert.deepEqual(outbox.waiting(), ['a', 'b', 'c'])
  outbox.within(21)
  assert.deepEqual(outbox.waiting(), ['a', 'b', 'c'], 'of the first one something is missing')
  outbox.within(11)
  assert.deepEqual(outbox.waiting(), ['b', 'c'])
  outbox.within(10)
  assert.deepEqual([outbox.waiting(), outbox.bytes, outbox.acknowledged], [['c'], 10, 2])
  outbox.within(0)
  assert.deepEqual([outbox.waiting(), outbox.bytes], [[], 0])
  outbox.within(0)
})

test('cleared, it counts on', () => {
  const outbox = new Outbox<string>()
  outbox.add('a', 5)
  outbox.clear()
  assert.equal(outbox.bytes, 0)
  outbox.add('b', 5)
  assert.equal(outbox.sent, 2)
  assert.equal(outbox.acknowledge(2), 1)
})

test('take hands over what waits, once', () => {
  const outbox = new Outbox<string>()
  outbox.add('a', 1)
  outbox.add('b', 1)
  assert.deepEqual(outbox.take(), ['a', 'b'])
  assert.deepEqual(outbox.take(), [])
})

test('what was handed over before it counted is confirmed apart, and taken out with the rest, before it', async () => {
  const first = new Outbox<string>()
  for (const item of ['a', 'b']) first.add(item, 1)
  const arrived = first.arrived()
  const outbox = new Outbox(0, first)
  outbox.add('c', 1)
  assert.deepEqual([outbox.sent, outbox.bytes, outbox.waiting()], [1, 1, ['c']])
  assert.deepEqual([outbox.takeBefore(), outbox.takeBefore(), await arrived], [['a', 'b'], [], false])
  first.add('d', 1)
  const second = new Outbox(0, first)
  second.clearBefore()
  assert.deepEqual([second.takeBefore(), first.length], [[], 0])
  first.add('e', 1)
  const third = new Outbox(0, first)
  third.add('f', 1)
  assert.deepEqual(third.take(), ['e', 'f'])
})
