import assert from 'node:assert/strict'
import { test } from 'node:test'
import { newContact, roster, type Subscription } from '../../server/roster.ts'
import { put } from '../../server/table.ts'
import { cases } from '../../testing/cases.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { Jid } from '../../wire/jid.ts'
import { lastActivity } from './wire.ts'

// XEP-0012 §2, §3, examples 1, 2 and 5.
cases(lastActivity, [
  [`<iq type='get' id='last1'><query xmlns='jabber:iq:last'/></iq>`, {}],
  [`<iq type='result' id='last1'><query xmlns='jabber:iq:last' seconds='903'/></iq>`, { seconds: 903 }],
  [
    `<iq type='result' id='last1'><query xmlns='jabber:iq:last' seconds='903'>Heading Home</query></iq>`,
    { seconds: 903, status: 'Heading Home' },
  ],
])

const request = (to: string) => `<iq type="get" id="last" to="${to}"><query xmlns="jabber:iq:last"/></iq>`

async function ask(player: Player, to: string) {
  player.send(request(to))
  return player.receive()
}

/** Juliet, who sees Romeo's presence; Romeo, who is there and sent his. */
async function scene(subscription: Subscription = 'from', config = {}) {
  const house = await testServer({ config })
  const juliet = await house.connect('juliet@localhost/balcony')
  await house.addUser('romeo@localhost')
  const owner = (await house.server.hosts.get('localhost')!.owners.find(Jid.parse('romeo@localhost')))!
  await owner.commit(put(roster, { ...newContact(Jid.parse('juliet@localhost')), listed: true, subscription }))
  const romeo = await house.connect('romeo@localhost/orchard')
  romeo.send('<presence/>')
  await romeo.receive()
  return { house, juliet, romeo }
}

/** He closes his stream; the server is done with it when the promise resolves. */
async function leave(house: TestServer, player: Player) {
  await player.disconnect()
  assert.equal(house.server.hosts.get('localhost')!.owners.loaded(Jid.parse(player.jid).bare)!.sessions.length, 0)
}

test('XEP-0012 §5: the host tells for how long it has been running', async () => {
  const house = await testServer()
  const juliet = await house.connect('juliet@localhost')
  await house.advance(123_456_999)
  assert.deepEqual(lastActivity.of(await ask(await house.connect('romeo@localhost'), 'localhost')), {
    seconds: 123_456,
  })
  await juliet.disconnect()
  await house.stop()
})

test('XEP-0012 §3: who is there was active now; who left, when and with what words', async () => {
  const { house, juliet, romeo } = await scene()
  assert.deepEqual(lastActivity.of(await ask(juliet, 'romeo@localhost')), { seconds: 0 })
  romeo.send('<presence type="unavailable"><status>Heading Home</status></presence>')
  await romeo.receive()
  await house.advance(903_999)
  // Connected, though unavailable.
  assert.deepEqual(lastActivity.of(await ask(juliet, 'romeo@localhost')), { seconds: 0 })
  await leave(house, romeo)
  assert.deepEqual(lastActivity.of(await ask(juliet, 'romeo@localhost')), { seconds: 903, status: 'Heading Home' })
  await house.stop()
})

test('who is not available cannot leave: neither again, nor from those whom it told in particular', async () => {
  const { house, juliet, romeo } = await scene()
  romeo.send('<presence type="unavailable"><status>Heading Home</status></presence>')
  await romeo.receive()
  await house.advance(60_000)
  romeo.send('<presence to="mercutio@localhost"/>')
  romeo.send('<presence type="unavailable"><status>Once more</status></presence>')
  await leave(house, romeo)
  assert.deepEqual(lastActivity.of(await ask(juliet, 'romeo@localhost')), { seconds: 60, status: 'Heading Home' })
  await house.stop()
})

test('who just vanishes leaves no words, also not those of the time before', async () => {
  const { house, juliet, romeo } = await scene()
  romeo.send('<presence type="unavailable"><status>Heading Home</status></presence>')
  romeo.send('<presence><status>Back</status></presence>')
  await leave(house, romeo)
  await house.advance(5000)
  assert.deepEqual(lastActivity.of(await ask(juliet, 'romeo@localhost')), { seconds: 5 })
  await house.stop()
})

test('a status is kept up to its limit, and characters stay whole', async () => {
  for (const [limit, kept] of [
    [4, 'Hom'],
    [5, 'Hom🏠'],
    [0, undefined],
  ] as const) {
    const { house, juliet, romeo } = await scene('both', { last: { status: limit } })
    romeo.send('<presence type="unavailable"><status>Hom🏠!</status></presence>')
    await leave(house, romeo)
    assert.deepEqual(lastActivity.of(await ask(juliet, 'romeo@localhost'))!.status, kept)
    await house.stop()
  }
})

test('what was never recorded is told as such to who may ask', async () => {
  const { house, juliet } = await scene()
  await house.addUser('mercutio@localhost')
  const owner = (await house.server.hosts.get('localhost')!.owners.find(Jid.parse('mercutio@localhost')))!
  const contact = newContact(Jid.parse('juliet@localhost'))
  await owner.commit(put(roster, { ...contact, listed: true, subscription: 'both' }))
  assert.match(String(await ask(juliet, 'mercutio@localhost')), /<item-not-found/)
  await house.stop()
})

test('XEP-0012 §3, §4, §8: strangers are forbidden to know, whether there is such an account or resource or not', async () => {
  const { house, juliet } = await scene('to')
  for (const resource of ['', '/orchard', '/elsewhere']) {
    const [nobody, romeo] = [
      String(await ask(juliet, `nobody@localhost${resource}`)).replaceAll('nobody', 'x'),
      String(await ask(juliet, `romeo@localhost${resource}`)).replaceAll('romeo', 'x'),
    ]
    assert.equal(romeo, nobody)
    assert.match(romeo, /<error type="auth"><forbidden/)
  }
  await house.stop()
})

test('XEP-0012 §4: the client itself answers for its resource', async () => {
  const { house, juliet, romeo } = await scene()
  juliet.send(request('romeo@localhost/orchard'))
  const asked = await romeo.receive()
  assert.deepEqual(lastActivity.of(asked), {})
  const to = asked.attribute('from')
  romeo.send(`<iq type="result" id="last" to="${to}"><query xmlns="jabber:iq:last" seconds="123"/></iq>`)
  assert.deepEqual(lastActivity.of(await juliet.receive()), { seconds: 123 })
  assert.match(String(await ask(juliet, 'romeo@localhost/elsewhere')), /<service-unavailable/)
  await house.stop()
})

test('bad requests', async () => {
  const { house, juliet } = await scene()
  juliet.send('<iq type="set" id="s" to="romeo@localhost"><query xmlns="jabber:iq:last" seconds="1"/></iq>')
  assert.match(String(await juliet.receive()), /<service-unavailable/)
  juliet.send('<iq type="get" id="s" to="romeo@localhost"><query xmlns="jabber:iq:last" seconds="-1"/></iq>')
  assert.match(String(await juliet.receive()), /<bad-request/)
  // One may always ask about oneself.
  juliet.send('<iq type="get" id="s"><query xmlns="jabber:iq:last"/></iq>')
  assert.deepEqual(lastActivity.of(await juliet.receive()), { seconds: 0 })
  await house.stop()
})
