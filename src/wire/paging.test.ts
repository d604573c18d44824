import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../testing/cases.ts'
import { Element } from './element.ts'
import { Malformed } from './errors.ts'
import { answeredPage, pagingNamespace, requestedPage, set } from './paging.ts'

const rsm = (content: string) => `<query xmlns='jabber:iq:search'>
    <nick>Pete</nick>
    <set xmlns='http://jabber.org/protocol/rsm'>${content}</set>
  </query>`

// XEP-0059, examples 3 to 16.
cases(set, [
  [rsm('<max>10</max>'), { max: 10 }],
  [
    rsm(`
      <first index='0'>stpeter@jabber.org</first>
      <last>peterpan@neverland.lit</last>
      <count>800</count>`),
    { first: { index: 0, id: 'stpeter@jabber.org' }, last: 'peterpan@neverland.lit', count: 800 },
  ],
  [
    rsm(`
      <max>10</max>
      <after>peterpan@neverland.lit</after>`),
    { max: 10, after: 'peterpan@neverland.lit' },
  ],
  [rsm('<count>790</count>'), { count: 790 }],
  [
    rsm(`
      <max>10</max>
      <before>peter@pixyland.org</before>`),
    { max: 10, before: 'peter@pixyland.org' },
  ],
  [
    rsm(`
      <max>10</max>
      <before/>`),
    { max: 10, before: '' },
  ],
  [
    rsm(`
      <max>10</max>
      <index>371</index>`),
    { max: 10, index: 371 },
  ],
  [rsm('<max>0</max>'), { max: 0 }],
])

test('a page is asked for within limits', () => {
  assert.deepEqual(requestedPage(undefined, 50, 100), { limit: 50, last: false })
  assert.deepEqual(requestedPage({}, 500, 100), { limit: 100, last: false })
  assert.deepEqual(requestedPage({ max: 10 }, 50, 100), { limit: 10, last: false })
  assert.deepEqual(requestedPage({ max: 0 }, 50, 100), { limit: 0, last: false })
  assert.deepEqual(requestedPage({ max: 1e9 }, 50, 100), { limit: 100, last: false })
  assert.deepEqual(requestedPage({ before: '' }, 50, 100), { limit: 50, last: true })
  assert.deepEqual(requestedPage({ before: 'x' }, 50, 100), { limit: 50, last: true, before: 'x' })
  assert.deepEqual(requestedPage({ after: 'x', before: '' }, 50, 100), { limit: 50, last: true, after: 'x' })
  assert.deepEqual(requestedPage({ after: '', index: 7 }, 50, 100), { limit: 50, last: false, index: 7 })
})

test('a page is answered', () => {
  assert.deepEqual(answeredPage([], { count: 3, index: 1 }), { count: 3 })
  assert.deepEqual(answeredPage(['a']), { first: { id: 'a' }, last: 'a' })
  assert.deepEqual(answeredPage(['a', 'b', 'c'], { index: 0, count: 9 }), {
    first: { id: 'a', index: 0 },
    last: 'c',
    count: 9,
  })
})

test('numbers that are none are refused', () => {
  for (const max of ['-1', '', 'ten', '1.5', '99999999999999999'])
    assert.throws(
      () => set.read(new Element('set', pagingNamespace, [], [new Element('max', pagingNamespace, [], [max])])),
      error => error instanceof Malformed && error.message.includes('<max '),
      max,
    )
})
