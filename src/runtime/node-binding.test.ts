import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { endPoint } from './node-binding.ts'

/** The outline of a certificate: SEQUENCE { SEQUENCE { … }, algorithm, BIT STRING }. */
function certificate(algorithm: string, size = 200): Buffer {
  const signed = sequence(Buffer.alloc(size))
  return sequence(Buffer.concat([signed, sequence(Buffer.from(algorithm, 'hex')), Buffer.from('030100', 'hex')]))
}

function sequence(content: Buffer): Buffer {
  const length = content.length
  const head = length < 128 ? [0x30, length] : [0x30, 0x82, length >> 8, length & 255]
  return Buffer.concat([Buffer.from(head), content])
}

const cases: [string, string, string | undefined][] = [
  ['md5WithRSAEncryption', '06092a864886f70d0101040500', 'sha256'],
  ['sha1WithRSAEncryption', '06092a864886f70d0101050500', 'sha256'],
  ['sha256WithRSAEncryption', '06092a864886f70d01010b0500', 'sha256'],
  ['sha384WithRSAEncryption', '06092a864886f70d01010c0500', 'sha384'],
  ['sha512WithRSAEncryption', '06092a864886f70d01010d0500', 'sha512'],
  ['ecdsa-with-SHA1', '06072a8648ce3d0401', 'sha256'],
  ['ecdsa-with-SHA256', '06082a8648ce3d040302', 'sha256'],
  ['ecdsa-with-SHA384', '06082a8648ce3d040303', 'sha384'],
  ['RSASSA-PSS with SHA-512', '06092a864886f70d01010a300fa00d300b0609608648016503040203', 'sha512'],
  ['RSASSA-PSS without parameters', '06092a864886f70d01010a3000', 'sha256'],
  ['Ed25519', '06032b6570', undefined],
  ['unknown', '06032a0304', undefined],
]

for (const [name, algorithm, hash] of cases)
  test(`tls-server-end-point of a certificate signed by ${name}: ${hash ?? 'undefined'} (RFC 5929 §4.1)`, () => {
    for (const size of [20, 200, 2000]) {
      const der = certificate(algorithm, size)
      const expected = hash && createHash(hash).update(der).digest()
      assert.deepEqual(endPoint(der), expected || undefined)
    }
  })

test('what is no certificate has no end point, cut anywhere', () => {
  const der = certificate('06082a8648ce3d040302', 20)
  for (let length = 0; length < 34; length++) assert.equal(endPoint(der.subarray(0, length)), undefined)
  assert.equal(endPoint(Buffer.from('3085ffffffffff', 'hex')), undefined)
})
