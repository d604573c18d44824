import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { legacyCursor, type Owner } from '../../server/owner.ts'
import { openSqlite } from '../../storage/sqlite.ts'
import { freshPath, timers } from '../../storage/sqlite-scratch.ts'
import type { OpenStorage, Write } from '../../storage/storage.ts'
import { alteredStore } from '../../testing/altered-store.ts'
import { SlowStore } from '../../testing/slow-store.ts'
import { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { delay } from '../delay/wire.ts'
import { resumptions } from '../stream-management/exports.ts'
import { cursorOf } from './devices.ts'
import { Device, keptAs } from './test-device.ts'
import { body, hint, messages, numbers, type Scene, scene } from './test-scene.ts'

let it: Scene
beforeEach(async () => {
  it = await scene()
})
afterEach(() => it.house.stop())

async function again(config: Record<string, unknown>, storage?: OpenStorage): Promise<void> {
  await it.house.stop()
  it = await scene(config, storage)
}

const juliet = (): Owner => it.house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!
const connect = (device: string, options = {}) => Device.connect(it.house, device, options)

/** These devices have been there once, and are not there now. */
async function known(...names: string[]): Promise<void> {
  for (const name of names) await (await (await connect(name)).read()).player.disconnect()
  await it.says()
}

test('a device gets what came while it was away, whoever else has it, in order and with the time', async () => {
  await known('phone', 'desk')
  const desk = await connect('desk')
  await it.says(...numbers(1, 3).map(id => body(id)))
  assert.deepEqual((await desk.read()).ids(), ['1', '2', '3'])
  const phone = await (await connect('phone')).read()
  const stamps = phone.messages.map(one => delay.of(one)?.reason)
  assert.deepEqual([phone.ids(), stamps], [['1', '2', '3'], Array(3).fill('Offline Storage')])
  await it.says(body(4))
  assert.deepEqual((await phone.read()).ids(), ['4'])
  assert.equal(phone.asked, 0)
  // Nothing comes twice.
  await phone.player.disconnect()
  assert.deepEqual((await (await connect('phone')).read()).ids(), [])
})

test('each of several devices gets its backlog, at the same time and at its own pace', async () => {
  await known('phone', 'desk', 'tablet')
  await it.says(...numbers(1, 120).map(id => body(id)))
  const [phone, desk, tablet] = [
    await connect('phone'),
    await connect('desk'),
    await connect('tablet', { managed: false }),
  ]
  phone.tells = false
  assert.deepEqual((await phone.read()).ids(), numbers(1, 50))
  assert.deepEqual((await desk.read()).ids(), numbers(1, 120))
  assert.deepEqual((await tablet.read()).ids(), numbers(1, 120))
  phone.tells = true
  assert.deepEqual((await phone.read()).ids(), numbers(51, 120))
  assert.equal(it.waiting(), 0)
})

test('what nobody has taken goes to whoever comes first, a new device too; then its cursor begins', async () => {
  const desk = await connect('desk')
  await it.says(body(1))
  await (await desk.read()).player.disconnect()
  await it.says(body(2), body(3))
  // The first was delivered before this device was.
  assert.deepEqual((await (await connect('phone')).read()).ids(), ['2', '3'])
  assert.deepEqual(await messages(await it.juliet('old', 0)), [])
  assert.deepEqual((await (await connect('desk')).read()).ids(), ['2', '3'])
  await it.says(body(4))
  assert.equal(it.waiting(), 0)
})

test('clients that are no devices take from each other, and take nothing from devices', async () => {
  await known('phone')
  await it.says(body(1))
  assert.deepEqual(await messages(await it.juliet('old', 0)), ['1'])
  assert.deepEqual(await messages(await it.juliet('older', 0)), [])
  assert.deepEqual((await (await connect('phone')).read()).ids(), ['1'])
})

test('XEP-0198 §4: only what is acknowledged has been taken; what is not comes again, under the same id', async () => {
  await known('phone')
  await it.says(body(1), body(2))
  const phone = await connect('phone')
  phone.tells = false
  await phone.read()
  const first = keptAs(phone.messages)
  assert.deepEqual(phone.ids(), ['1', '2'])
  assert.equal(it.waiting(), 2)
  await phone.player.disconnect()
  const second = await (await connect('phone')).read()
  assert.deepEqual(keptAs(second.messages), first)
  assert.ok(first.every(id => id !== undefined))
  assert.deepEqual(second.ids(), ['1', '2'])
  assert.equal(it.waiting(), 0)
})

test('of what came while it was there, a device gets again exactly what it has not acknowledged', async () => {
  await known('phone', 'desk')
  for (const managed of [true, false]) {
    const phone = await connect('phone', { managed })
    await phone.read()
    const desk = await connect('desk')
    await it.says(body(1), body(2), body(3))
    await phone.read()
    phone.tells = false
    await it.says(body(4), body(5))
    assert.deepEqual((await phone.read()).ids(), ['1', '2', '3', '4', '5'])
    await phone.player.disconnect()
    assert.deepEqual((await desk.read()).ids(), ['1', '2', '3', '4', '5'])
    // Without stream management nothing says what it has: better twice than never.
    const expected = managed ? ['4', '5'] : ['1', '2', '3', '4', '5']
    const back = await (await connect('phone')).read()
    assert.deepEqual(back.ids(), expected)
    await back.player.disconnect()
    await desk.player.disconnect()
  }
})

test('no message to a device that is there costs a write of its cursor', async () => {
  const writes: Write[] = []
  const store = alteredStore((_owner, some, go) => {
    writes.push(...some)
    return go()
  })
  await again({}, store)
  await known('phone')
  const phone = await (await connect('phone')).read()
  const cursors = () => writes.filter(one => one.write === 'cursor').length
  const before = cursors()
  await it.says(...numbers(1, 30).map(id => body(id)))
  await phone.read()
  assert.equal(cursors(), before)
  // Now and then it moves all the same.
  for (let i = 0; i < 8; i++) {
    await it.house.advance(300_000)
    await phone.read()
  }
  assert.equal(cursors(), before + 1)
  assert.equal(juliet().cursor(cursorOf('phone')), juliet().last)
})

test('without stream management a device that is there is asked now and then, and its cursor moves', async () => {
  await known('phone')
  const phone = await (await connect('phone', { managed: false })).read()
  await it.says(body(1))
  assert.deepEqual((await phone.read()).ids(), ['1'])
  assert.equal(phone.asked, 0)
  for (let i = 0; i < 6; i++) {
    await it.house.advance(300_000)
    await phone.read()
  }
  assert.ok(phone.asked > 0)
  await phone.player.disconnect()
  assert.deepEqual((await (await connect('phone')).read()).ids(), [])
})

test('what comes while a device is unavailable comes when it is available again, and nothing else does', async () => {
  await known('phone')
  const phone = await (await connect('phone')).read()
  const desk = await (await connect('desk')).read()
  await it.says(body(1))
  phone.available(-1)
  await phone.read()
  await it.says(body(2))
  assert.deepEqual((await phone.read()).ids(), ['1'])
  phone.available(0)
  assert.deepEqual((await phone.read()).ids(), ['2'])
  await it.says(body(3))
  assert.deepEqual((await phone.read()).ids(), ['3'])
  assert.deepEqual((await desk.read()).ids(), ['1', '2', '3'])
})

test('what comes for a device while it gets its backlog comes once, and behind it', async () => {
  await known('phone', 'desk')
  const desk = await connect('desk')
  await it.says(...numbers(1, 60).map(id => body(id)))
  const phone = await connect('phone')
  phone.tells = false
  phone.player.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
  assert.deepEqual((await phone.read()).ids(), numbers(1, 50))
  await it.says(
    body(61),
    '<message to="juliet@localhost/desk" type="chat" id="62"><body>hello</body></message>',
    body(63, hint('no-store')),
    '<message to="juliet@localhost/phone" type="chat" id="64"><body>hello</body></message>',
  )
  assert.deepEqual((await phone.read()).ids(), [])
  phone.tells = true
  await phone.read()
  // What has not waited for anybody is not delayed (XEP-0203).
  const delayed = phone.messages.filter(one => one.child('delay', 'urn:xmpp:delay')).map(one => one.attribute('id'))
  assert.deepEqual(delayed, numbers(51, 60))
  assert.deepEqual(phone.ids(), numbers(51, 64))
  await it.says(body(65))
  assert.deepEqual((await phone.read()).ids(), ['65'])
  assert.equal((await desk.read()).ids().includes('61'), true)
  assert.equal(it.waiting(), 0)
})

test('who is given all that there is gets what comes at once, before it has acknowledged that', async () => {
  await known('phone')
  await it.says(body(1))
  const phone = await connect('phone')
  phone.tells = false
  assert.deepEqual((await phone.read()).ids(), ['1'])
  await it.says(body(2))
  assert.deepEqual((await phone.read()).ids(), ['2'])
  await phone.player.disconnect()
  assert.deepEqual((await (await connect('phone')).read()).ids(), ['1', '2'])
})

test('XEP-0280 §6: what was private to another device is for no other one, unless nobody was there', async () => {
  await known('phone', 'desk')
  const desk = await (await connect('desk')).read()
  const say = (id: string) =>
    `<message to="juliet@localhost/desk" type="chat" id="${id}"><body>hello</body><private xmlns="urn:xmpp:carbons:2"/></message>`
  await it.says(say('1'), body(2))
  assert.deepEqual((await desk.read()).ids(), ['1', '2'])
  await desk.player.disconnect()
  await it.says(say('3'))
  assert.deepEqual((await (await connect('phone')).read()).ids(), ['2', '3'])
})

test('what is not archived waits for every device that was known when nobody was there', async () => {
  await again({ archive: { enabled: false } })
  await known('phone', 'desk')
  await it.says(body(1), body(2))
  assert.deepEqual((await (await connect('phone')).read()).ids(), ['1', '2'])
  assert.equal(it.waiting(), 0)
  assert.equal((await juliet().entries({ limit: 10 })).length, 2)
  assert.deepEqual((await (await connect('desk')).read()).ids(), ['1', '2'])
  assert.equal((await juliet().entries({ limit: 10 })).length, 0)
})

test('on SQLite, after a crash: a device gets again what its cursor has not passed, under the same ids', async () => {
  const path = freshPath()
  const storage = openSqlite({ path, timers })
  await again({}, storage)
  await known('phone')
  await it.says(body(1))
  const phone = await (await connect('phone')).until(1)
  await it.says(body(2), body(3))
  await phone.until(3)
  const all = phone.messages.slice()
  assert.deepEqual(phone.ids(), ['1', '2', '3'])
  // What the end of a session says is not said: its account is as after a failed commit.
  juliet().stale = true
  await again({}, storage)
  const back = await (await connect('phone')).until(2)
  assert.deepEqual(keptAs(back.messages), keptAs(all.slice(1)))
  assert.deepEqual(back.ids(), ['2', '3'])
})

test('a device that was away too long, or is one too many, is forgotten; one that is there is not', async () => {
  await again({ timeouts: { idle: '1d' }, offline: { devices: 2, forget: '5d' } })
  await known('a')
  await it.house.advance(1000)
  await known('b')
  const names = () => Object.keys(juliet().cursors).sort()
  assert.deepEqual(names(), ['device a', 'device b', legacyCursor])
  await known('c')
  assert.deepEqual(names(), ['device b', 'device c', legacyCursor])
  const [b, c] = [await connect('b'), await connect('c')]
  // Both are there: this one gets what nobody has taken, as all clients do that are no devices.
  await connect('d').then(d => d.read())
  assert.deepEqual(names(), ['device b', 'device c', legacyCursor])
  await b.read()
  await c.player.disconnect()
  await it.says()
  for (let day = 0; day < 8; day++) {
    await it.house.advance(86_400_000)
    await b.read()
  }
  assert.deepEqual(names(), ['device b', legacyCursor])
})

test('what is not archived does not wait for a device without end', async () => {
  await again({ timeouts: { idle: '1d' }, archive: { enabled: false }, offline: { maximum: 3 } })
  await known('away', 'phone')
  for (let i = 0; i < 3; i++) {
    await it.says(body(`${i}a`), body(`${i}b`))
    const phone = await (await connect('phone')).read()
    assert.deepEqual(phone.ids(), [`${i}a`, `${i}b`])
    await phone.player.disconnect()
    await it.says()
  }
  const phone = await connect('phone')
  for (let day = 0; day < 3; day++) {
    await it.house.advance(86_400_000)
    await phone.read()
  }
  assert.deepEqual((await (await connect('away')).read()).ids(), ['1b', '2a', '2b'])
})

test('with no devices allowed, all clients take from each other', async () => {
  await again({ offline: { devices: 0 } })
  await known('phone', 'desk')
  await it.says(body(1))
  assert.deepEqual((await (await connect('phone')).read()).ids(), ['1'])
  assert.deepEqual((await (await connect('desk')).read()).ids(), [])
  assert.deepEqual(juliet().cursors[cursorOf('phone')], undefined)
})

test('a session that comes back, in another process too, goes on where it was', async () => {
  await known('phone', 'desk')
  const back = ({ session }: Device) => {
    for (const resumed of juliet().host.extensions(resumptions)) resumed(session)
  }
  const desk = await (await connect('desk')).read()
  await it.says(body(1))
  assert.deepEqual((await desk.read()).ids(), ['1'])
  // What a restart brings over of a session is in its slots.
  desk.session.given = 0
  back(desk)
  assert.equal(desk.session.given, Number.POSITIVE_INFINITY)
  assert.deepEqual((await desk.read()).ids(), [])
  // One that had not got its backlog yet.
  const phone = await connect('phone', { priority: null })
  phone.session.available(new Element('presence', ns.client))
  back(phone)
  back(phone)
  assert.deepEqual((await phone.read()).ids(), ['1'])
})

test('devices list tells how far each device has come, devices forget lets one go', async () => {
  await known('phone', 'desk')
  await it.says(body(1), body(2))
  const desk = await (await connect('desk')).read()
  await it.says(body(3))
  assert.deepEqual((await desk.read()).ids(), ['1', '2', '3'])
  const run = async (words: string, values: Record<string, string>) =>
    it.house.server.commands.find(one => one.words.join(' ') === words)!.run(values)
  const { rows } = await run('devices list', { jid: 'juliet@localhost' })
  const shown = rows!.map(({ device, waits, connected }) => [device, waits, connected])
  // The cursor of one that is there follows later; shown is what is certain now.
  assert.deepEqual(shown, [
    ['legacy', '0', null],
    ['phone', '3', false],
    ['desk', '0', true],
  ])
  assert.deepEqual(await run('devices forget', { jid: 'juliet@localhost', device: 'phone' }), {
    say: 'The device phone of juliet@localhost is forgotten.',
  })
  assert.deepEqual((await (await connect('phone')).read()).ids(), [])
  await assert.rejects(run('devices forget', { jid: 'juliet@localhost', device: 'legacy' }), /has no device "legacy"/)
  await assert.rejects(run('devices list', { jid: 'nobody@localhost' }), /There is no account/)
  // One that is there and forgotten has no cursor any more, and nothing makes it one.
  await run('devices forget', { jid: 'juliet@localhost', device: 'desk' })
  await desk.player.disconnect()
  await it.says()
  assert.equal(juliet().cursors[cursorOf('desk')], undefined)
})

test('a device that comes while a message is being stored gets it once, whoever else does', async () => {
  const disk = new SlowStore()
  await again({}, disk.open)
  await known('phone')
  const desk = await (await connect('desk')).read()
  for (const [id, there] of [
    ['1', true],
    ['2', false],
  ] as const) {
    if (!there) await desk.player.disconnect()
    const phone = await (await connect('phone', { priority: null })).read()
    disk.quick = false
    const speaking = it.says(body(id))
    while (!disk.waits) await new Promise(setImmediate)
    phone.available()
    for (let turn = 0; turn < 10; turn++) await new Promise(setImmediate)
    disk.quick = true
    disk.keep()
    await speaking
    assert.deepEqual((await phone.until(1)).ids(), [id])
    assert.deepEqual((await phone.read()).ids(), [])
    await phone.player.disconnect()
    await it.says()
    assert.deepEqual((await (await connect('phone')).read()).ids(), [])
  }
  assert.equal(it.waiting(), 0)
})
