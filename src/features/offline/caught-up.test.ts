import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { Device } from './test-device.ts'
import { body, hint, messages, numbers, type Scene, scene } from './test-scene.ts'

let it: Scene
beforeEach(async () => {
  it = await scene()
  for (const name of ['phone', 'desk']) await (await (await connect(name)).read()).player.disconnect()
})
afterEach(() => it.house.stop())

const connect = (device: string, options = {}) => Device.connect(it.house, device, options)

/** The phone, not available yet. */
const silent = (options = {}) => connect('phone', { priority: null, ...options })

for (const managed of [true, false]) {
  const how = managed ? 'with stream management' : 'without stream management'

  test(`${how}: what a device was shown by its archive does not come again, now or later`, async () => {
    await it.says(...numbers(1, 5).map(id => body(id)))
    const phone = await silent({ managed })
    phone.query('<max>10</max>')
    assert.deepEqual((await phone.read()).shown, numbers(1, 5))
    phone.available()
    assert.deepEqual((await phone.read()).ids(), [])
    assert.equal(it.waiting(), 0)
    await it.says(body(6))
    assert.deepEqual((await phone.read()).ids(), ['6'])
    await phone.player.disconnect()
    const back = await (await connect('phone')).read()
    assert.deepEqual(back.ids(), managed ? [] : ['6'])
  })

  test(`${how}: nobody knows that it has arrived before the device says so`, async () => {
    await it.says(body(1))
    const phone = await silent({ managed })
    phone.tells = false
    phone.query('<max>10</max>')
    phone.available()
    assert.deepEqual((await phone.read()).ids(), [])
    assert.equal(it.waiting(), 1)
    await phone.player.disconnect()
    assert.deepEqual((await (await connect('phone')).read()).ids(), ['1'])
  })
}

test('page by page: a device asks for the rest, or gets it next time', async () => {
  await it.says(...numbers(1, 5).map(id => body(id)))
  const phone = await silent()
  phone.query('<max>2</max>')
  await phone.read()
  phone.available()
  // It will ask for the rest.
  assert.deepEqual((await phone.read()).ids(), [])
  await it.says(body(6))
  assert.deepEqual((await phone.read()).ids(), ['6'])
  await phone.player.disconnect()
  // It did not.
  const back = await (await connect('phone')).read()
  assert.deepEqual(back.ids(), ['3', '4', '5', '6'])
  assert.equal(it.waiting(), 0)
})

test('page by page to the end: then it has all', async () => {
  await it.says(...numbers(1, 5).map(id => body(id)))
  const phone = await silent()
  phone.query('<max>3</max>')
  await phone.read()
  phone.query(`<max>3</max><after>${phone.last}</after>`)
  phone.available()
  assert.deepEqual((await phone.read()).shown, numbers(1, 5))
  await phone.player.disconnect()
  assert.deepEqual((await (await connect('phone')).read()).ids(), [])
})

test('the archive from its end: what is older is the device’s own choice', async () => {
  await it.says(...numbers(1, 5).map(id => body(id)))
  const phone = await silent()
  phone.query('<max>2</max><before/>')
  assert.deepEqual((await phone.read()).shown, ['4', '5'])
  phone.available()
  assert.deepEqual((await phone.read()).ids(), [])
})

test('who asks for one conversation, for nothing, or for what is to come has not caught up', async () => {
  await it.says(body(1), body(2))
  const phone = await silent()
  phone.query('<max>10</max>', { with: 'romeo@localhost' })
  phone.query('<max>0</max>')
  phone.query('<max>10</max>', { start: '2100-01-01T00:00:00Z' })
  assert.deepEqual((await phone.read()).shown, ['1', '2'])
  phone.available()
  assert.deepEqual((await phone.read()).ids(), ['1', '2'])
})

test('who searches for words has not caught up, whatever is found', async () => {
  const said = (text: string) => `<message to="juliet@localhost" type="chat"><body>${text}</body></message>`
  await it.says(said('a miracle'), said('our own hands'))
  const phone = await silent()
  for (const words of ['miracle', 'hands', 'nothing'])
    phone.query('<max>10</max>', { '{urn:xmpp:fulltext:0}fulltext': words })
  assert.equal((await phone.read()).shown.length, 2)
  phone.available()
  assert.equal((await phone.read()).ids().length, 2)
})

test('what the archive does not hold comes all the same, in its place', async () => {
  await it.says(body(1), body(2, hint('no-permanent-store')), body(3))
  const phone = await silent()
  phone.query('<max>10</max>')
  assert.deepEqual((await phone.read()).shown, ['1', '3'])
  await it.says(body(4))
  phone.available()
  assert.deepEqual((await phone.read()).ids(), ['2', '4'])
  assert.equal(it.waiting(), 0)
  assert.deepEqual((await (await connect('desk')).read()).ids(), ['1', '2', '3', '4'])
})

test('who asks in the middle of a backlog gets no more of what it was shown', async () => {
  await it.says(...numbers(1, 120).map(id => body(id)))
  const phone = await connect('phone')
  phone.tells = false
  assert.deepEqual((await phone.read()).ids(), numbers(1, 50))
  phone.query('<max>200</max>')
  await phone.read()
  assert.equal(phone.shown.length, 120)
  await it.says(body(121))
  phone.tells = true
  assert.deepEqual((await phone.read()).ids(), ['121'])
  assert.equal(it.waiting(), 0)
})

test('clients that are no devices: what one was shown waits for no other one', async () => {
  await it.says(body(1))
  const old = await it.juliet('old')
  old.send('<iq type="set" id="q"><query xmlns="urn:xmpp:mam:2"/></iq>')
  old.send('<presence/>')
  // The result of the query is a message, and the only one.
  assert.equal((await messages(old)).length, 1)
  assert.equal(it.waiting(), 0)
  assert.deepEqual(await messages(await it.juliet('older', 0)), [])
})
