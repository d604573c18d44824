import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type CaseFigures, type Conditions, merged } from './figures.ts'
import type { Measurement } from './measurement.ts'
import { lines, type Row, summary } from './rows.ts'
import { scenarios } from './scenarios.ts'

const conditions: Conditions = {
  ...{ date: '2026-11-21 07:00', title: 'chat', jackdaw: '1', node: '24', prosody: '0.12', ejabberd: '23.01' },
  ...{ rounds: 3, seconds: 2, warm: 0.7, load: 0 },
}
const run: Measurement = {
  ...{ seconds: 2, done: 1000, perSecond: 500, serverMicroseconds: 10, serverPercent: 95, workersPercent: [] },
  ...{ generatorPercent: 20, othersPercent: 0, diskPercent: 0, lost: 0, tls: 'TLSv1.3' },
}
const row = (server: string, label: string, ...figures: readonly number[]): Row => ({
  ...{ server, label },
  runs: figures.map(serverMicroseconds => ({ ...run, serverMicroseconds })),
})
const found = (label: string, date: string): CaseFigures => ({ label, conditions: { ...conditions, date }, rows: [] })

test('a case that is measured again takes its own place, and nobody else’s', () => {
  const first = merged(merged({}, 'chat', found('a', 'old')), 'chat', found('b', 'old'))
  const { chat, rate } = merged(merged(first, 'chat', found('a', 'new')), 'rate', found('a', 'other'))
  assert.deepEqual(chat, [found('a', 'new'), found('b', 'old')])
  assert.deepEqual(rate, [found('a', 'other')])
})

test('in short: medians, and how many times ours', () => {
  const rows = [row('Jackdaw', 'one', 9, 10, 30), row('Prosody', 'one', 120, 90, 95)]
  assert.deepEqual(summary([{ scenario: scenarios['chat']!, rows }]), {
    headings: ['', 'figure', 'Jackdaw', 'Prosody'],
    lines: [['Chat, one', 'µs CPU/message', '10.0', '95.0 (× 9.5)']],
  })
})

test('what was limited by others, or by a disk, is told without a throughput', () => {
  const limited = (more: Partial<Measurement>) => {
    const rows = [{ server: 'Jackdaw', label: 'one', runs: [{ ...run, ...more }] }]
    const [line] = lines(scenarios['chat']!, rows)
    return [line![4], line![8]]
  }
  assert.deepEqual(limited({}), ['500', 'server'])
  assert.deepEqual(limited({ othersPercent: 20 }), ['', 'machine busy'])
  assert.deepEqual(limited({ serverPercent: 30, generatorPercent: 90 }), ['', 'load'])
  assert.deepEqual(limited({ serverPercent: 30, diskPercent: 60 }), ['', 'disk'])
  assert.deepEqual(limited({ serverPercent: 30 }), ['', 'waiting'])
})
