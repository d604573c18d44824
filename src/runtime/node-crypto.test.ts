import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { hashAvailable, nodeCrypto } from './node-crypto.ts'
import type { HashName } from './runtime.ts'

const bytes = (text: string) => new TextEncoder().encode(text)
const hex = (data: Uint8Array) => Buffer.from(data).toString('hex')

// FIPS 180-2 appendices A to C, FIPS 202's published examples, RFC 7693 appendix A.
const ofAbc: [HashName, string][] = [
  ['sha-1', 'a9993e364706816aba3e25717850c26c9cd0d89d'],
  ['sha-256', 'ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad'],
  [
    'sha-512',
    'ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f',
  ],
  ['sha3-256', '3a985da74fe225b2045c172d6bd390bd855f086e3e9d525b46bfe24511431532'],
  [
    'sha3-512',
    'b751850b1a57168a5693cd924b6b096e08f621827444f70d884f5d0240d2712e10e116e9192af3c91a7ec57647e3934057340b4cf408d5a56592f8274eec53f0',
  ],
  [
    'blake2b-512',
    'ba80a53f981c4d0d6a2797b69f12f6e94c212f14685ac4b74b12bb6fdbffa2d17d87c5392aab792dc252d5de4533cc9518d38aa8dbf1925ab92386edd4009923',
  ],
]

test('hashes', async () => {
  for (const [name, expected] of ofAbc) {
    assert.equal(hashAvailable(name), true)
    const value = await nodeCrypto.hash(name, bytes('abc'))
    assert.equal(hex(value), expected, name)
    assert.equal(Object.getPrototypeOf(value), Uint8Array.prototype)
  }
})

test('a hash that OpenSSL does not have is refused with a sentence', async () => {
  if (hashAvailable('blake2b-256')) {
    // RFC 7693 does not print this one; it is what b2sum -l 256 prints.
    const expected = 'bddd813c634239723171ef3fee98579b94964e3bb1cb3e427262c8c068d52319'
    assert.equal(hex(await nodeCrypto.hash('blake2b-256', bytes('abc'))), expected)
    return
  }
  const sentence = /OpenSSL .* cannot compute blake2b-256/
  assert.throws(() => nodeCrypto.hash('blake2b-256', bytes('abc')), sentence)
  assert.throws(() => nodeCrypto.hmac('blake2b-256', bytes('key'), bytes('abc')), sentence)
  await assert.rejects(nodeCrypto.pbkdf2('blake2b-256', bytes('key'), bytes('salt'), 1, 32), sentence)
})

test('HMAC (RFC 2202, RFC 4231)', async () => {
  const [key, data] = [bytes('Jefe'), bytes('what do ya want for nothing?')]
  assert.equal(hex(await nodeCrypto.hmac('sha-1', key, data)), 'effcdf6ae5eb2fa2d27416d5f184df9c259a7c79')
  assert.equal(
    hex(await nodeCrypto.hmac('sha-256', key, data)),
    '5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843',
  )
})

test('HMAC with keys shorter and longer than a block agrees with OpenSSL', async () => {
  const openssl = { 'sha-1': 'sha1', 'sha-256': 'sha256', 'sha-512': 'sha512', 'blake2b-512': 'blake2b512' }
  const names = { ...openssl, 'sha3-256': 'sha3-256', 'sha3-512': 'sha3-512' }
  for (const [name, theirs] of Object.entries(names))
    for (const length of [0, 1, 63, 64, 65, 71, 72, 73, 127, 128, 129, 135, 136, 137, 300]) {
      const key = Uint8Array.from({ length }, (_, i) => i * 7)
      const data = bytes('x'.repeat(length * 2))
      const expected = createHmac(theirs, key).update(data).digest('hex')
      assert.equal(hex(await nodeCrypto.hmac(name as HashName, key, data)), expected, `${name} ${length}`)
    }
})

test('PBKDF2 (RFC 6070)', async () => {
  const key = await nodeCrypto.pbkdf2('sha-1', bytes('password'), bytes('salt'), 4096, 20)
  assert.equal(hex(key), '4b007901b765489abead49d926f721d065a429c1')
  await assert.rejects(nodeCrypto.pbkdf2('sha-1', bytes('password'), bytes('salt'), 0, 20), RangeError)
})

test('equal', () => {
  assert.equal(nodeCrypto.equal(bytes('abc'), bytes('abc')), true)
  assert.equal(nodeCrypto.equal(bytes('abc'), bytes('abd')), false)
  assert.equal(nodeCrypto.equal(bytes('abc'), bytes('abcd')), false)
  assert.equal(nodeCrypto.equal(bytes(''), bytes('')), true)
})
