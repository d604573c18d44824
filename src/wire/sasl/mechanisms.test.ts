import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from '../element.ts'
import {
  channelBindingFeature,
  channelBindingNamespace,
  channelBindingTypes,
  readChannelBindingFeature,
} from './channel-binding.ts'
import { refusal } from './fixture.test.ts'
import { chooseMechanism, type MechanismOptions } from './mechanisms.ts'
import { serverMechanisms } from './server.ts'

const scram = ['SCRAM-SHA-1', 'SCRAM-SHA-256', 'SCRAM-SHA-512']
const plus = scram.map(name => `${name}-PLUS`)
const everything = [...serverMechanisms].reverse()

function choose(offered: readonly string[], changes: Partial<MechanismOptions> = {}) {
  return chooseMechanism(offered, {
    secure: true,
    password: true,
    channelBindings: channelBindingTypes,
    announcedBindings: channelBindingTypes,
    ...changes,
  })
}

const noTypes = { announcedBindings: [] }

test('the best first', () => {
  assert.deepEqual(choose(everything), { name: 'SCRAM-SHA-512-PLUS', binding: 'p=tls-exporter' })
  assert.deepEqual(choose(everything, { certificate: true }), { name: 'EXTERNAL', binding: 'n' })
  assert.deepEqual(choose(everything, { anonymous: true }), { name: 'ANONYMOUS', binding: 'n' })
  assert.deepEqual(choose(['SCRAM-SHA-512', 'SCRAM-SHA-1-PLUS']), {
    name: 'SCRAM-SHA-1-PLUS',
    binding: 'p=tls-exporter',
  })
  assert.deepEqual(choose(scram, noTypes), { name: 'SCRAM-SHA-512', binding: 'y' })
  assert.deepEqual(choose(['SCRAM-SHA-1', 'SCRAM-SHA-256'], noTypes), { name: 'SCRAM-SHA-256', binding: 'y' })
  assert.equal(choose(everything, { password: false }), undefined)
  assert.equal(choose(['CRAM-MD5', 'DIGEST-MD5'], noTypes), undefined)
  assert.equal(choose([], noTypes), undefined)
  assert.equal(choose(scram, { anonymous: true }), undefined)
})

test('what has failed is left out, and nothing weaker takes its place', () => {
  const failed = ['SCRAM-SHA-512-PLUS']
  assert.deepEqual(choose(everything, { failed }), { name: 'SCRAM-SHA-256-PLUS', binding: 'p=tls-exporter' })
  assert.equal(choose(everything, { failed: plus, plain: true }), undefined)
  assert.equal(choose([...scram, 'PLAIN'], { failed: scram, plain: true, ...noTypes }), undefined)
})

test('PLAIN only over TLS, only if allowed, only where there is no SCRAM', () => {
  const none = { channelBindings: [] }
  assert.deepEqual(choose(['PLAIN'], { plain: true, ...noTypes }), { name: 'PLAIN', binding: 'n' })
  assert.equal(choose(['PLAIN'], { plain: true, secure: false, ...none }), undefined)
  assert.equal(choose(['PLAIN'], none), undefined)
  assert.equal(choose(['PLAIN'], { plain: false, ...none }), undefined)
  assert.deepEqual(choose(['PLAIN', 'SCRAM-SHA-1'], { plain: true, ...none }), { name: 'SCRAM-SHA-1', binding: 'n' })
})

test('the rules of XEP-0440 §3', () => {
  const exporter = ['tls-exporter']
  const endPoint = ['tls-server-end-point']
  const all = [...scram, ...plus]
  const weak = refusal('mechanism-too-weak')
  // 2: a client without channel binding.
  assert.deepEqual(choose(all, { channelBindings: [] }), { name: 'SCRAM-SHA-512', binding: 'n' })
  // 3: a server without.
  assert.deepEqual(choose(scram, { announcedBindings: [] }), { name: 'SCRAM-SHA-512', binding: 'y' })
  // 4: types not announced.
  assert.deepEqual(choose(all, { announcedBindings: [] }), { name: 'SCRAM-SHA-512-PLUS', binding: 'p=tls-exporter' })
  // 5: mechanisms taken away.
  assert.throws(() => choose(scram), weak)
  assert.throws(() => choose(all, { announcedBindings: [], sasl2: true }), weak)
  // 6: types taken away, unless the server proves that it has not more (XEP-0474 §7).
  const unproven = { name: 'SCRAM-SHA-512', binding: 'n', announcedProven: true }
  assert.deepEqual(choose(all, { announcedBindings: ['tls-unique'] }), unproven)
  assert.deepEqual(choose(all, { channelBindings: endPoint, announcedBindings: exporter }), unproven)
  assert.deepEqual(choose(all, { channelBindings: exporter, announcedBindings: endPoint }), {
    name: 'SCRAM-SHA-512',
    binding: 'n',
  })
  // 1 and 7: the strongest of both.
  assert.equal(choose(all, { announcedBindings: [...endPoint, ...exporter] })?.binding, 'p=tls-exporter')
  assert.equal(choose(all, { announcedBindings: endPoint })?.binding, 'p=tls-server-end-point')
})

test('the stream feature of XEP-0440 (example 1)', () => {
  const feature = channelBindingFeature(['tls-server-end-point', 'tls-exporter'])
  assert.equal(
    feature.toString(),
    '<sasl-channel-binding xmlns="urn:xmpp:sasl-cb:0"><channel-binding type="tls-server-end-point"/>' +
      '<channel-binding type="tls-exporter"/></sasl-channel-binding>',
  )
  assert.deepEqual(readChannelBindingFeature(feature), ['tls-server-end-point', 'tls-exporter'])
  const odd = [
    new Element('channel-binding', channelBindingNamespace),
    new Element('channel-binding', 'x', ['type', 'y']),
    ' ',
  ]
  assert.deepEqual(readChannelBindingFeature(feature.withChildren(odd)), [])
})
