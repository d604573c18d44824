import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Composed } from './composed.ts'

test('a value is made once for the same parts, and another one for others', () => {
  const composed = new Composed<{ text: string }>()
  let count = 0
  const of = (...parts: unknown[]) => composed.of(parts, () => ({ text: `${++count}` }))
  const [one, other] = [{}, {}]
  assert.equal(of(one, other), of(one, other))
  assert.notEqual(of(one), of(one, other))
  assert.notEqual(of(other, one), of(one, other))
  assert.notEqual(of({}), of({}))
  assert.equal(of(), of())
  assert.equal(count, 6)
})

test('it forgets rather than grow', () => {
  const composed = new Composed<object>()
  const first = composed.of([0], () => ({}))
  for (let i = 1; i < 100; i++) composed.of([i], () => ({}))
  assert.notEqual(
    composed.of([0], () => ({})),
    first,
  )
})

test('a list that changes afterwards stands for what it was', () => {
  const composed = new Composed<object>()
  const parts = ['a']
  const made = composed.of(parts, () => ({}))
  parts.push('b')
  assert.equal(
    composed.of(['a'], () => ({})),
    made,
  )
})
