import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { decodeBase64 } from '../../wire/base64.ts'
import { Malformed } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { salt, saltedHash, upgrade } from './wire.ts'

cases(upgrade, [
  [
    `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1-PLUS'>
      <upgrade xmlns='urn:xmpp:sasl:upgrade:0'>UPGR-SCRAM-SHA-256</upgrade>
    </authenticate>`,
    { task: 'UPGR-SCRAM-SHA-256' },
  ],
])

cases(salt, [
  [
    `<task-data xmlns='urn:xmpp:sasl:2'>
      <salt xmlns='urn:xmpp:scram-upgrade:0' iterations='4096'>QV9TWENSWFE2c2VrOGJmX1o=</salt>
    </task-data>`,
    { iterations: 4096, salt: decodeBase64('QV9TWENSWFE2c2VrOGJmX1o=') },
  ],
])

cases(saltedHash, [
  [
    `<task-data xmlns='urn:xmpp:sasl:2'>
      <hash xmlns='urn:xmpp:scram-upgrade:0'>BzOnw3Pc5H4bOLlPZ/8JAy6wnTpH05aH21KW2+Xfpaw=</hash>
    </task-data>`,
    { salted: decodeBase64('BzOnw3Pc5H4bOLlPZ/8JAy6wnTpH05aH21KW2+Xfpaw=') },
  ],
])

test('white space around base64, as in example 5, is read over', () => {
  const text = `<hash xmlns='urn:xmpp:scram-upgrade:0'>\n  BzOn\n  w3Pc\n</hash>`
  assert.deepEqual(saltedHash.read(parse(text)), { salted: decodeBase64('BzOnw3Pc') })
})

test('a task without a name, and what is no base64, are refused', () => {
  assert.throws(() => upgrade.read(parse(`<upgrade xmlns='urn:xmpp:sasl:upgrade:0'/>`)), Malformed)
  for (const text of ['*', 'QV9', 'a b c'])
    assert.throws(() => saltedHash.read(parse(`<hash xmlns='urn:xmpp:scram-upgrade:0'>${text}</hash>`)), Malformed)
  assert.throws(() => salt.read(parse(`<salt xmlns='urn:xmpp:scram-upgrade:0'>QV9T</salt>`)), Malformed)
})
