import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { LogLevel } from '../server/log.ts'
import { type LogManner, logger } from './logger.ts'

function logged(options: {
  level?: LogLevel
  format?: 'auto' | 'text' | 'json'
  isTTY?: boolean
  environment?: Record<string, string>
}) {
  const lines: string[] = []
  const manner: LogManner = { level: options.level ?? 'info', format: options.format ?? 'auto' }
  const log = logger({
    manner,
    output: { write: text => lines.push(text), isTTY: options.isTTY === true },
    environment: options.environment ?? {},
    now: () => new Date(2026, 10, 20, 23, 54, 1).getTime(),
  })
  return { log, lines, manner }
}

test('JSON lines where nobody looks; no fact can take the place of the level or the sentence', () => {
  const { log, lines } = logged({})
  log('warn', 'a login failed', {
    account: 'romeo@localhost',
    tries: 3,
    level: 'info',
    sentence: 'all is well',
    missing: undefined,
  })
  assert.equal(lines.length, 1)
  assert.match(lines[0]!, /\}\n$/)
  assert.deepEqual(JSON.parse(lines[0]!), {
    time: new Date(2026, 10, 20, 23, 54, 1).toISOString(),
    level: 'warn',
    sentence: 'a login failed',
    account: 'romeo@localhost',
    tries: 3,
  })
})

test('text on a terminal, with colours unless NO_COLOR is set', () => {
  const plain = logged({ isTTY: true, environment: { NO_COLOR: '1' } })
  plain.log('info', 'listening', { address: '127.0.0.1:5222', reason: 'so it is', missing: undefined })
  assert.deepEqual(plain.lines, ['2026-11-20 23:54:01 info  listening address=127.0.0.1:5222 reason="so it is"\n'])
  const coloured = logged({ isTTY: true })
  coloured.log('error', 'no')
  assert.match(coloured.lines[0]!, /\u001b\[31merror\u001b\[39m no\n$/)
})

test('what is below the level is not written', () => {
  const { log, lines } = logged({ level: 'warn', format: 'text' })
  for (const level of ['debug', 'info', 'warn', 'error'] as const) log(level, level)
  assert.equal(lines.length, 2)
})

test('level and format may change while it goes on', () => {
  const { log, lines, manner } = logged({ level: 'warn', format: 'text' })
  log('debug', 'one')
  Object.assign(manner, { level: 'debug', format: 'json' })
  log('debug', 'two')
  assert.deepEqual(
    lines.map(line => JSON.parse(line).sentence),
    ['two'],
  )
})

test('words of others cannot move the cursor or fake a line', () => {
  const { log, lines } = logged({ format: 'text' })
  log('info', 'hello', { resource: 'a\n2026-11-20 error \u001b[2J\u009b\u202e', plain: '\u001b[31m' })
  assert.equal(lines.join('').split('\n').length, 2)
  assert.ok(!/[\u001b\u009b\u202e]/.test(lines[0]!))
})
