import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NodeTimers, nodeClock } from './node-timers.ts'

test('turns run together, once, after what can be read now', async () => {
  const timers = new NodeTimers()
  const order: string[] = []
  const original = globalThis.setImmediate
  let immediates = 0
  globalThis.setImmediate = ((fn: () => void) => {
    immediates++
    return original(fn)
  }) as typeof setImmediate
  try {
    timers.turn(() => {
      order.push('a')
      timers.turn(() => order.push('next'))
    })
    timers.turn(() => order.push('b'))
    assert.equal(immediates, 1)
    assert.deepEqual(order, [])
    await new Promise(resolve => original(resolve))
    assert.deepEqual(order, ['a', 'b'])
    await new Promise(resolve => original(resolve))
    assert.deepEqual(order, ['a', 'b', 'next'])
    assert.equal(immediates, 2)
  } finally {
    globalThis.setImmediate = original
  }
})

test('a turn that throws does not take the others with it', async () => {
  const original = globalThis.setImmediate
  const scheduled: (() => void)[] = []
  globalThis.setImmediate = ((fn: () => void) => scheduled.push(fn)) as unknown as typeof setImmediate
  try {
    const timers = new NodeTimers()
    const order: string[] = []
    timers.turn(() => {
      throw new Error('fault')
    })
    timers.turn(() => order.push('b'))
    timers.turn(() => order.push('c'))
    assert.throws(() => scheduled.shift()!(), /fault/)
    assert.equal(scheduled.length, 1)
    scheduled.shift()!()
    assert.deepEqual(order, ['b', 'c'])
    assert.equal(scheduled.length, 0)
  } finally {
    globalThis.setImmediate = original
  }
})

test('timers fire once, can be cancelled, and a month is a month', t => {
  t.mock.timers.enable({ apis: ['setTimeout'] })
  const timers = new NodeTimers()
  const fired: string[] = []
  timers.after(10, () => fired.push('ten'))
  timers.cancel(timers.after(5, () => fired.push('never')))
  timers.cancel(undefined)
  const month = 30 * 86_400_000
  timers.after(month, () => fired.push('month'))
  const gone = timers.after(month, () => fired.push('never'))
  t.mock.timers.tick(10)
  assert.deepEqual(fired, ['ten'])
  t.mock.timers.tick(2 ** 31 - 1)
  timers.cancel(gone)
  t.mock.timers.tick(month - 2 ** 31 + 1) // the mock's clock is ahead while it ticks
  assert.deepEqual(fired, ['ten', 'month'])
  t.mock.timers.tick(month)
  assert.deepEqual(fired, ['ten', 'month'])
})

test('the clock that never goes back does not', () => {
  const before = nodeClock.elapsed()
  assert.ok(nodeClock.elapsed() >= before)
  assert.ok(Math.abs(nodeClock.now() - Date.now()) < 1000)
})
