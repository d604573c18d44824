import assert from 'node:assert/strict'
import { test } from 'node:test'
import { hasArrived } from './arrival.ts'
import { Device } from './test-device.ts'
import { body, scene } from './test-scene.ts'

for (const managed of [true, false]) {
  test(`what a session that is over was sent has not arrived, ${managed ? 'with' : 'without'} stream management`, async () => {
    const it = await scene()
    const phone = await Device.connect(it.house, '', { managed, resource: 'phone' })
    phone.tells = false
    await phone.read()
    await it.says(body(1))
    assert.deepEqual((await phone.read()).ids(), ['1'])
    await phone.player.disconnect()
    await it.says()
    assert.ok(phone.session.ended)
    assert.equal(await hasArrived(it.house.server.hosts.get('localhost')!, phone.session, false), false)
    await it.house.stop()
  })
}
