import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Seal } from './ids.ts'

test('the cipher is the one that was published', () => {
  const seal = new Seal([0x03020100, 0x0b0a0908, 0x13121110, 0x1b1a1918])
  assert.deepEqual(seal.encrypt(0x3b726574, 0x7475432d), [0x8c6fa548, 0x454e028b])
})

test('ids come back, and neighbours look like strangers', () => {
  const seal = Seal.of('abcdefghijklmnopqrstuvwx')
  const ids = [1, 2, 3, 2 ** 32 - 1, 2 ** 32, 1_700_000_000_000_000, 1_700_000_000_000_001, Number.MAX_SAFE_INTEGER]
  const sealed = ids.map(id => seal.close(id))
  assert.deepEqual(
    sealed.map(text => seal.open(text)),
    ids,
  )
  assert.equal(new Set(sealed.map(text => text.slice(0, 4))).size, ids.length)
  for (const text of sealed) assert.match(text, /^[0-9a-f]{16}$/)
})

test('every character of the secret counts', () => {
  const secret = 'abcdefghijklmnopqrstuvwx'
  const seen = new Set([Seal.of(secret).close(1)])
  for (let at = 0; at < secret.length; at++)
    seen.add(Seal.of(`${secret.slice(0, at)}_${secret.slice(at + 1)}`).close(1))
  assert.equal(seen.size, secret.length + 1)
})

test('what no seal has closed is no id', () => {
  const seal = Seal.of('abcdefghijklmnopqrstuvwx')
  const closed = seal.close(1_700_000_000_000_000)
  for (const text of [
    '',
    'a',
    closed.slice(1),
    `${closed}0`,
    closed.toUpperCase(),
    ` ${closed.slice(1)}`,
    'ghijklmnopqrstuv',
  ])
    assert.equal(seal.open(text), undefined, text)
  // Of all that have the form, few are ids at all: 53 bits of 64.
  let numbers = 0
  for (let at = 0; at < 1000; at++) if (seal.open(at.toString(16).padStart(16, '0')) !== undefined) numbers++
  assert.ok(numbers < 20, String(numbers))
})
