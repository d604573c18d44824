import assert from 'node:assert/strict'
import { test } from 'node:test'
import { address, endpoint, list, oneOf, size, text, time, whole, within, wordOr, writtenValue, yes } from './config.ts'
import { nearest } from './nearest.ts'

test('each kind reads what it says', () => {
  assert.equal(text.read('x'), 'x')
  assert.equal(whole.read(0), 0)
  assert.equal(yes.read(false), false)
  assert.equal(time.read(1.5), 1500)
  assert.deepEqual(
    ['500ms', '30s', '10m', '2h', '7d', '0.5s'].map(time.read),
    [500, 30_000, 600_000, 7_200_000, 604_800_000, 500],
  )
  assert.deepEqual([7, '64KiB', '10 MiB', '1gib', '5B'].map(size.read), [7, 65_536, 10_485_760, 2 ** 30, 5])
  assert.equal(address.read('romeo@example.org').local, 'romeo')
  assert.deepEqual(endpoint.read('[::1]:5222'), { host: '::1', port: 5222 })
  assert.deepEqual(list(whole).read([1, 2]), [1, 2])
  assert.equal(oneOf('red', 'blue').read('blue'), 'blue')
  const either = wordOr('auto', time)
  assert.deepEqual([either.read('auto'), either.read('2s')], ['auto', 2000])
  assert.deepEqual([writtenValue(either, 'auto'), writtenValue(either, 2000)], ['"auto"', '"2s"'])
  assert.equal(within(time, 1000, 2000, 'from 1 s to 2 s').read('2s'), 2000)
})

test('nothing is written without a unit', () => {
  for (const kind of [time, size]) {
    assert.equal(writtenValue(kind, 0), '0')
    assert.equal(kind.read(0), 0)
  }
  assert.equal(writtenValue(time, 1500), '"1500ms"')
})

test('each kind refuses what does not fit, saying what would', () => {
  const wrong: [{ read(value: unknown): unknown }, unknown, RegExp][] = [
    [text, '', /^must be text, such as "some words", not ""$/],
    [text, 5, /not 5$/],
    [whole, 1.5, /a whole number/],
    [whole, '1', /not "1"$/],
    [yes, 'true', /true or false/],
    [time, '30', /such as "30s"/],
    [time, '30 parsecs', /not "30 parsecs"/],
    [time, -1, /not -1/],
    [time, '3 constructor', /a time/],
    [size, '64KB', /KiB/],
    [size, Number.NaN, /NaN/],
    [address, 'a@@b', /an address/],
    [endpoint, '::1:5222', /an IP address with a port/],
    [endpoint, '[1.2.3.4]:5222', /an IP/],
    [endpoint, '1.2.3.400:5222', /an IP/],
    [endpoint, '1.2.3.4:70000', /an IP/],
    [endpoint, 'example.org:5222', /an IP/],
    [list(whole), 5, /a list, each a whole number/],
    [within(whole, 1, 64, 'from 1 to 64'), 0, /^must be a whole number, from 1 to 64, such as 64, not 0$/],
    [within(time, 60_000, 3_600_000, 'from one minute'), 1, /, from one minute, such as "1m", not 1$/],
    [list(whole), [1, 'x'], /a whole number, 0 or more, such as 100, not "x"/],
    [list(whole), Array(1001).fill(1), /not a list/],
    [oneOf('red', 'blue'), 'rde', /^must be one of "red", "blue", such as "red", not "rde"$/],
    [within(whole, 1, 5, 'from 1 to 5'), 6, /from 1 to 5/],
    [
      wordOr('auto', within(whole, 1, 5, 'from 1 to 5')),
      0,
      /^must be "auto", or a whole number.* from 1 to 5, such as 5, not 0$/,
    ],
    [wordOr('auto', whole), 'automatic', /not "automatic"$/],
    [text, new Date(0), /not a date$/],
    [whole, 'x'.repeat(10_000), /^.{1,160}$/],
  ]
  for (const [kind, value, message] of wrong) assert.throws(() => kind.read(value), { name: 'Misfit', message })
})

test('the nearest word is found, a far one is not', () => {
  const words = ['starttls', 'direct-tls', 'plain', 'roster']
  assert.equal(nearest('rooster', words), 'roster')
  assert.equal(nearest('DirectTLS', words), 'direct-tls')
  assert.equal(nearest('plian', words), 'plain')
  assert.equal(nearest('certificate', words), undefined)
  assert.equal(nearest('x', words), undefined)
  assert.equal(nearest('', words), undefined)
  assert.equal(nearest('a'.repeat(100_000), words), undefined)
})
