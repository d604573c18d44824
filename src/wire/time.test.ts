import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed } from './errors.ts'
import { readDate, readDateTime, readTime, writeDate, writeDateTime, writeTime } from './time.ts'

test('the examples of XEP-0082', () => {
  assert.equal(readDate('1776-07-04').getTime(), Date.UTC(1776, 6, 4))
  assert.equal(writeDate(new Date(Date.UTC(1776, 6, 4, 23))), '1776-07-04')
  const moon = Date.UTC(1969, 6, 21, 2, 56, 15)
  assert.equal(readDateTime('1969-07-21T02:56:15Z').getTime(), moon)
  assert.equal(readDateTime('1969-07-20T21:56:15-05:00').getTime(), moon)
  assert.equal(writeDateTime(new Date(moon)), '1969-07-21T02:56:15Z')
  assert.deepEqual(readTime('16:00:00'), { milliseconds: 57_600_000 })
  assert.equal(writeTime({ milliseconds: 57_600_000 }), '16:00:00')
})

test('fractions of a second and zones', () => {
  const moment = Date.UTC(2024, 1, 29, 12, 0, 0)
  for (const [text, value] of [
    ['2024-02-29T12:00:00.5Z', moment + 500],
    ['2024-02-29T12:00:00.001Z', moment + 1],
    ['2024-02-29T12:00:00.123456789Z', moment + 123],
    ['2024-02-29T12:00:00.9999+00:00', moment + 999],
    ['2024-02-29T13:30:00+01:30', moment],
    ['2024-02-28T22:00:00-14:00', moment],
    ['2024-02-28T24:00:00Z', moment - 43_200_000],
    ['0001-01-01T00:00:00Z', Date.parse('0001-01-01T00:00:00Z')],
    ['9999-12-31T23:59:59.999Z', Date.parse('9999-12-31T23:59:59.999Z')],
  ] as const)
    assert.equal(readDateTime(text).getTime(), value, text)
  assert.equal(writeDateTime(new Date(moment + 1)), '2024-02-29T12:00:00.001Z')
  for (const text of ['0000-01-01T00:00:00Z', '0099-12-31T00:00:00.500Z', '9999-12-31T23:59:59.999Z'])
    assert.equal(writeDateTime(readDateTime(text)), text)
})

test('what is no date and time is refused', () => {
  for (const text of [
    '',
    'now',
    '2024-02-29',
    '2024-02-29T12:00:00',
    '2024-02-29t12:00:00Z',
    '2024-02-29 12:00:00Z',
    '2024-02-29T12:00:00z',
    '2024-02-29T12:00Z',
    '2024-02-29T12:00:00.Z',
    '2024-02-29T12:00:00Z ',
    ' 2024-02-29T12:00:00Z',
    '2024-02-29T12:00:00+1:00',
    '2024-02-29T12:00:00+0100',
    '2024-02-29T12:00:00+14:01',
    '2024-02-29T12:00:00+01:60',
    '2024-02-29T24:00:01Z',
    '2024-02-29T25:00:00Z',
    '2024-02-29T12:60:00Z',
    '2024-02-29T12:00:60Z',
    '2023-02-29T12:00:00Z',
    '1900-02-29T12:00:00Z',
    '2024-00-01T12:00:00Z',
    '2024-13-01T12:00:00Z',
    '2024-01-00T12:00:00Z',
    '2024-01-32T12:00:00Z',
    '2024-1-01T12:00:00Z',
    '+2024-01-01T12:00:00Z',
    '12024-01-01T12:00:00Z',
    '20240229T12:00:00',
    '٢٠٢٤-02-29T12:00:00Z',
  ])
    assert.throws(() => readDateTime(text), Malformed, JSON.stringify(text))
  for (const text of ['', '2024-02-30', '2024-2-3', '2024-02-29Z', '20240229', '2024/02/29'])
    assert.throws(() => readDate(text), Malformed, JSON.stringify(text))
})

test('times of day', () => {
  for (const [text, milliseconds, offset] of [
    ['00:00:00', 0, undefined],
    ['23:59:59.999', 86_399_999, undefined],
    ['16:00:00Z', 57_600_000, 0],
    ['16:00:00+05:30', 57_600_000, 330],
    ['16:00:00-03:00', 57_600_000, -180],
  ] as const) {
    const time = offset === undefined ? { milliseconds } : { milliseconds, offset }
    assert.deepEqual(readTime(text), time, text)
    assert.equal(writeTime(time), text)
  }
  assert.deepEqual(readTime('24:00:00'), { milliseconds: 0 })
  for (const text of [
    '',
    '16:00',
    '16:00:00 ',
    '16:00:00+5',
    '24:00:01',
    '1:00:00',
    '16:00:00.',
    '16-00-00',
    '16:00:00Zx',
  ])
    assert.throws(() => readTime(text), Malformed, JSON.stringify(text))
})

test('what cannot be written is a mistake of the program', () => {
  assert.throws(() => writeDateTime(new Date(Number.NaN)), RangeError)
  assert.throws(() => writeDateTime(new Date(Date.UTC(10_000, 0))), RangeError)
  assert.throws(() => writeDateTime(new Date(-1e14)), RangeError)
  assert.throws(() => writeTime({ milliseconds: 86_400_000 }), RangeError)
  assert.throws(() => writeTime({ milliseconds: 0, offset: 841 }), RangeError)
})
