import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowStore } from '../../testing/slow-store.ts'
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
