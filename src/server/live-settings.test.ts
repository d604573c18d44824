import assert from 'node:assert/strict'
import { test } from 'node:test'
import { LiveSettings } from './live-settings.ts'

test('what is read when it is needed follows the configuration; what was read at the start stays', () => {
  const live = new LiveSettings({ maximum: 10, system: 'one', words: 'a' })
  const { system } = live.values
  live.started()
  assert.deepEqual([system, live.values['maximum']], ['one', 10])
  assert.deepEqual([live.takesEffect('system'), live.takesEffect('maximum')], [false, true])
  assert.deepEqual(live.change({ maximum: 20, system: 'two', words: 'b' }), { maximum: 20, system: 'one', words: 'b' })
  assert.deepEqual({ ...live.values }, { maximum: 20, system: 'one', words: 'b' })
  assert.equal(live.takesEffect('words'), true)
})

test('settings that are copied whole at the start are all of the start', () => {
  const live = new LiveSettings({ maximum: 10, words: 'a' })
  const copy = { ...live.values }
  live.started()
  live.change({ maximum: 20, words: 'b' })
  assert.deepEqual(
    [copy, live.takesEffect('maximum'), live.takesEffect('words')],
    [{ maximum: 10, words: 'a' }, false, false],
  )
})
