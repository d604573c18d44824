import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeRuntime } from '../runtime/node.ts'
import { simulatedRuntime } from '../runtime/simulated.ts'
import { LastMinute } from './last-minute.ts'
import type { LogFacts } from './log.ts'
import { Rations } from './rations.ts'

function rations() {
  const { timers, advance } = simulatedRuntime({ crypto: nodeRuntime().crypto })
  const lines: [string, LogFacts | undefined][] = []
  const made = new Rations(timers, (_, sentence, facts) => lines.push([sentence, facts]))
  const given = (sentence: string, party: string, count: number) =>
    Array.from({ length: count }, () => made.grants('info', sentence, party)).filter(Boolean).length
  return { made, given, lines, advance }
}

test('one party gets 60 lines a minute, all together 300; what is left out is one line at its end', async () => {
  const { made, given, lines, advance } = rations()
  assert.equal(given('refused', 'mallory@localhost', 1000), 60)
  assert.equal(given('refused', 'romeo@localhost', 2), 2, 'nobody else is silenced by that')
  for (let bot = 0; bot < 100; bot++) given('refused', `bot${bot}@localhost`, 10)
  assert.equal(given('refused', 'juliet@localhost', 1), 0)
  assert.equal(given('failed', 'juliet@localhost', 1), 1, 'another sentence has a ration of its own')
  assert.deepEqual(lines, [])
  await advance(60_000)
  assert.deepEqual(lines, [['lines left out', { of: 'refused', count: 2003 - 300, seconds: 60 }]])
  assert.equal(given('refused', 'mallory@localhost', 1), 1, 'the next minute is a new one')
  await advance(60_000)
  assert.equal(lines.length, 1)
  assert.equal(made.asked, 2005)
})

test('what was left out is told when the server stops', () => {
  const { made, given, lines } = rations()
  given('refused', 'mallory@localhost', 61)
  made.stop()
  assert.deepEqual(lines, [['lines left out', { of: 'refused', count: 1, seconds: 60 }]])
})

test('the last minute is counted, and what was before is not', async () => {
  const { timers, advance } = simulatedRuntime({ crypto: nodeRuntime().crypto })
  let messages = 0
  const minute = new LastMinute(timers, () => ({ messages }))
  assert.equal(minute.growth('messages'), 0)
  minute.start()
  messages = 5
  await advance(30_000)
  messages = 7
  assert.equal(minute.growth('messages'), 7)
  await advance(60_000)
  assert.equal(minute.growth('messages'), 0)
  messages = 8
  assert.equal(minute.growth('messages'), 1)
  minute.stop()
  await advance(600_000)
  assert.equal(minute.growth('messages'), 1, 'nobody looks any more')
})
