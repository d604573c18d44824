import assert from 'node:assert/strict'
import { test } from 'node:test'
import { feature } from '../../server/feature.ts'
import { message } from '../../server/pipeline.ts'
import { snapshotSessions, snapshots } from '../../server/snapshot.ts'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage, Row, Storage } from '../../storage/storage.ts'
import { StorageError } from '../../storage/storage.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { features } from '../index.ts'
import { altered, lasting, type ManagedClient, managed, suspended } from './test-clients.ts'

const logged = (house: TestServer, sentence: string) => house.log.filter(line => line.sentence === sentence)

/** Romeo and Juliet, who see each other's presence, each with a session that may be resumed. */
async function lovers(storage: OpenStorage, attributes?: string) {
  const house = await testServer({ storage })
  for (const name of ['romeo', 'juliet', 'nurse']) await house.addUser(`${name}@localhost`)
  const romeo = await managed(house, 'romeo', attributes)
  const juliet = await managed(house, 'juliet', attributes)
  await befriend(romeo, juliet, 'romeo', 'juliet')
  await befriend(juliet, romeo, 'juliet', 'romeo')
  await romeo.settled()
  await juliet.settled()
  return { house, romeo, juliet }
}

/** One sees the other's presence from now on. */
async function befriend(one: ManagedClient, other: ManagedClient, name: string, otherName: string): Promise<void> {
  one.send(`<presence to='${otherName}@localhost' type='subscribe'/>`)
  await other.expect('type="subscribe"')
  other.send(`<presence to='${name}@localhost' type='subscribed'/>`)
  await one.expect(`from="${otherName}@localhost/r"`)
}

test('clients come back after a restart: nothing is lost, doubled or reordered, and nobody was seen leaving', async () => {
  const storage = lasting(openMemory())
  const { house, romeo, juliet } = await lovers(storage)
  juliet.say('m1', 'romeo')
  juliet.say('m2', 'romeo')
  await romeo.expect('id="m2"')
  const read = romeo.got
  juliet.say('m3', 'romeo')
  await juliet.settled()
  assert.equal(await suspended(house), 2)
  await romeo.until(() => romeo.over)
  await juliet.until(() => juliet.over)
  assert.doesNotMatch(romeo.received + juliet.received, /<\/stream:stream>|<stream:error|unavailable/)

  const next = await testServer({ storage })
  // Somebody is faster than both: what is said meanwhile waits behind what waited before.
  const nurse = await managed(next, 'nurse')
  nurse.say('m4', 'romeo')
  await nurse.settled()
  const romeoAgain = await romeo.back(next, read)
  await romeoAgain.expect('id="m4"')
  assert.deepEqual(romeoAgain.ids, ['m3', 'm4'])
  assert.equal(romeoAgain.told, romeo.sent)
  const julietAgain = await juliet.back(next)
  assert.equal(julietAgain.told, juliet.sent)
  romeoAgain.say('m5', 'juliet')
  await julietAgain.expect('id="m5"')
  await romeoAgain.settled()
  assert.doesNotMatch(romeoAgain.received + julietAgain.received, /<presence/)
  // The counters go on.
  romeoAgain.send(`<r xmlns='urn:xmpp:sm:3'/>`)
  await romeoAgain.expect('<a ')
  assert.equal(romeoAgain.told, romeoAgain.sent)
  await next.stop()
})

test('what features keep for a session comes back, what they keep for a stream does not', async () => {
  const storage = lasting(openMemory())
  const { house, romeo, juliet } = await lovers(storage)
  juliet.send(`<iq type='set' id='c'><enable xmlns='urn:xmpp:carbons:2'/></iq><inactive xmlns='urn:xmpp:csi:0'/>`)
  juliet.send(`<presence to='nurse@localhost/r'/>`)
  await juliet.settled()
  romeo.send('<presence><show>away</show></presence>')
  await romeo.settled()
  assert.doesNotMatch(juliet.received, /away/, 'it waits, for nobody looks')
  await suspended(house)

  const next = await testServer({ storage })
  const again = await juliet.back(next)
  await again.expect('<show>away</show>')
  const phone = await next.connect('juliet@localhost/phone')
  phone.send(`<message to='romeo@localhost' type='chat' id='m1'><body>1</body></message>`)
  await again.expect('<sent xmlns="urn:xmpp:carbons:2">')
  const romeoAgain = await romeo.back(next)
  romeoAgain.send('<presence><show>dnd</show></presence>')
  await again.expect('<show>dnd</show>')
  // The nurse was told that she is there, and hears when she is not.
  const nurse = await managed(next, 'nurse')
  again.send('<presence type="unavailable"/>')
  await nurse.until(() => /<presence from="juliet@localhost\/r" [^>]*type="unavailable"/.test(nurse.received))
  await next.stop()
})

test('who cannot come back is told why, and leaves; also what that leads to is kept for others', async () => {
  const storage = lasting(openMemory())
  const { house, romeo, juliet } = await lovers(storage)
  const old = await house.connect('juliet@localhost/old')
  old.send('<presence/>')
  await romeo.expect('from="juliet@localhost/old"')
  assert.equal(await suspended(house), 2)
  for (;;) {
    const element = await old.receive()
    if (element.name !== 'error') continue
    assert.ok(element.child('system-shutdown', 'urn:ietf:params:xml:ns:xmpp-streams'))
    break
  }
  const next = await testServer({ storage })
  // Whether that was read before the cut or comes now, it came once.
  const again = await romeo.back(next)
  await again.settled()
  const all = romeo.received + again.received
  assert.equal(all.match(/<presence [^>]*type="unavailable"/g)?.length, 1)
  assert.match(all, /<presence from="juliet@localhost\/old" [^>]*type="unavailable"/)
  await juliet.back(next)
  await next.stop()
})

test('who does not come back in time is seen leaving, and what was not taken waits for another session', async () => {
  const storage = lasting(openMemory())
  const { house, romeo, juliet } = await lovers(storage, "resume='true' max='60'")
  const read = romeo.got
  juliet.say('m1', 'romeo')
  juliet.say('m2', 'romeo')
  await juliet.settled()
  await suspended(house)
  const next = await testServer({ storage })
  const again = await juliet.back(next)
  await next.advance(59_000)
  assert.doesNotMatch(again.received, /unavailable/)
  await next.advance(2_000)
  await again.expect('type="unavailable"')
  const late = await romeo.back(next, read)
  assert.match(late.received, /<failed .*<item-not-found/)
  assert.equal(late.told, romeo.sent)
  const fresh = await next.connect('romeo@localhost')
  fresh.send('<presence/>')
  const came: string[] = []
  while (came.length < 2) {
    const element = await fresh.receive()
    if (element.name === 'message') came.push(element.attribute('id')!)
  }
  assert.deepEqual(came, ['m1', 'm2'])
  await next.stop()
})

test('a session that was waiting for its client goes on waiting, for what is left of its time', async () => {
  const storage = lasting(openMemory())
  const { house, romeo, juliet } = await lovers(storage, "resume='true' max='60'")
  romeo.links.sockets.cut()
  await house.advance(50_000)
  juliet.say('m1', 'romeo')
  await juliet.settled()
  assert.equal(await suspended(house), 2)
  const next = await testServer({ storage })
  const again = await juliet.back(next)
  await next.advance(5_000)
  assert.doesNotMatch(again.received, /unavailable/)
  await next.advance(5_000)
  await again.expect('type="unavailable"')
  await next.stop()
})

test('a snapshot is used once, also where nobody came', async () => {
  const storage = lasting(openMemory())
  const { house, romeo } = await lovers(storage)
  await suspended(house)
  // It begins, and is gone without a word.
  const killed = await testServer({ storage })
  assert.deepEqual(logged(killed, 'sessions wait for their clients after the restart')[0]?.facts, { sessions: 2 })
  const next = await testServer({ storage })
  assert.equal(logged(next, 'sessions wait for their clients after the restart').length, 0)
  const late = await romeo.back(next)
  assert.match(late.received, /<failed .*<item-not-found/)
  await next.stop()
  await killed.stop()
})

const spoilt: [what: string, table: string, row: (row: Row) => Row | undefined, reason: RegExp][] = [
  ['of another version', snapshots.shape.name, row => ({ ...row, version: 99 }), /its version is 99, and this is 1/],
  ['that was never finished', snapshots.shape.name, () => undefined, /it was never finished/],
  ['with a session missing', snapshotSessions.shape.name, row => (row['number'] === 1 ? undefined : row), /not all of/],
  ['with a broken address', snapshotSessions.shape.name, row => ({ ...row, jid: '@' }), /./],
  ['with broken presence', snapshotSessions.shape.name, row => ({ ...row, presence: '<presence' }), /./],
]

for (const [what, table, spoil, reason] of spoilt) {
  test(`a snapshot ${what} is refused, and it is as after a crash`, async () => {
    const open = lasting(openMemory())
    const { house, romeo } = await lovers(open)
    await suspended(house)
    const spoiling: OpenStorage = async tables => {
      const storage = await open(tables)
      return altered(storage, {
        async rows(owner, asked, key) {
          const rows = await storage.rows(owner, asked, key)
          return asked === table ? rows.map(spoil).filter(row => row !== undefined) : rows
        },
      })
    }
    const next = await testServer({ storage: spoiling })
    const [line] = logged(next, 'snapshot of sessions refused: they are over, as after a crash')
    assert.equal(line?.level, 'error')
    assert.match(String(line?.facts['reason']), reason)
    const late = await romeo.back(next)
    assert.match(late.received, /<failed .*<item-not-found/)
    await next.advance(0)
    assert.deepEqual(logged(next, 'contacts told who is gone since the crash')[0]?.facts, { sessions: 2 })
    await next.stop()
  })
}

test('where sessions cannot be kept they end as ever', async () => {
  let full = false
  const open: OpenStorage = async tables => {
    const storage = await openMemory()(tables)
    const commit: Storage['commit'] = (owner, writes) =>
      full ? Promise.reject(new StorageError('The disk is full.')) : storage.commit(owner, writes)
    return altered(storage, { commit })
  }
  const { house, romeo } = await lovers(open)
  full = true
  const ended = house.server.suspend()
  await romeo.expect('<system-shutdown ')
  await house.advance(10_000)
  assert.equal(await ended, 0)
  assert.equal(logged(house, 'sessions not kept: they end').length, 1)
  assert.equal(logged(house, 'session ended').length, 2)
})

test('what is still being stored is settled first, and counts', async () => {
  const open = lasting(openMemory())
  const slow: OpenStorage = async tables => {
    const storage = await open(tables)
    const commit: Storage['commit'] = async (owner, writes) => {
      await storage.commit(owner, writes)
      for (let turns = 0; turns < 5; turns++) await new Promise(resolve => setImmediate(resolve))
    }
    return altered(storage, { commit })
  }
  const { house, romeo, juliet } = await lovers(slow)
  for (let i = 1; i <= 100; i++) juliet.say(`m${i}`, 'romeo')
  // Everything has been read, and nothing is durable.
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual(romeo.ids, [])
  await house.server.suspend()
  const next = await testServer({ storage: slow })
  const [his, hers] = [await romeo.back(next), await juliet.back(next)]
  assert.equal(hers.told, juliet.sent)
  await his.until(() => romeo.ids.length + his.ids.length >= 100)
  assert.deepEqual(
    [...romeo.ids, ...his.ids],
    Array.from({ length: 100 }, (_, i) => `m${i + 1}`),
  )
  await next.stop()
})

test('what those said last who cannot come back is settled, too', async () => {
  const storage = lasting(openMemory())
  const read = Promise.withResolvers<void>()
  const slow = feature({
    name: 'slow',
    start: () => [message.sending.ready(({ id }) => (id === 'm1' ? read.promise : undefined))],
  })
  const house = await testServer({ storage, features: [...features, slow] })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
  const romeo = await managed(house, 'romeo')
  const old = await house.connect('juliet@localhost/old')
  old.send('<message to="romeo@localhost" type="chat" id="m1"><body>Wait.</body></message>')
  await romeo.settled()
  const ended = house.server.suspend()
  await house.advance(1000)
  read.resolve()
  await house.advance(3000)
  assert.equal(await ended, 1)
  const next = await testServer({ storage })
  const again = await romeo.back(next)
  await again.settled()
  assert.deepEqual([...romeo.ids, ...again.ids], ['m1'])
  await next.stop()
})

test('what cannot be settled is not counted: its client sends it again', async () => {
  const storage = lasting(openMemory())
  const stuck = feature({
    name: 'stuck',
    start: () => [message.arriving.store(({ id }) => (id === 'm2' ? new Promise<void>(() => {}) : undefined))],
  })
  const house = await testServer({ storage, features: [...features, stuck] })
  await house.addUser('romeo@localhost')
  const romeo = await managed(house, 'romeo')
  for (const id of ['m1', 'm2', 'm3']) romeo.say(id, 'romeo')
  await romeo.expect('id="m1"')
  const ended = house.server.suspend()
  await house.advance(20_500)
  assert.equal(await ended, 1)
  const next = await testServer({ storage })
  const again = await romeo.back(next)
  assert.equal(again.told, romeo.sent - 2)
  await next.stop()
})

test('in the middle of a backlog: all of it comes, before anything newer', async () => {
  const storage = lasting(openMemory())
  const house = await testServer({ storage })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
  const juliet = await managed(house, 'juliet')
  for (let i = 1; i <= 70; i++) juliet.say(`m${i}`, 'romeo')
  await juliet.settled()
  const romeo = await managed(house, 'romeo')
  // It is not acknowledged, so no more comes.
  await romeo.expect('id="m50"')
  juliet.say('m71', 'romeo')
  await juliet.settled()
  assert.ok(!romeo.ids.includes('m71'))
  await suspended(house)

  const next = await testServer({ storage })
  const hers = await juliet.back(next)
  hers.say('m72', 'romeo')
  await hers.settled()
  const his = await romeo.back(next)
  let answered = 0
  await his.until(() => {
    const asked = his.received.match(/<r /g)?.length ?? 0
    if (asked > answered) his.send(`<a xmlns='urn:xmpp:sm:3' h='${his.got}'/>`)
    answered = asked
    return his.ids.includes('m72')
  })
  assert.deepEqual(
    [...new Set([...romeo.ids, ...his.ids])],
    Array.from({ length: 72 }, (_, i) => `m${i + 1}`),
  )
  await next.stop()
})

for (const [how, end] of [
  ['restart', suspended],
  ['stop', async (house: TestServer) => house.stop()],
] as const) {
  test(`who comes back after a ${how} for a session that is over learns exactly how much was handled`, async () => {
    const storage = lasting(openMemory())
    const { house, romeo } = await lovers(storage, "resume='true' max='60'")
    romeo.say('m1', 'juliet')
    // These are in no log.
    for (const show of ['away', 'dnd']) romeo.send(`<presence><show>${show}</show></presence>`)
    await romeo.settled()
    romeo.links.sockets.cut()
    await house.advance(61_000)
    await end(house)
    const next = await testServer({ storage })
    const late = await romeo.back(next)
    assert.match(late.received, /<failed .*<item-not-found/)
    assert.equal(late.told, romeo.sent)
    await next.stop()
  })
}
