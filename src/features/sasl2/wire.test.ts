import assert from 'node:assert/strict'
import { test } from 'node:test'
import { canonical } from '../../testing/reading.ts'
import { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { SaslError } from '../../wire/sasl/errors.ts'
import { utf8 } from '../../wire/sasl/text.ts'
import * as wire from './wire.ts'

const same = (element: Element, xml: string) =>
  assert.equal(canonical(element), canonical(parse(xml.replace(/>\s+</g, '><'))))
const id = 'd4565fa7-4d72-4749-b3d3-740edbf87770'

test('a request of the text is read, and written as it was (XEP-0388 example 3)', () => {
  const xml = `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='SCRAM-SHA-1-PLUS'>
      <initial-response>cD10bHMtZXhwb3J0ZXIsLG49dXNlcixyPTEyQzRDRDVDLUUzOEUtNEE5OC04RjZELTE1QzM4RjUxQ0NDNg==</initial-response>
      <user-agent id='${id}'><software>AwesomeXMPP</software><device>Kiva's Phone</device></user-agent>
    </authenticate>`
  const read = wire.readAuthenticate(parse(xml))
  assert.deepEqual(read, {
    mechanism: 'SCRAM-SHA-1-PLUS',
    initial: utf8('p=tls-exporter,,n=user,r=12C4CD5C-E38E-4A98-8F6D-15C38F51CCC6'),
    agent: { id, software: 'AwesomeXMPP', device: "Kiva's Phone" },
  })
  same(wire.authenticate(read), xml)
})

test('what may be missing may be missing, and line breaks in the data are those of the examples (example 4)', () => {
  assert.deepEqual(wire.readAuthenticate(parse("<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'/>")), {
    mechanism: 'PLAIN',
    initial: undefined,
    agent: undefined,
  })
  const empty = parse(
    "<authenticate xmlns='urn:xmpp:sasl:2' mechanism='X'><initial-response/><user-agent/></authenticate>",
  )
  assert.deepEqual(wire.readAuthenticate(empty).initial, new Uint8Array(0))
  assert.deepEqual(wire.readAuthenticate(empty).agent, { id: undefined, software: undefined, device: undefined })
  const broken = parse("<response xmlns='urn:xmpp:sasl:2'>\n  AGE=\n</response>")
  assert.deepEqual(wire.readData(broken), utf8('\0a'))
})

const wrong: [what: string, attributes: string, children: string, condition: string][] = [
  ['no mechanism', '', '', 'invalid-mechanism'],
  ['an empty mechanism', "mechanism=''", '', 'invalid-mechanism'],
  ['data that is not base64', "mechanism='X'", '<initial-response>!</initial-response>', 'incorrect-encoding'],
  ['the "=" of RFC 6120', "mechanism='X'", '<initial-response>=</initial-response>', 'incorrect-encoding'],
  ['two responses', "mechanism='X'", '<initial-response/><initial-response/>', 'malformed-request'],
  ['two user agents', "mechanism='X'", '<user-agent/><user-agent/>', 'malformed-request'],
  ['an id that is no UUID', "mechanism='X'", "<user-agent id='me'/>", 'malformed-request'],
  ['an empty id', "mechanism='X'", "<user-agent id=''/>", 'malformed-request'],
  ['a UUID of time', "mechanism='X'", "<user-agent id='d4565fa7-4d72-1749-b3d3-740edbf87770'/>", 'malformed-request'],
  [
    'long software',
    "mechanism='X'",
    `<user-agent><software>${'x'.repeat(257)}</software></user-agent>`,
    'malformed-request',
  ],
  [
    'a long device',
    "mechanism='X'",
    `<user-agent><device>${'x'.repeat(257)}</device></user-agent>`,
    'malformed-request',
  ],
]

for (const [what, attributes, children, condition] of wrong) {
  test(`a request with ${what}: ${condition}`, () => {
    const request = parse(`<authenticate xmlns='urn:xmpp:sasl:2' ${attributes}>${children}</authenticate>`)
    assert.throws(
      () => wire.readAuthenticate(request),
      error => error instanceof SaslError && error.condition === condition,
    )
  })
}

test('the feature, with what is inline (example 2)', () => {
  const inline = [new Element('sm', 'urn:xmpp:sm:3'), new Element('bind', 'urn:xmpp:bind:0')]
  const feature = wire.authentication(['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS'], inline)
  const xml = `<authentication xmlns='urn:xmpp:sasl:2'><mechanism>SCRAM-SHA-1</mechanism><mechanism>SCRAM-SHA-1-PLUS</mechanism>
      <inline><sm xmlns='urn:xmpp:sm:3'/><bind xmlns='urn:xmpp:bind:0'/></inline></authentication>`
  same(feature, xml)
  assert.deepEqual(wire.readMechanisms(feature), ['SCRAM-SHA-1', 'SCRAM-SHA-1-PLUS'])
  assert.equal(wire.authentication(['X']).child('inline'), undefined)
})

test('the outcomes (examples 7, 10, 11), and what a client reads of them', () => {
  const juliet = Jid.parse('user@example.org')
  const success = wire.success(utf8('v=msVHs/BzIOHDqXeVH7EmmDu9id8='), juliet)
  same(
    success,
    `<success xmlns='urn:xmpp:sasl:2'><additional-data>dj1tc1ZIcy9CeklPSERxWGVWSDdFbW1EdTlpZDg9</additional-data>
      <authorization-identifier>user@example.org</authorization-identifier></success>`,
  )
  const read = wire.readAnswer(success)
  assert.ok(read?.name === 'success' && read.account === 'user@example.org' && read.data?.length === 30)
  const failure = parse(`<failure xmlns='urn:xmpp:sasl:2'><aborted xmlns='urn:ietf:params:xml:ns:xmpp-sasl'/>
      <optional-application-specific xmlns='urn:something:else'/><text>This is a terrible example.</text></failure>`)
  const refused = wire.readAnswer(failure)
  assert.ok(refused?.name === 'failure')
  assert.equal(refused.error.condition, 'aborted')
  assert.equal(refused.error.text, 'This is a terrible example.')
  same(wire.failure(refused.error), failure.toString().replace(/>\s+</g, '><'))
  assert.match(String(wire.failure(new Error('secret'))), /<temporary-auth-failure [^>]*\/><\/failure>$/)
  same(
    wire.proceed(utf8("I'm bored now."), ['HOTP-EXAMPLE', 'TOTP-EXAMPLE']),
    `<continue xmlns='urn:xmpp:sasl:2'><additional-data>SSdtIGJvcmVkIG5vdy4=</additional-data>
      <tasks><task>HOTP-EXAMPLE</task><task>TOTP-EXAMPLE</task></tasks></continue>`,
  )
})
