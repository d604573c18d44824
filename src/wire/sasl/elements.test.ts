import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from '../element.ts'
import { ns } from '../namespaces.ts'
import * as sasl from './elements.ts'
import { SaslError, saslFailures } from './errors.ts'
import { refusal } from './fixture.test.ts'
import { utf8 } from './text.ts'

const xmlns = 'xmlns="urn:ietf:params:xml:ns:xmpp-sasl"'
const none = new Uint8Array(0)

test('what is said, as RFC 6120 §6.4 writes it', () => {
  const cases: [Element, string][] = [
    [
      sasl.auth('PLAIN', utf8('\0juliet\0r0m30myr0m30')),
      `<auth ${xmlns} mechanism="PLAIN">AGp1bGlldAByMG0zMG15cjBtMzA=</auth>`,
    ],
    [sasl.auth('EXTERNAL', none), `<auth ${xmlns} mechanism="EXTERNAL">=</auth>`],
    [sasl.auth('PLAIN', undefined), `<auth ${xmlns} mechanism="PLAIN"/>`],
    [sasl.challenge(none), `<challenge ${xmlns}/>`],
    [sasl.challenge(utf8('foo')), `<challenge ${xmlns}>Zm9v</challenge>`],
    [sasl.response(none), `<response ${xmlns}/>`],
    [sasl.response(utf8('foo')), `<response ${xmlns}>Zm9v</response>`],
    [sasl.abort(), `<abort ${xmlns}/>`],
    [sasl.success(), `<success ${xmlns}/>`],
    [sasl.success(none), `<success ${xmlns}>=</success>`],
    [sasl.success(utf8('foo')), `<success ${xmlns}>Zm9v</success>`],
    [sasl.failure(new SaslError('aborted')), `<failure ${xmlns}><aborted/></failure>`],
    [
      sasl.failure(new SaslError('account-disabled', 'Call 212-555-1212 for assistance.')),
      `<failure ${xmlns}><account-disabled/><text xml:lang="en">Call 212-555-1212 for assistance.</text></failure>`,
    ],
    [sasl.failure(new TypeError('secret')), `<failure ${xmlns}><temporary-auth-failure/></failure>`],
    [
      sasl.mechanismsFeature(['EXTERNAL', 'PLAIN']),
      `<mechanisms ${xmlns}><mechanism>EXTERNAL</mechanism><mechanism>PLAIN</mechanism></mechanisms>`,
    ],
  ]
  for (const [element, xml] of cases) assert.equal(element.toString(), xml)
})

test('what the client says is read', () => {
  const cases: [Element, unknown][] = [
    [sasl.auth('PLAIN', utf8('foo')), { name: 'auth', mechanism: 'PLAIN', data: utf8('foo') }],
    [sasl.auth('PLAIN', none), { name: 'auth', mechanism: 'PLAIN', data: none }],
    [sasl.auth('PLAIN', undefined), { name: 'auth', mechanism: 'PLAIN', data: undefined }],
    [sasl.response(utf8('foo')), { name: 'response', data: utf8('foo') }],
    [sasl.response(none), { name: 'response', data: none }],
    [new Element('response', ns.sasl, [], ['=']), { name: 'response', data: none }],
    [sasl.abort(), { name: 'abort' }],
    [sasl.success(), undefined],
    [new Element('auth', ns.client, ['mechanism', 'PLAIN']), undefined],
  ]
  for (const [element, value] of cases) assert.deepEqual(sasl.readClientNonza(element), value)
  for (const text of ['Zg', 'Z===', ' Zm9v', 'Zm9v\n', '==', 'Zm9v=', 'Zh==', 'a b='])
    for (const name of ['auth', 'response'])
      assert.throws(
        () => sasl.readClientNonza(new Element(name, ns.sasl, ['mechanism', 'PLAIN'], [text])),
        refusal('incorrect-encoding'),
      )
  assert.throws(() => sasl.readClientNonza(new Element('auth', ns.sasl)), refusal('invalid-mechanism'))
  assert.throws(
    () => sasl.readClientNonza(new Element('auth', ns.sasl, ['mechanism', ''])),
    refusal('invalid-mechanism'),
  )
})

test('what the server says is read', () => {
  const cases: [Element, unknown][] = [
    [sasl.challenge(utf8('foo')), { name: 'challenge', data: utf8('foo') }],
    [sasl.challenge(none), { name: 'challenge', data: none }],
    [sasl.success(), { name: 'success', data: undefined }],
    [sasl.success(none), { name: 'success', data: none }],
    [sasl.success(utf8('foo')), { name: 'success', data: utf8('foo') }],
    [sasl.abort(), undefined],
    [new Element('success', ns.client), undefined],
  ]
  for (const [element, value] of cases) assert.deepEqual(sasl.readServerNonza(element), value)
  assert.throws(() => sasl.readServerNonza(new Element('challenge', ns.sasl, [], ['x'])), refusal('incorrect-encoding'))
  const feature = sasl.mechanismsFeature(['SCRAM-SHA-1', 'PLAIN'])
  assert.deepEqual(sasl.readMechanismsFeature(feature), ['SCRAM-SHA-1', 'PLAIN'])
  assert.deepEqual(sasl.readMechanismsFeature(feature.withChildren(['\n', new Element('mechanism', 'x')])), [])
})

test('each condition of RFC 6120 §6.5 there and back, and what is unknown', () => {
  const read = (element: Element) => {
    const nonza = sasl.readServerNonza(element)
    assert.ok(nonza?.name === 'failure')
    return [nonza.error.condition, nonza.error.text]
  }
  for (const condition of saslFailures) {
    assert.deepEqual(read(sasl.failure(new SaslError(condition))), [condition, undefined])
    assert.deepEqual(read(sasl.failure(new SaslError(condition, 'A & B'))), [condition, 'A & B'])
  }
  assert.equal(saslFailures.length, 11)
  assert.deepEqual(read(new Element('failure', ns.sasl)), ['not-authorized', undefined])
  const unknown = [new Element('mystery', ns.sasl), new Element('aborted', ns.client)]
  assert.deepEqual(read(new Element('failure', ns.sasl, [], unknown)), ['not-authorized', undefined])
})
