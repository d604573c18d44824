import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'
import { Element } from '../wire/element.ts'
import { Jid } from '../wire/jid.ts'

test('whoever asks a session that is over hears at once that nobody is there', async () => {
  const house = await testServer()
  const romeo = await house.connect('romeo@localhost/orchard')
  const host = house.server.hosts.get('localhost')!
  const session = host.owners.loaded(Jid.parse('romeo@localhost'))!.sessions[0]!
  await romeo.disconnect()
  assert.equal(session.ended, true)
  await assert.rejects(host.request(session, 'get', new Element('ping', 'urn:xmpp:ping')), {
    condition: 'recipient-unavailable',
  })
  await house.stop()
})
