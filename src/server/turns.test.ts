import assert from 'node:assert/strict'
import { test } from 'node:test'
import { stray } from '../testing/stray.ts'
import { both, Turns } from './turns.ts'

function later(): { promise: Promise<void>; resolve: () => void; reject: (error: unknown) => void } {
  return Promise.withResolvers<void>()
}

test('steps are taken in the order in which they were queued, however their waits end', async () => {
  const turns = new Turns()
  const taken: number[] = []
  const [first, second] = [later(), later()]
  const step = (n: number) => () => {
    taken.push(n)
    return undefined
  }
  const all = [
    turns.after(first.promise, step(1)),
    turns.after(second.promise, step(2)),
    turns.after(undefined, step(3)),
  ]
  assert.equal(turns.idle, false)
  second.resolve()
  await second.promise
  assert.deepEqual(taken, [])
  first.resolve()
  await Promise.all(all)
  assert.deepEqual(taken, [1, 2, 3])
  assert.equal(turns.idle, true)
})

test('a step whose wait failed is left out, and the others are taken', async () => {
  const turns = new Turns()
  const wait = later()
  const failed = turns.after(wait.promise, () => assert.fail('taken after its wait failed'))
  const next = turns.after(undefined, () => undefined)
  wait.reject(new Error('disk full'))
  await assert.rejects(failed, /disk full/)
  await next
})

test('a step that throws rejects its own receipt only', async () => {
  const turns = new Turns()
  const broken = turns.after(undefined, () => {
    throw new Error('bug')
  })
  await assert.rejects(broken, /bug/)
  await turns.after(undefined, () => undefined)
})

test('whoever is told how a step ended and throws stops no other step', async () => {
  const turns = new Turns()
  const taken: number[] = []
  const wait = later()
  const step = (n: number) => () => void taken.push(n)
  const bug = () => {
    throw new Error('a bug in what follows')
  }
  const caught = await stray(async () => {
    turns.queue(wait.promise, step(1), bug)
    turns.queue(undefined, bug, bug)
    turns.queue(Promise.reject(new Error('disk full')), step(2), bug)
    turns.queue(undefined, step(3), () => undefined)
    wait.resolve()
  })
  assert.deepEqual(taken, [1, 3])
  assert.equal(caught.length, 3)
  assert.equal(turns.idle, true)
})

test('the receipt waits for what the step hands on', async () => {
  const turns = new Turns()
  const downstream = later()
  let settled = false
  const receipt = turns
    .after(undefined, () => downstream.promise)
    .then(() => {
      settled = true
    })
  await Promise.resolve()
  assert.equal(settled, false)
  assert.equal(turns.idle, true, 'the order does not wait for it')
  downstream.resolve()
  await receipt
  assert.equal(settled, true)
})

test('a step queued by a step comes after those that waited before it', async () => {
  const turns = new Turns()
  const wait = later()
  const taken: string[] = []
  const inner: Promise<void>[] = []
  const step = (name: string) => () => {
    taken.push(name)
    return undefined
  }
  const first = turns.after(wait.promise, () => {
    inner.push(turns.after(undefined, step('inner')))
    taken.push('first')
    return undefined
  })
  const second = turns.after(undefined, step('second'))
  wait.resolve()
  await Promise.all([first, second])
  await Promise.all(inner)
  assert.deepEqual(taken, ['first', 'second', 'inner'])
})

test('many steps are let go while the queue never runs empty', async () => {
  const turns = new Turns()
  let sum = 0
  let last = Promise.resolve()
  const count = () => {
    sum++
    return undefined
  }
  for (let i = 0; i < 5000; i++) last = turns.after(Promise.resolve(), count)
  await last
  assert.equal(sum, 5000)
  assert.equal(turns.length, 0)
})

test('both is nothing, one of them, or when both have settled', async () => {
  const one = Promise.resolve()
  assert.equal(both(undefined, undefined), undefined)
  assert.equal(both(one, undefined), one)
  assert.equal(both(undefined, one), one)
  await both(one, Promise.resolve())
  await assert.rejects(both(one, Promise.reject(new Error('no')))!, /no/)
})
