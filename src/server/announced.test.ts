import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodeCrypto } from '../runtime/node-crypto.ts'
import { RawClient } from '../testing/raw.ts'
import { type TestServer, testServer } from '../testing/server.ts'
import { decodeBase64, encodeBase64 } from '../wire/base64.ts'
import { announcedHash } from '../wire/sasl/downgrade.ts'
import { fromUtf8, utf8 } from '../wire/sasl/text.ts'

let house: TestServer
before(async () => {
  house = await testServer()
  await house.addUser('juliet@localhost')
})
after(() => house.stop())

const first = encodeBase64(utf8('n,,n=juliet,r=fyko+d2lbbFgONRv9qkxdawL'))
const sasl = 'urn:ietf:params:xml:ns:xmpp-sasl'
const profiles = [
  ['RFC 6120', /<mechanisms .*?<\/mechanisms>/, `<auth xmlns='${sasl}' mechanism='SCRAM-SHA-256'>${first}</auth>`],
  [
    'SASL2',
    /<authentication .*?<inline>/,
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-256'><initial-response>${first}</initial-response></authenticate>`,
  ],
] as const

for (const [name, list, say] of profiles) {
  test(`${name}: SCRAM tells the hash of what was announced on this stream (XEP-0474 §6.1)`, async () => {
    for (const encrypted of name === 'SASL2' ? [true] : [true, false]) {
      const at = encrypted ? house : await withoutTls()
      const client = new RawClient(at.link({ encrypted }))
      await client.open()
      const mechanisms = [...list.exec(client.received)![0].matchAll(/<mechanism>([^<]*)/g)].map(found => found[1]!)
      const channelBindings = [...client.received.matchAll(/<channel-binding type="([^"]*)"/g)].map(found => found[1]!)
      assert.equal(channelBindings.length, encrypted ? 2 : 0)
      client.send(say)
      await client.expect('</challenge>')
      const challenge = fromUtf8(decodeBase64(/<challenge [^>]*>([^<]*)/.exec(client.received)![1]!))
      const hash = await announcedHash(nodeCrypto, 'sha-256', { mechanisms, channelBindings })
      assert.equal(challenge.split(',')[3], `h=${hash}`)
      if (at !== house) await at.stop()
    }
  })
}

async function withoutTls(): Promise<TestServer> {
  const other = await testServer({ config: { tls: { required: false } } })
  await other.addUser('juliet@localhost')
  return other
}
