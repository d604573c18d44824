import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Malformed } from './errors.ts'
import { Jid } from './jid.ts'
import { base64, bool, date, int, intBetween, jid, type Kind, list, name, oneOf, text, whole } from './kinds.ts'

function reads<T>(kind: Kind<T>, good: readonly (readonly [string, T])[], bad: readonly string[]): void {
  for (const [written, value] of good) {
    assert.deepEqual(kind.read(written), value, `${kind.name}: ${written}`)
    assert.deepEqual(kind.read(kind.write(value)), value)
    const cell = kind.toCell(value)
    const type = { text: 'string', integer: 'number', blob: 'object' }[kind.column]
    assert.equal(typeof cell, type)
    assert.deepEqual(kind.fromCell(cell), value)
  }
  for (const written of bad)
    assert.throws(() => kind.read(written), Malformed, `${kind.name}: ${JSON.stringify(written)}`)
}

test('kinds read what they write, and refuse the rest', () => {
  reads(
    text,
    [
      ['', ''],
      [' a\n', ' a\n'],
    ],
    [],
  )
  reads(name, [['a', 'a']], [''])
  reads(
    int,
    [
      ['0', 0],
      ['-0', 0],
      ['+5', 5],
      ['-12', -12],
      ['007', 7],
      ['9007199254740991', Number.MAX_SAFE_INTEGER],
    ],
    ['', '-', '+', ' 1', '1 ', '1.0', '1e3', '0x1', '--1', 'one', '9007199254740992', '-9007199254740992', '٣'],
  )
  reads(
    whole,
    [
      ['0', 0],
      ['12', 12],
    ],
    ['-1', 'x'],
  )
  reads(
    intBetween(-3, 3),
    [
      ['-3', -3],
      ['3', 3],
    ],
    ['-4', '4'],
  )
  reads(
    bool,
    [
      ['true', true],
      ['1', true],
      ['false', false],
      ['0', false],
    ],
    ['', 'yes', 'TRUE', '2', 'true '],
  )
  reads(date, [['2024-02-29T12:00:00Z', new Date(Date.UTC(2024, 1, 29, 12))]], ['', '2024-02-29', '1709208000000'])
  reads(jid, [['a@b.c/d', Jid.parse('a@b.c/d')]], ['', '@b'])
  reads(
    base64,
    [
      ['', new Uint8Array()],
      ['AQI=', new Uint8Array([1, 2])],
      ['AQ\r\n ID\tBA==', new Uint8Array([1, 2, 3, 4])],
    ],
    ['A', 'AQI', 'AQ-_', 'AQI=AQI=', '====', '\u0100AAA'],
  )
  reads(oneOf('none', 'to', 'from', 'both'), [['to', 'to']], ['', 'To', 'neither'])
  reads(
    list(int),
    [
      ['[]', []],
      ['["1","-2"]', [1, -2]],
    ],
    ['', '1', '[1]', '["x"]', '{}', '["1"'],
  )
})

test('cells of the wrong type, and out of bounds, are refused', () => {
  assert.throws(() => base64.fromCell('AQI='), Malformed)
  assert.throws(() => whole.fromCell(-1), Malformed)
  assert.equal(date.toCell(new Date(5)), 5)
  assert.equal(bool.toCell(true), 1)
  assert.equal(bool.fromCell(0), false)
})
