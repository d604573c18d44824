import assert from 'node:assert/strict'
import { test } from 'node:test'
import { settle } from '../../testing/settle.ts'
import { SlowStore } from '../../testing/slow-store.ts'
import { delay } from '../delay/wire.ts'
import { Device } from './test-device.ts'
import { body, hint, numbers, scene } from './test-scene.ts'

type Gate = PromiseWithResolvers<void>

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

// A clock that was set back stands still for the log: its entries are numbered on from the last one.
for (const [clock, milliseconds] of [
  ['goes on', 1000],
  ['stands still', 0],
] as const)
  test(`what somebody did not take is delayed, though it comes while a backlog is handed over, and the clock ${clock}`, () =>
    comesDelayed(milliseconds))

async function comesDelayed(after: number): Promise<void> {
  const it = await scene()
  const old = await Device.connect(it.house, '', { resource: 'old', priority: -1 })
  old.tells = false
  await old.read()
  await it.says(body(1).replace('"juliet@localhost"', '"juliet@localhost/old"'), body(2))
  assert.deepEqual((await old.read()).ids(), ['1'])
  const desk = await Device.connect(it.house, '', { resource: 'desk' })
  desk.tells = false
  assert.deepEqual((await desk.read()).ids(), ['2'])
  if (after > 0) await it.house.advance(after)
  await old.player.disconnect()
  await it.says()
  desk.tells = true
  await desk.read()
  const delayed = desk.messages.filter(one => delay.of(one) !== undefined)
  assert.deepEqual([delayed.length, desk.ids()], [1, ['1']])
  await it.house.stop()
}

test('a copy of what waits behind the backlog of one device comes to another one that has its own', async () => {
  const it = await scene()
  const connect = async (device: string, tells: boolean) => {
    const one = await Device.connect(it.house, device, { priority: null })
    one.player.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
    one.tells = tells
    one.available()
    return one.read()
  }
  for (const device of ['phone', 'tablet']) await (await connect(device, true)).player.disconnect()
  await it.says(...numbers(1, 55).map(id => body(id)))
  await (await connect('tablet', true)).player.disconnect()
  await it.says(body(56))
  const tablet = await connect('tablet', false)
  assert.deepEqual(tablet.ids(), ['56'])
  const phone = await connect('phone', false)
  assert.deepEqual(phone.ids(), numbers(1, 50))
  await it.says(body(57).replace('"juliet@localhost"', '"juliet@localhost/phone"'))
  assert.deepEqual((await tablet.read()).ids(), ['57'])
  phone.tells = true
  assert.deepEqual((await phone.read()).ids(), numbers(51, 57))
  await it.house.stop()
})

test('a copy that was held back comes though somebody else took what is in the log', async () => {
  const it = await scene()
  await (await (await Device.connect(it.house, 'laptop')).read()).player.disconnect()
  await it.says(...numbers(1, 55).map(id => body(id)))
  const tablet = await Device.connect(it.house, '', { resource: 'tablet', priority: null })
  tablet.player.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  const laptop = await Device.connect(it.house, 'laptop', { priority: null })
  tablet.tells = laptop.tells = false
  tablet.available()
  assert.deepEqual((await tablet.read()).ids(), numbers(1, 50))
  laptop.available(5)
  assert.deepEqual((await laptop.read()).ids(), numbers(1, 50))
  await it.says(body(56))
  laptop.tells = tablet.tells = true
  assert.deepEqual((await laptop.read()).ids(), numbers(51, 56))
  assert.equal(it.waiting(), 0)
  assert.equal((await tablet.read()).ids().at(-1), '56')
  await it.house.stop()
})

test('who wants no backlog any more gets the copies that were to come out of the log', async () => {
  const it = await scene()
  await (await (await Device.connect(it.house, 'phone')).read()).player.disconnect()
  await it.says(...numbers(1, 55).map(id => body(id)))
  const phone = await Device.connect(it.house, 'phone', { priority: null })
  phone.player.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  phone.tells = false
  phone.available()
  assert.deepEqual((await phone.read()).ids(), numbers(1, 50))
  await Device.connect(it.house, '', { resource: 'desk', priority: 5 })
  // The second does not come out of the log, and the others do not any more: they come in their order all the same.
  await it.says(body(56), body(57, hint('no-store')), body(58))
  phone.available(-1)
  assert.deepEqual((await phone.read()).ids(), [])
  phone.tells = true
  assert.deepEqual((await phone.read()).ids(), numbers(56, 58))
  await it.house.stop()
})

test('what the disk has already, and those who are there do not, waits until they have been shown what is older', async () => {
  const store = new SlowStore()
  const it = await scene({}, store.open)
  await (await (await Device.connect(it.house, 'phone')).read()).player.disconnect()
  await it.says(body(1))
  const phone = await Device.connect(it.house, 'phone', { priority: null })
  const [asked, read, told] = [1, 2, 3].map(() => Promise.withResolvers<void>()) as [Gate, Gate, Gate]
  const disk = { apply: store.apply.bind(store), read: store.read.bind(store) }
  store.read = async query => {
    if (query.query !== 'log') return disk.read(query)
    asked.resolve()
    await read.promise
    return disk.read(query)
  }
  phone.available()
  await asked.promise
  store.apply = async units => {
    const outcome = await disk.apply(units)
    await told.promise
    return outcome
  }
  const said = it.says(body(2), body(3, hint('no-store')), body(4))
  await settle(10)
  read.resolve()
  await settle(10)
  told.resolve()
  await said
  assert.deepEqual((await phone.until(4)).ids(), numbers(1, 4))
  await it.house.stop()
})

test('a page beside what is on its way is so much smaller', async () => {
  const it = await scene()
  const long = `<subject>${'x'.repeat(20_000)}</subject>`
  const [old, first] = [
    await Device.connect(it.house, '', { resource: 'old' }),
    await Device.connect(it.house, 'phone'),
  ]
  first.player.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  await first.read()
  old.tells = false
  await it.says(body(1, long).replace('"juliet@localhost"', '"juliet@localhost/old"'))
  for (const one of [old, first]) assert.deepEqual((await one.read()).ids(), ['1'])
  await first.player.disconnect()
  // Nobody knows whether it came: it waits for whoever is next, behind where the phone stood.
  await old.player.disconnect()
  await it.says(body(2, long))
  const phone = await Device.connect(it.house, 'phone', { priority: null })
  phone.tells = false
  phone.available()
  assert.deepEqual((await phone.read()).ids(), ['1'])
  phone.tells = true
  assert.deepEqual((await phone.read()).ids(), ['2'])
  await it.house.stop()
})
