import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { parse } from '../../wire/reader.ts'
import { bind } from '../bind2/wire.ts'
import { Device } from './test-device.ts'
import { body, hint, messages, numbers, type Scene, scene } from './test-scene.ts'

/** Who begins a session by Bind 2 is not sent what the archive tells it (XEP-0386 §3.2). */
let it: Scene
beforeEach(async () => {
  it = await scene()
})
afterEach(() => it.house.stop())

const phone = 'd4565fa7-4d72-4749-b3d3-740edbf87770'
const enable = parse("<enable xmlns='urn:xmpp:sm:3' resume='true'/>")

const bound = (agent: string | undefined = phone) =>
  Device.bound(it.house, { ...(agent !== undefined && { agent: { id: agent } }), inline: [bind('A', [enable])] })

for (const [what, agent] of [
  ['a device', phone],
  ['a client without a name', undefined],
] as const) {
  test(`${what} is not sent the backlog, and nobody else is once it has asked its archive`, async () => {
    await (await bound(agent)).player.disconnect()
    await it.says(...numbers(1, 3).map(id => body(id)))
    const device = await bound(agent)
    device.available()
    assert.deepEqual((await device.read()).ids(), [])
    assert.equal(it.waiting(), 3, 'it may not have asked')
    device.query('<max>10</max>')
    assert.deepEqual((await device.read()).shown, numbers(1, 3))
    assert.equal(it.waiting(), 0)
    await it.says(body(4))
    assert.deepEqual((await device.read()).ids(), ['4'])
    await device.player.disconnect()
    assert.deepEqual(await messages(await it.juliet('other', 0)), [])
  })
}

test('one that asks before it is available is not sent it either', async () => {
  await it.says(body(1))
  const device = await bound()
  device.query('<max>10</max>')
  device.available()
  assert.deepEqual((await device.read()).ids(), [])
  assert.deepEqual(device.shown, ['1'])
  assert.equal(it.waiting(), 0)
})

test('one that never asks leaves it to others', async () => {
  await it.says(body(1))
  const device = await bound()
  device.available()
  await device.read()
  await device.player.disconnect()
  assert.deepEqual(await messages(await it.juliet('other', 0)), ['1'])
})

test('what no archive holds is sent, in its place', async () => {
  await it.says(body(1), body(2, hint('no-permanent-store')), body(3))
  const device = await bound()
  device.available()
  assert.deepEqual((await device.read()).ids(), ['2'])
})

test('where nobody has an archive, all is sent', async () => {
  await it.house.stop()
  it = await scene({ archive: { enabled: false } })
  await it.says(body(1), body(2))
  const device = await bound()
  device.available()
  assert.deepEqual((await device.read()).ids(), ['1', '2'])
  assert.equal(it.waiting(), 0)
})
