import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowStore } from '../../testing/slow-store.ts'
import { delay } from '../delay/wire.ts'
import { Device } from './test-device.ts'
import { body, scene } from './test-scene.ts'

test('what somebody did not take while the cursor of a new device begins is for that device', async () => {
  const disk = new SlowStore()
  const it = await scene({}, disk.open)
  const old = await Device.connect(it.house, '', { resource: 'old' })
  old.tells = false
  await old.read()
  await it.says(body(1), body(2))
  assert.deepEqual((await old.read()).ids(), ['1', '2'])
  disk.quick = false
  const laptop = await Device.connect(it.house, 'laptop', { priority: null })
  laptop.available()
  await it.says('<message to="romeo@localhost/orchard" type="headline"/>')
  assert.ok(disk.waits)
  await old.player.disconnect()
  disk.quick = true
  disk.keep()
  assert.deepEqual((await laptop.read()).ids(), ['1', '2'])
  assert.equal(it.waiting(), 0)
  await it.house.stop()
})

test('what somebody did not take is delayed, though it comes while a backlog is handed over', async () => {
  const it = await scene()
  const old = await Device.connect(it.house, '', { resource: 'old', priority: -1 })
  old.tells = false
  await old.read()
  await it.says(body(1).replace('"juliet@localhost"', '"juliet@localhost/old"'), body(2))
  assert.deepEqual((await old.read()).ids(), ['1'])
  const desk = await Device.connect(it.house, '', { resource: 'desk' })
  desk.tells = false
  assert.deepEqual((await desk.read()).ids(), ['2'])
  await it.house.advance(1000)
  await old.player.disconnect()
  await it.says()
  desk.tells = true
  await desk.read()
  const delayed = desk.messages.filter(one => delay.of(one) !== undefined)
  assert.deepEqual([delayed.length, desk.ids()], [1, ['1']])
  await it.house.stop()
})
