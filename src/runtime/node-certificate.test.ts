import assert from 'node:assert/strict'
import { createPrivateKey, X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { fingerprint, selfSigned } from './node-certificate.ts'

test('a self-signed certificate proves its names, for so many days', async () => {
  const { chain, key } = await selfSigned(['localhost', 'Bücher.example', '192.0.2.7'], 90)
  const certificate = new X509Certificate(chain)
  assert.ok(certificate.checkPrivateKey(createPrivateKey(key)))
  assert.ok(certificate.verify(certificate.publicKey))
  for (const name of ['localhost', 'xn--bcher-kva.example'])
    assert.equal(certificate.checkHost(name, { subject: 'never' }), name)
  for (const address of ['127.0.0.1', '::1', '192.0.2.7']) assert.ok(certificate.checkIP(address), address)
  assert.equal(certificate.checkHost('other.example'), undefined)
  assert.equal(certificate.publicKey.asymmetricKeyType, 'ec')
  assert.equal(certificate.ca, false)
  const days = (Date.parse(certificate.validTo) - Date.now()) / 86_400_000
  assert.ok(days > 89.9 && days <= 90, String(days))
  assert.ok(Date.parse(certificate.validFrom) < Date.now() - 3_000_000)
  assert.deepEqual(certificate.keyUsage, ['1.3.6.1.5.5.7.3.1', '1.3.6.1.5.5.7.3.2'])
  assert.match(fingerprint({ chain }), /^([\dA-F]{2}:){31}[\dA-F]{2}$/)
  assert.equal(fingerprint({ chain }), certificate.fingerprint256)
  const again = new X509Certificate((await selfSigned(['localhost'], 1)).chain)
  assert.notEqual(again.serialNumber, certificate.serialNumber)
})

test('a certificate for nobody, or for what is no name, is not made', async () => {
  await assert.rejects(selfSigned([], 1), /needs a name/)
  await assert.rejects(selfSigned(['a b'], 1), /neither a domain nor an IP address/)
})
