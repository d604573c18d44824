import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type OpenStorage, StorageError } from '../storage/storage.ts'
import { alteredStore } from '../testing/altered-store.ts'
import { testServer } from '../testing/server.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { feature } from './feature.ts'

/** A store whose commits fail while the disk is full, and whose rows cannot be read where told. */
function fragile(): { open: OpenStorage; disk: { full: boolean; unreadable: boolean } } {
  const disk = { full: false, unreadable: false }
  const altered = alteredStore((_owner, _writes, go) =>
    disk.full ? Promise.reject(new StorageError('The disk is full.')) : go(),
  )
  const open: OpenStorage = async tables => {
    const storage = await altered(tables)
    const rows = storage.rows.bind(storage)
    return Object.assign(storage, {
      rows: (...asked: Parameters<typeof rows>) =>
        disk.unreadable ? Promise.reject(new StorageError('The disk cannot be read.')) : rows(...asked),
    })
  }
  return { open, disk }
}

const set = (id: string, contact: string) =>
  `<iq type="set" id="${id}"><query xmlns="jabber:iq:roster"><item jid="${contact}"/></query></iq>`

test('while nothing can be stored, what asks for it is refused, nothing is half done, and the server lives on', async () => {
  const { open, disk } = fragile()
  const house = await testServer({ storage: open })
  const romeo = await house.connect('romeo@localhost')
  await house.addUser('juliet@localhost')
  romeo.send('<iq type="get" id="r"><query xmlns="jabber:iq:roster"/></iq>')
  await romeo.receive()

  disk.full = true
  romeo.send(set('s1', 'mercutio@localhost'))
  assert.match(String(await romeo.receive()), /id="s1"><error type="wait"><resource-constraint/)
  romeo.send('<message to="juliet@localhost" type="chat" id="m1"><body>lost?</body></message>')
  assert.match(String(await romeo.receive()), /type="error" id="m1"><error type="wait"><resource-constraint/)
  romeo.send('<iq type="get" id="p" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.equal((await romeo.receive()).attribute('id'), 'p')

  disk.full = false
  romeo.send('<iq type="get" id="r2"><query xmlns="jabber:iq:roster"/></iq>')
  const roster = String(await romeo.receive())
  assert.doesNotMatch(roster, /mercutio/, 'what was refused is not there')
  romeo.send(set('s2', 'mercutio@localhost'))
  assert.match(String(await romeo.receive()), /type="set".*mercutio/)
  assert.match(String(await romeo.receive()), /type="result" id="s2"/)
  romeo.send('<message to="juliet@localhost" type="chat" id="m2"><body>kept</body></message>')
  romeo.send('<iq type="get" id="p2" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.equal((await romeo.receive()).attribute('id'), 'p2')
  const juliet = await house.connect('juliet@localhost')
  juliet.send('<presence/>')
  await juliet.receive()
  assert.match(String(await juliet.receive()), /id="m2".*kept/)
  await house.stop()
})

test('a login that the store fails is refused for now, and is no fault of ours', async () => {
  const { open, disk } = fragile()
  const house = await testServer({ storage: open })
  await house.addUser('romeo@localhost')
  house.server.hosts.get('localhost')!.owners.sweep()
  house.server.hosts.get('localhost')!.owners.sweep()
  disk.unreadable = true
  await assert.rejects(house.connect('romeo@localhost'), { condition: 'temporary-auth-failure' })
  const line = house.log.find(({ sentence }) => sentence === 'login failed')
  assert.equal(line?.level, 'warn')
  assert.deepEqual([line.facts['reason'], line.facts['fault']], ['The disk cannot be read.', undefined])
  disk.unreadable = false
  await house.connect('romeo@localhost')
  await house.stop()
})

test('a stream that cannot go on while the store fails ends for now, and that is no fault of ours (RFC 6120 §4.9.3.17)', async () => {
  const namespace = 'urn:example:failing'
  const failing = feature({
    name: 'failing',
    start: () => [
      {
        registers: 'stream-feature',
        namespace,
        when: ['bound'],
        offer: () => undefined,
        take: async () => Promise.reject(new StorageError('The disk cannot be read.')),
      },
    ],
  })
  const house = await testServer({ features: [failing] })
  const romeo = await house.connect('romeo@localhost')
  romeo.send(`<go xmlns="${namespace}"/>`)
  assert.equal(StreamError.from(await romeo.receive()).condition, 'resource-constraint')
  assert.deepEqual(
    house.log.filter(({ facts }) => facts['fault'] !== undefined),
    [],
  )
  await house.stop()
})

test('what is changed while an account is read anew is in its memory, too', async () => {
  const house = await testServer()
  await house.addUser('romeo@localhost')
  const { owners } = house.server.hosts.get('localhost')!
  const owner = (await owners.find(Jid.parse('romeo@localhost')))!
  owner.stale = true
  const read = owners.reload(owner)
  const entry = { at: 0, peer: 'juliet@localhost', direction: 'in', archived: false, undelivered: true } as const
  await owner.commit({ append: { ...entry, xml: '<message xmlns="jabber:client"/>' } })
  await read
  assert.equal(owner.undelivered, 1)
  assert.equal((await owner.entries({ limit: 10 }))[0]?.id, owner.last)
  await house.stop()
})
