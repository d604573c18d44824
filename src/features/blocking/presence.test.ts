import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { contactOf } from '../../server/roster.ts'
import type { Player } from '../../testing/play.ts'
import { Jid } from '../../wire/jid.ts'
import { block, came, condition, type House, short, testHouse, unblock } from './test-house.ts'

let house: House
let juliet: Player
let romeo: Player

beforeEach(async () => {
  house = await testHouse()
  await house.befriend('juliet@localhost', 'romeo@localhost')
  juliet = await house.connect('juliet@localhost/chamber')
  romeo = await house.connect('romeo@localhost/orchard')
  juliet.send('<presence/>')
  await came(juliet)
  romeo.send('<presence/>')
  await came(romeo, juliet)
  await came(juliet, romeo)
})
afterEach(() => house.stop())

async function seen(player: Player, ...senders: readonly Player[]): Promise<readonly string[]> {
  return (await came(player, ...senders))
    .filter(stanza => stanza.name === 'presence')
    .map(short)
    .sort()
}

test('XEP-0191 §3.3, §3.4: a blocked contact sees the user leave, and come again when unblocked', async () => {
  const balcony = await house.connect('juliet@localhost/balcony')
  balcony.send('<presence><show>away</show></presence>')
  await seen(romeo, balcony)
  await block(juliet, 'romeo@localhost')
  assert.deepEqual(await seen(romeo, juliet), [
    'presence:unavailable juliet@localhost/balcony',
    'presence:unavailable juliet@localhost/chamber',
  ])
  await unblock(juliet, 'romeo@localhost')
  const back = await came(romeo, juliet)
  assert.deepEqual(back.map(short).sort(), ['presence juliet@localhost/balcony', 'presence juliet@localhost/chamber'])
  assert.equal(back.find(one => /balcony/.test(short(one)))!.child('show')!.text, 'away')
})

test('XEP-0016 §2.10: the user sees the contact leave, and come again when unblocked', async () => {
  const balcony = await house.connect('juliet@localhost/balcony')
  balcony.send('<presence/>')
  await came(balcony)
  await block(juliet, 'romeo@localhost')
  assert.deepEqual(await seen(balcony, juliet), ['presence:unavailable romeo@localhost/orchard'])
  await unblock(juliet)
  assert.deepEqual(await seen(balcony, juliet), ['presence romeo@localhost/orchard'])
})

test('while blocked neither sees the other come, change or go, however it is done', async () => {
  await block(juliet, 'romeo@localhost')
  await came(romeo, juliet)
  await came(juliet, romeo)
  const balcony = await house.connect('juliet@localhost/balcony')
  balcony.send('<presence/>')
  assert.deepEqual(await seen(balcony, romeo), [
    'presence juliet@localhost/balcony',
    'presence juliet@localhost/chamber',
  ])
  juliet.send('<presence><show>dnd</show></presence>')
  const street = await house.connect('romeo@localhost/street')
  street.send('<presence/>')
  assert.deepEqual(await seen(street, juliet), ['presence romeo@localhost/orchard', 'presence romeo@localhost/street'])
  romeo.send('<presence><show>away</show></presence>')
  street.send('<presence type="probe" to="juliet@localhost"/>')
  street.send('<presence type="probe" to="juliet@localhost/chamber"/>')
  await came(street)
  const { subscription } = contactOf(await house.owner('romeo@localhost'), Jid.parse('juliet@localhost'))!
  assert.equal(subscription, 'both', 'no probe is answered, nor in the name of nobody')
  await balcony.disconnect()
  assert.deepEqual((await came(romeo, juliet, street)).filter(one => /juliet/.test(short(one))).map(short), [])
  await street.disconnect()
  juliet.send('<presence type="unavailable"/>')
  assert.deepEqual((await came(juliet, romeo)).filter(one => /romeo/.test(short(one))).map(short), [])
  assert.deepEqual((await came(romeo, juliet)).filter(one => /juliet/.test(short(one))).map(short), [])
})

test('the roster item of a blocked contact may go: its subscriptions end, and nobody is seen by that', async () => {
  await block(juliet, 'romeo@localhost')
  await juliet.disconnect()
  romeo.send('<iq type="get" id="g"><query xmlns="jabber:iq:roster"/></iq>')
  await came(romeo)
  juliet = await house.connect('juliet@localhost/tomb')
  juliet.send('<presence/>')
  juliet.send(
    '<iq type="set" id="r"><query xmlns="jabber:iq:roster"><item jid="romeo@localhost" subscription="remove"/></query></iq>',
  )
  assert.deepEqual(await seen(romeo, juliet), [
    'presence:unsubscribe juliet@localhost',
    'presence:unsubscribed juliet@localhost',
  ])
})

test('who may not see the user is not told, and who was not blocked neither', async () => {
  await house.know('juliet@localhost', 'romeo@localhost', { subscription: 'to' })
  await block(juliet, 'romeo@localhost', 'paris@localhost')
  assert.deepEqual(await seen(romeo, juliet), [])
  await unblock(juliet)
  assert.deepEqual(await seen(romeo, juliet), [])
})

test('a second block, or one of the whole domain, tells nobody twice; unblocking one of two shows nobody', async () => {
  await block(juliet, 'romeo@localhost')
  assert.equal((await seen(romeo, juliet)).length, 1)
  await block(juliet, 'romeo@localhost')
  await block(juliet, 'localhost')
  await unblock(juliet, 'romeo@localhost')
  assert.deepEqual(await seen(romeo, juliet), [])
  await unblock(juliet, 'localhost')
  assert.deepEqual(await seen(romeo, juliet), ['presence juliet@localhost/chamber'])
})

test('XEP-0191 §6: blocking one resource hides the user from that resource', async () => {
  const street = await house.connect('romeo@localhost/street')
  street.send('<presence/>')
  await came(street)
  await came(romeo, street)
  await block(juliet, 'romeo@localhost/orchard')
  assert.deepEqual(await seen(romeo, juliet), ['presence:unavailable juliet@localhost/chamber'])
  assert.deepEqual(await seen(street, juliet), [])
  await came(juliet)
  romeo.send('<presence><show>away</show></presence>')
  street.send('<presence><show>away</show></presence>')
  assert.deepEqual(await seen(juliet, romeo, street), ['presence romeo@localhost/street'])
  romeo.send('<message to="juliet@localhost" type="chat" id="m"><body>hist</body></message>')
  assert.deepEqual((await came(juliet, romeo)).map(short), [])
  street.send('<message to="juliet@localhost" type="chat" id="m"><body>hist</body></message>')
  assert.deepEqual((await came(juliet, street)).map(short), ['message:chat romeo@localhost/street'])
  await came(romeo)
  await unblock(juliet)
  assert.deepEqual(await seen(romeo, juliet), ['presence juliet@localhost/chamber'])
})

test('directed presence is taken back from who is blocked, once, and cannot be sent any more', async () => {
  const nurse = await house.connect('nurse@localhost/x')
  juliet.send('<presence to="nurse@localhost/x"/>')
  assert.deepEqual(await seen(nurse, juliet), ['presence juliet@localhost/chamber'])
  await block(juliet, 'nurse@localhost')
  assert.deepEqual(await seen(nurse, juliet), ['presence:unavailable juliet@localhost/chamber'])
  juliet.send('<presence to="nurse@localhost/x" id="d"/>')
  assert.deepEqual((await came(juliet)).map(condition), ['not-acceptable'])
  await unblock(juliet)
  assert.deepEqual(await seen(nurse, juliet), [])
  await juliet.disconnect()
  assert.deepEqual(await seen(nurse), [])
})

test('what was kept from before the block is not delivered after it: messages, and requests to subscribe', async () => {
  await juliet.disconnect()
  const tybalt = await house.connect('tybalt@localhost/x')
  const nurse = await house.connect('nurse@localhost/x')
  for (const player of [tybalt, nurse]) {
    player.send('<message to="juliet@localhost" type="chat"><body>kept</body></message>')
    player.send('<presence to="juliet@localhost" type="subscribe"/>')
    await came(player)
  }
  juliet = await house.connect('juliet@localhost/chamber')
  await block(juliet, 'tybalt@localhost')
  juliet.send('<presence/>')
  const all = (await came(juliet)).map(short)
  assert.deepEqual(
    all.filter(one => /tybalt/.test(one)),
    [],
  )
  assert.ok(all.includes('presence:subscribe nurse@localhost'), String(all))
  // The backlog is read from the store, behind the answer of the first ping.
  const later = [...all, ...(await came(juliet)).map(short)]
  assert.deepEqual(
    later.filter(one => one.startsWith('message')),
    ['message:chat nurse@localhost/x'],
  )
})

test('whoever blocks the user is not given away when the user blocks in return', async () => {
  const balcony = await house.connect('juliet@localhost/balcony')
  balcony.send('<presence/>')
  await came(balcony)
  await block(romeo, 'juliet@localhost')
  assert.deepEqual(await seen(balcony, romeo), ['presence:unavailable romeo@localhost/orchard'])
  await came(romeo, juliet)
  await block(juliet, 'romeo@localhost')
  assert.deepEqual(await seen(balcony, juliet), [])
  await unblock(juliet)
  assert.deepEqual(await seen(balcony, juliet, romeo), [])
  assert.deepEqual(await seen(romeo, juliet), [])
})

test('blocking the own domain leaves the host its requests, and the user its own resources', async () => {
  const balcony = await house.connect('juliet@localhost/balcony')
  balcony.send('<presence/>')
  await came(juliet, balcony)
  await block(juliet, 'localhost')
  juliet.send('<iq type="get" id="p" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  assert.ok((await came(juliet)).some(one => short(one) === 'iq:result localhost'))
  juliet.send('<message to="juliet@localhost/balcony"><body>to myself</body></message>')
  assert.ok((await came(balcony, juliet)).some(one => short(one) === 'message juliet@localhost/chamber'))
  romeo.send('<message to="juliet@localhost" type="chat" id="m"/>')
  assert.deepEqual((await came(juliet, romeo)).map(short), [])
})
