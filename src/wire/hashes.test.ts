import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { cases } from '../testing/cases.ts'
import { decodeBase64 } from './base64.ts'
import { Element } from './element.ts'
import { Malformed } from './errors.ts'
import { type HashAlgorithm, hash, hashAlgorithms, hashesNamespace, hashFeature, hashUsed } from './hashes.ts'

// XEP-0300 §3.
cases(hash, [
  [
    `<hash xmlns='urn:xmpp:hashes:2' algo='sha-256'>2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=</hash>`,
    { algorithm: 'sha-256', digest: decodeBase64('2XarmwTlNxDAMkvymloX3S5+VbylNrJt/l5QyPa+YoU=') },
  ],
  [
    `<hash xmlns='urn:xmpp:hashes:2' algo='sha-1'>2AfMGH8O7UNPTvUVAM9aK13mpCY=</hash>`,
    { algorithm: 'sha-1', digest: decodeBase64('2AfMGH8O7UNPTvUVAM9aK13mpCY=') },
  ],
  [
    `<hash xmlns='urn:xmpp:hashes:2' algo='of-tomorrow'>AQID</hash>`,
    { algorithm: 'of-tomorrow', digest: new Uint8Array([1, 2, 3]) },
  ],
])
cases(hashUsed, [[`<hash-used xmlns='urn:xmpp:hashes:2' algo='sha-256'/>`, { algorithm: 'sha-256' }]])

test('digests of the wrong length, and what is no digest, are refused', () => {
  const element = (algorithm: string, text: string) =>
    new Element('hash', hashesNamespace, ['algo', algorithm], text === '' ? [] : [text])
  for (const [algorithm, text] of [
    ['sha-256', '2AfMGH8O7UNPTvUVAM9aK13mpCY='],
    ['of-tomorrow', ''],
    ['', 'AQID'],
    ['of-tomorrow', 'AQI'],
  ] as const)
    assert.throws(() => hash.read(element(algorithm, text)), Malformed, `${algorithm} ${text}`)
  assert.throws(() => hash.of(new Element('x', 'y', [], [element('md5', 'AQID')])), Malformed)
})

test('the lengths are those of the algorithms', () => {
  const names: Record<string, string> = { 'blake2b-512': 'blake2b512' }
  for (const [algorithm, length] of Object.entries(hashAlgorithms)) {
    if (algorithm === 'blake2b-256') continue
    const name = names[algorithm] ?? (algorithm.startsWith('sha-') ? algorithm.replace('-', '') : algorithm)
    assert.equal(createHash(name).digest().length, length, algorithm)
  }
  const feature: HashAlgorithm = 'sha3-256'
  assert.equal(hashFeature(feature), 'urn:xmpp:hash-function-text-names:sha3-256')
})
