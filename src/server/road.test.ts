import assert from 'node:assert/strict'
import { test } from 'node:test'
import ping from '../features/ping/server.ts'
import { type OpenStorage, StorageError } from '../storage/storage.ts'
import { alteredStore } from '../testing/altered-store.ts'
import type { Player } from '../testing/play.ts'
import { testServer } from '../testing/server.ts'
import type { Element } from '../wire/element.ts'
import { Jid } from '../wire/jid.ts'
import { parse } from '../wire/reader.ts'
import { endings } from './binding.ts'
import { envelope } from './envelope.ts'
import { feature } from './feature.ts'
import { ended, message } from './pipeline.ts'

/** Everything that came for a client up to now. */
async function all(player: Player): Promise<Element[]> {
  player.send('<iq type="get" id="all" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  const came: Element[] = []
  for (;;) {
    const element = await player.receive()
    if (element.attribute('id') === 'all') return came
    came.push(element)
  }
}

/** A store that, once told to, holds each commit back until the next `step`. */
function held(): { open: OpenStorage; hold(): void; step(): Promise<void>; free(): Promise<void> } {
  let waiting: (() => void)[] | undefined
  return {
    open: alteredStore((_owner, _writes, go) => {
      const kept = go()
      return waiting === undefined ? kept : new Promise(done => waiting!.push(done))
    }),
    hold() {
      waiting = []
    },
    async step() {
      for (const done of waiting!.splice(0)) done()
      await settled()
    },
    async free() {
      const last = waiting!
      waiting = undefined
      for (const done of last) done()
      await settled()
    },
  }
}

/** What can go on without the store has gone on. */
async function settled(): Promise<void> {
  for (let i = 0; i < 20; i++) await new Promise(setImmediate)
}

test('what arrives at an account is delivered in one order, what its own resources send among it', async () => {
  const { open, hold, free } = held()
  const house = await testServer({ storage: open })
  const juliet = await house.connect('juliet@localhost/balcony')
  const phone = await house.connect('juliet@localhost/phone')
  const romeo = await house.connect('romeo@localhost')
  juliet.send('<presence/>')
  await all(juliet)
  hold()
  romeo.send('<presence type="subscribe" to="juliet@localhost"/>')
  await settled()
  // His request is on its way to her store, and her own note must not overtake it.
  phone.send('<message to="juliet@localhost" type="headline" id="note"><body>note</body></message>')
  await settled()
  assert.deepEqual(await all(juliet), [])
  await free()
  assert.deepEqual(
    (await all(juliet)).map(one => one.attribute('type')),
    ['subscribe', 'headline'],
  )
  await house.stop()
})

test('what a check has ended may still fail: then it is refused, and nothing is left over that nobody expects', async () => {
  const failing = feature({
    name: 'failing',
    start: () => [message.arriving.check(() => ended(Promise.reject(new StorageError('The disk cannot be read.'))))],
  })
  const house = await testServer({ features: [ping, failing] })
  const romeo = await house.connect('romeo@localhost')
  romeo.send('<message to="romeo@localhost" id="m"/>')
  assert.match(String(await romeo.receive()), /type="error" id="m"><error type="wait"><resource-constraint/)
  // The server itself sends one, and waits for nothing.
  const owner = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('romeo@localhost'))!
  owner.host.send(owner, owner.address, owner.address, 'message', [])
  await settled()
  await house.stop()
})

test('a bug in who else is shown a message, and the error that answers it, is answered once, and all goes on', async () => {
  const { open, hold, free } = held()
  const broken = feature({
    name: 'broken',
    start: () => [
      message.arriving.store(e => (e.id === 'kept' ? e.owner.commit() : undefined)),
      message.arriving.copy(e => {
        if (e.id !== 'fine') throw new TypeError('a bug')
        return []
      }),
    ],
  })
  const house = await testServer({ storage: open, features: [ping, broken] })
  const romeo = await house.connect('romeo@localhost')
  const juliet = await house.connect('juliet@localhost')
  juliet.send('<presence/>')
  await all(juliet)
  const say = (id: string) => romeo.send(`<message to="${juliet.jid}" id="${id}"><body>hello</body></message>`)
  hold()
  for (const id of ['now', 'kept', 'fine']) say(id)
  await settled()
  await free()
  const answers = (await all(romeo)).map(one => `${one.attribute('id')} ${one.child('error')?.elements[0]?.name}`)
  assert.deepEqual(answers, ['now internal-server-error', 'kept internal-server-error'])
  say('fine')
  const came = (await all(juliet)).map(one => one.attribute('id'))
  assert.deepEqual(came.slice(-2), ['fine', 'fine'])
  assert.ok(house.log.filter(({ sentence }) => sentence === 'fault while handling a stanza').length > 1)
  await house.stop()
})

test('a bug in what is done at the end of a session keeps nothing from the undelivered road', async () => {
  const kept: unknown[] = []
  const broken = feature({
    name: 'broken',
    start: () => [
      endings.add(() => {
        throw new TypeError('a bug')
      }),
      message.undelivered.store(e => kept.push(e.id) > 0 || undefined),
    ],
  })
  const house = await testServer({ features: [ping, broken] })
  const romeo = await house.connect('romeo@localhost')
  const { sessions, host } = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('romeo@localhost'))!
  const stanza = parse(`<message xmlns="jabber:client" to="${romeo.jid}" id="m"><body>hello</body></message>`)
  host.shared.road.route(envelope(stanza, host.service.address, sessions[0]!.jid, host.service))
  assert.throws(() => sessions[0]!.shed(), /a bug/)
  assert.deepEqual(kept, ['m'])
  await house.stop()
})
