import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'

const chat = (id: string) => `<message to="juliet@localhost/balcony" type="chat" id="${id}"><body>who?</body></message>`

test('RFC 6120 §7.7.2.2, case 1: conflict = "rename" gives the new session another resource', async () => {
  const house = await testServer({ config: { login: { iterations: 4096, conflict: 'rename' } } })
  const first = await house.connect('juliet@localhost/balcony')
  const second = await house.connect('juliet@localhost/balcony')
  assert.equal(first.jid, 'juliet@localhost/balcony')
  assert.match(second.jid, /^juliet@localhost\/.{10,}$/)
  second.send(chat('m'))
  assert.equal((await first.receive()).attribute('from'), second.jid)
  await house.stop()
})

test('RFC 6120 §7.7.2.2, case 2: conflict = "refuse" leaves it to who has it; another resource is free', async () => {
  const house = await testServer({ config: { login: { iterations: 4096, conflict: 'refuse' } } })
  const first = await house.connect('juliet@localhost/balcony')
  await assert.rejects(house.connect('juliet@localhost/balcony'), { condition: 'conflict' })
  const second = await house.connect('juliet@localhost/chamber')
  second.send(chat('m'))
  assert.equal((await first.receive()).attribute('id'), 'm')
  await first.disconnect()
  assert.equal((await house.connect('juliet@localhost/balcony')).jid, 'juliet@localhost/balcony')
  await house.stop()
})

test('RFC 6120 §7.7.2.2, case 3: conflict = "replace" ends the older session, and nobody ever sees two', async () => {
  const house = await testServer()
  const romeo = await house.connect('romeo@localhost/orchard')
  const first = await house.connect('juliet@localhost/balcony')
  first.send(`<presence to="${romeo.jid}"/>`)
  assert.equal((await romeo.receive()).attribute('type'), undefined)
  const second = await house.connect('juliet@localhost/balcony')
  assert.equal((await first.receive()).child('conflict', 'urn:ietf:params:xml:ns:xmpp-streams')?.name, 'conflict')
  assert.equal((await romeo.receive()).attribute('type'), 'unavailable')
  second.send('<presence/>')
  assert.equal((await second.receive()).attribute('from'), second.jid)
  romeo.send(chat('m'))
  assert.equal((await second.receive()).attribute('id'), 'm')
  // The one that was ended can do no harm any more, nor say anything.
  first.send('<presence type="unavailable"/>')
  first.send(`<message to="${romeo.jid}" id="late"><body>late</body></message>`)
  await first.disconnect()
  romeo.send(chat('n'))
  assert.equal((await second.receive()).attribute('id'), 'n')
  second.send(`<message to="${romeo.jid}" id="o"><body>new</body></message>`)
  assert.equal((await romeo.receive()).attribute('id'), 'o')
  await house.stop()
})

test('RFC 6120 §7.6.2.1, §7.7.2.1: too many sessions, and a resource that cannot be one', async () => {
  const house = await testServer({ config: { limits: { 'sessions-per-account': 2 } } })
  const first = await house.connect('juliet@localhost/a')
  await house.connect('juliet@localhost/b')
  await assert.rejects(house.connect('juliet@localhost/c'), { condition: 'resource-constraint' })
  // Whoever takes over a place needs none.
  await house.connect('juliet@localhost/b')
  await first.disconnect()
  const login = (resource: string) => house.connect('juliet@localhost', { resource })
  await assert.rejects(login('\u{E000}'.repeat(1024)), { condition: 'bad-request' })
  assert.equal((await login('c')).jid, 'juliet@localhost/c')
  await house.stop()
})
