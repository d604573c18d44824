import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import { SaslError } from '../../wire/sasl/errors.ts'
import { utf8 } from '../../wire/sasl/text.ts'
import { bind } from '../bind2/wire.ts'
import { configVersion, mismatch, pipelining } from './wire.ts'

let house: TestServer
before(async () => {
  house = await testServer()
  await house.addUser('romeo@localhost')
})
after(() => house.stop())

async function opened(at = house, options = {}): Promise<RawClient> {
  const client = new RawClient(at.link(options))
  await client.open()
  return client
}

function versionIn({ received }: RawClient): string | undefined {
  return /<config-version xmlns="urn:xmpp:iap:0" scheme="opaque" value="([^"]+)"\/>/.exec(received)?.[1]
}

test('what is on offer has a version: the same for the same, also on another server of these settings', async () => {
  const version = versionIn(await opened())
  assert.ok(version)
  assert.equal(versionIn(await opened()), version)
  const twin = await testServer()
  assert.equal(versionIn(await opened(twin)), version)
  await twin.stop()
})

test('another mechanism less, or another limit, is another version', async () => {
  const version = versionIn(await opened())
  for (const config of [{ login: { mechanisms: ['SCRAM-SHA-256'] } }, { timeouts: { idle: '20m' } }]) {
    const other = await testServer({ config })
    const its = versionIn(await opened(other))
    assert.ok(its)
    assert.notEqual(its, version)
    await other.stop()
  }
})

test('only on direct TLS, only before login, and not where the setting says no', async () => {
  const off = await testServer({ config: { pipelining: { enabled: false } } })
  assert.equal(versionIn(await opened(off)), undefined)
  await off.stop()
  const client = await opened()
  const from = client.received.length
  client.send(authenticate())
  await client.until(() => client.received.includes('</stream:features>', from))
  assert.ok(!client.received.slice(from).includes(pipelining))
})

test('not behind STARTTLS, where nothing may be sent ahead: what names a version matches none', async () => {
  const version = versionIn(await opened())!
  const actor = { name: 'Romeo', line: 1, jid: 'romeo@localhost', password: 'secret', resource: undefined }
  const client = await house.open({ ...actor, carrier: 'starttls' })
  client.begin()
  await client.receive()
  client.send("<starttls xmlns='urn:ietf:params:xml:ns:xmpp-tls'/>")
  await client.receive()
  await client.secure()
  client.begin()
  const features = await client.receive()
  assert.ok(features.child('authentication', 'urn:xmpp:sasl:2'))
  assert.equal(features.child('config-version', pipelining), undefined)
  client.send(authenticate(configVersion.write({ value: version }).toString()))
  assert.ok((await client.receive()).child('config-version-mismatch', pipelining))
})

const header = `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' from='romeo@localhost' version='1.0'>`
const authenticate = (more = '', password = 'secret') =>
  `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>${encodeBase64(utf8(`\0romeo\0${password}`))}</initial-response>${more}</authenticate>`

test('header and login in one piece: features, then success, in one piece too', async () => {
  const version = versionIn(await opened())!
  const client = new RawClient(house.link())
  client.send(header + authenticate(configVersion.write({ value: version }).toString()))
  await client.expect('</success>')
  assert.match(client.received, /^<\?xml.*?<stream:stream .*?<stream:features>.*<\/stream:features><success /)
})

test('what was on offer once: aborted with a mismatch, which counts as no failure, and the next try succeeds (§2.2, §3.3)', async () => {
  const lines = house.log.length
  const old = configVersion.write({ scheme: 'opaque', value: 'SSBjaGFuZ2VkIHRoaXMh' })
  const client = new RawClient(house.link())
  client.send(header + authenticate(old.toString(), 'wrong'))
  await client.expect('</failure>')
  assert.match(
    client.received,
    /<failure xmlns="urn:xmpp:sasl:2"><aborted [^>]*\/><config-version-mismatch xmlns="urn:xmpp:iap:0"\/>/,
  )
  assert.ok(!house.log.slice(lines).some(line => line.sentence === 'login refused'))
  client.send(authenticate(configVersion.write({ value: versionIn(client)! }).toString()))
  await client.expect('</success>')
})

test('a version without a value: malformed-request', async () => {
  const client = await opened()
  client.send(authenticate("<config-version xmlns='urn:xmpp:iap:0'/>"))
  await client.expect('</failure>')
  assert.match(client.received, /<malformed-request /)
})

test('a client reads the mismatch', async () => {
  const inline = [configVersion.write({ value: 'old' })]
  await assert.rejects(house.logIn('romeo@localhost', { inline, pipelined: true }), error => {
    assert.ok(error instanceof SaslError && error.condition === 'aborted')
    assert.ok(error.application && mismatch.is(error.application))
    return true
  })
  const player = await house.logIn('romeo@localhost', { inline: [bind('A')] })
  await player.disconnect()
})
