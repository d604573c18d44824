import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { type TestServer, testServer } from '../../testing/server.ts'
import { settle } from '../../testing/settle.ts'
import { Jid } from '../../wire/jid.ts'
import { ManagedClient } from './test-clients.ts'

const sm = 'urn:xmpp:sm:3'
let house: TestServer

beforeEach(async () => {
  house = await testServer({ config: { limits: { unsent: '1MiB', stanza: '1MiB' } } })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
})
afterEach(() => house.stop())

/** Romeo does not read what Juliet says to him, and only then has stanzas counted. */
async function unread(attributes: string): Promise<ManagedClient> {
  const romeo = new ManagedClient(house, 'romeo')
  await romeo.logIn()
  romeo.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>`)
  await romeo.expect('id="b"')
  romeo.send('<presence/>')
  await romeo.expect('<presence')
  romeo.links.sockets.client.pause()
  const juliet = new ManagedClient(house, 'juliet')
  await juliet.logIn()
  juliet.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`)
  await juliet.expect('id="b"')
  const body = 'x'.repeat(300_000)
  juliet.send(`<message to='romeo@localhost' type='chat' id='m1'><body>${body}</body></message>`)
  await juliet.settled()
  romeo.send(`<enable xmlns='${sm}' ${attributes}/>`)
  await settle(5)
  return romeo
}

function waiting(): number {
  return house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('romeo@localhost'))!.undelivered
}

for (const attributes of ["resume='true'", '']) {
  test(`what was written before counting began, and was not taken, waits: enable ${attributes}`, async () => {
    const romeo = await unread(attributes)
    assert.equal(waiting(), 0)
    romeo.links.sockets.cut()
    await settle(5)
    assert.equal(waiting(), 1)
  })

  test(`what was, does not: enable ${attributes}`, async () => {
    const romeo = await unread(attributes)
    romeo.links.sockets.client.resume()
    await romeo.expect('<enabled')
    await settle(5)
    romeo.links.sockets.cut()
    await settle(5)
    assert.equal(waiting(), 0)
  })
}
