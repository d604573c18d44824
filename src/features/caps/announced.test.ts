import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import type { Element } from '../../wire/element.ts'
import { parse } from '../../wire/reader.ts'
import { discoInfo, discoItems } from '../disco/wire.ts'
import { capabilityHashes, capsNode, entityCaps, hashNode, isHashOf, isVerified } from './wire.ts'

let house: TestServer

before(async () => {
  // A form is part of the hashes.
  house = await testServer({ config: { contact: { admin: ['xmpp:admin@localhost'] } } })
  await house.addUser('romeo@localhost')
})
after(() => house.stop())

const credentials = encodeBase64(new TextEncoder().encode('\0romeo\0secret'))
const plain = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${credentials}</auth>`

/** A client that has logged in and opened its second stream, and what each stream offered. */
async function loggedIn() {
  const client = new RawClient(house.link())
  await client.open()
  const before = client.received
  client.send(plain)
  await client.expect('<success')
  await client.open()
  const after = client.received.slice(before.length)
  const features = after.slice(after.indexOf('<stream:features'))
  return { client, before, features: parse(features.replaceAll('stream:', '')) }
}

async function ask(query: Element) {
  const juliet = await house.connect('juliet@localhost')
  juliet.send(`<iq type="get" id="d" to="localhost">${query}</iq>`)
  const reply = await juliet.receive()
  await juliet.disconnect()
  return reply
}

test('who has logged in is told what the host can do, and may verify it; nobody is told before', async () => {
  const { before, features, client } = await loggedIn()
  client.links.client.destroy()
  assert.doesNotMatch(before, /caps/)
  const caps = entityCaps.of(features)!
  const { hashes } = capabilityHashes.of(features)!
  const info = discoInfo.of(await ask(discoInfo.write({ identities: [], features: [], extensions: [] })))!
  assert.equal(info.extensions.length, 1)
  assert.equal(await isVerified(caps, info, nodeCrypto.hash), true)
  assert.deepEqual(
    hashes.map(hash => hash.algorithm),
    ['sha-256', 'sha3-256'],
  )
  // The language of the stream does not count: the host names its own.
  for (const hash of hashes) assert.equal(await isHashOf(hash, info, nodeCrypto.hash, 'de'), true)
  for (const { namespace } of [entityCaps, capabilityHashes])
    assert.ok(info.features.some(feature => feature.var === namespace))

  for (const node of [capsNode(caps), ...hashes.map(hashNode)]) {
    const query = { node, identities: [], features: [], extensions: [] }
    assert.deepEqual(discoInfo.of(await ask(discoInfo.write(query))), { ...info, node })
    assert.deepEqual(discoItems.of(await ask(discoItems.write({ node, items: [] }))), { node, items: [] })
  }
})

test('of capabilities that it does not have the host tells nothing', async () => {
  for (const node of ['urn:xmpp:caps#sha-256.AAAA', 'http://psi-im.org#q07IKJEyjvHSyhy//CH0CxmKi8w=']) {
    const query = { node, identities: [], features: [], extensions: [] }
    assert.match(String(await ask(discoInfo.write(query))), /<item-not-found/)
  }
})

test('they are not negotiated: whoever tries has not bound a resource', async () => {
  for (const namespace of [entityCaps.namespace, capabilityHashes.namespace]) {
    const { client } = await loggedIn()
    client.send(`<c xmlns='${namespace}'/>`)
    await client.expect('</stream:stream>')
    assert.match(client.received, /<not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-streams"/)
  }
})
