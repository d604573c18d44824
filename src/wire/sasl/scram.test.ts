import assert from 'node:assert/strict'
import { pbkdf2Sync } from 'node:crypto'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { decodeBase64, encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import { type ScramClientKeys, saslClient } from './client.ts'
import type { ScramHash } from './crypto.ts'
import { clientContext, refusal } from './fixture.test.ts'
import { deriveScramKeys, exclusiveOr, fakeScramKeys, passwordMatches, saltedPassword, scramKeysOf } from './scram.ts'
import { fromUtf8, utf8 } from './text.ts'

/** RFC 5802 §5 and RFC 7677 §3: user `user`, password `pencil`. */
const vectors = [
  {
    mechanism: 'SCRAM-SHA-1',
    hash: 'sha-1',
    nonce: 'fyko+d2lbbFgONRv9qkxdawL',
    first: 'n,,n=user,r=fyko+d2lbbFgONRv9qkxdawL',
    answer: 'r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,s=QSXCR+Q6sek8bf92,i=4096',
    final: 'c=biws,r=fyko+d2lbbFgONRv9qkxdawL3rfcNHYJY1ZVvWVs7j,p=v0X8v3Bz2T0CJGbJQyF0X+HI4Ts=',
    verifier: 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ=',
  },
  {
    mechanism: 'SCRAM-SHA-256',
    hash: 'sha-256',
    nonce: 'rOprNGfwEbeRWgbNEkqO',
    first: 'n,,n=user,r=rOprNGfwEbeRWgbNEkqO',
    answer: 'r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,s=W22ZaJ0SNY7soEsUEjb6gQ==,i=4096',
    final: 'c=biws,r=rOprNGfwEbeRWgbNEkqO%hvYDpWUa2RaTCAfuxFIlj)hNlF$k0,p=dHzbZapWIk4jUhN+Ute9ytag9zjfMHgsqmmiz7AndVQ=',
    verifier: 'v=6rriTRBi23WpRR/wtup+mMhUZUn/dB5nLTJRsjl95G4=',
  },
] as const

for (const { mechanism, hash, nonce, first, answer, final, verifier } of vectors) {
  test(`${mechanism}: the client says what the RFC says`, async () => {
    const cache = new Map<string, ScramClientKeys>()
    const context = clientContext({ username: 'user', password: 'pencil', random: () => decodeBase64(nonce), cache })
    const client = saslClient({ name: mechanism, binding: 'n' }, context)
    assert.equal(fromUtf8(await client.step()), first)
    assert.equal(fromUtf8(await client.step(utf8(answer))), final)
    assert.equal(cache.size, 0)
    assert.equal(client.verified, false)
    await client.success(utf8(verifier))
    assert.equal(client.verified, true)
    assert.equal(cache.size, 1)
  })

  test(`${mechanism}: the keys of an account agree with the RFC`, async () => {
    const salt = decodeBase64(answer.split(',')[1]!.slice(2))
    const keys = await deriveScramKeys(nodeCrypto, hash, 'pencil', salt, 4096)
    const [without, proof] = final.split(',p=') as [string, string]
    const transcript = utf8(`${first.slice('n,,'.length)},${answer},${without}`)
    const clientKey = exclusiveOr(decodeBase64(proof), await nodeCrypto.hmac(hash, keys.storedKey, transcript))
    assert.deepEqual(await nodeCrypto.hash(hash, clientKey), keys.storedKey)
    assert.equal(`v=${encodeBase64(await nodeCrypto.hmac(hash, keys.serverKey, transcript))}`, verifier)
    assert.equal(await passwordMatches(nodeCrypto, keys, 'pencil'), true)
    assert.equal(await passwordMatches(nodeCrypto, keys, 'pencils'), false)
  })
}

test('keys are made of the prepared password (RFC 8265 §4.2)', async () => {
  const salt = new Uint8Array(16)
  const derive = (password: string) => deriveScramKeys(nodeCrypto, 'sha-512', password, salt, 10)
  const expected = new Uint8Array(pbkdf2Sync('fi ½ é', salt, 10, 64, 'sha512'))
  const { serverKey } = await derive('fi\u00a0½ e\u0301')
  assert.deepEqual(serverKey, await nodeCrypto.hmac('sha-512', expected, utf8('Server Key')))
  assert.notDeepEqual((await derive('ﬁ ½ é')).serverKey, serverKey)
  assert.deepEqual((await derive('p'.repeat(1024))).salt, salt)
  for (const password of ['', 'a\nb', 'a\u00adb', '\u{10ffff}', 'p'.repeat(1025), 'é'.repeat(513)])
    await assert.rejects(derive(password), Malformed, password)
})

test('fake keys are stable, differ between users and hashes, and never match', async () => {
  const secret = utf8('secret')
  const fake = (name: string, hash: ScramHash, key = secret) => fakeScramKeys(nodeCrypto, key, name, hash, 4096)
  assert.deepEqual(await fake('romeo', 'sha-256'), await fake('romeo', 'sha-256'))
  const seen = new Set<string>()
  for (const hash of ['sha-1', 'sha-256', 'sha-512'] as const)
    for (const name of ['romeo', 'tybalt'])
      for (const key of [secret, utf8('another')]) {
        const keys = await fake(name, hash, key)
        assert.equal(keys.salt.length, 16)
        assert.equal(keys.storedKey.length, (await nodeCrypto.hash(hash, secret)).length)
        assert.equal(keys.serverKey.length, keys.storedKey.length)
        for (const bytes of [keys.salt, keys.storedKey, keys.serverKey]) seen.add(encodeBase64(bytes))
        assert.equal(await passwordMatches(nodeCrypto, keys, ''), false)
        assert.equal(await passwordMatches(nodeCrypto, keys, name), false)
      }
  assert.equal(seen.size, 3 * 2 * 2 * 3)
})

test('an unknown mechanism has no client', () => {
  for (const name of ['CRAM-MD5', 'SCRAM-MD5', ''])
    assert.throws(() => saslClient({ name, binding: 'n' }, clientContext()), refusal('invalid-mechanism'))
})

test('an upgrade: keys of a password that only the client knows (XEP-0480 §3)', async () => {
  // Made with Python's hashlib and hmac, for the salt of example 5.
  const salt = decodeBase64('QV9TWENSWFE2c2VrOGJmX1o=')
  const salted = await saltedPassword(nodeCrypto, 'sha-256', 'pencil', salt, 4096)
  assert.equal(encodeBase64(salted), 'Q8abK3WIX500A5++8zDamXbZWpoXgWMwdXKO9eFKk8w=')
  const keys = await scramKeysOf(nodeCrypto, 'sha-256', salted, salt, 4096)
  assert.equal(encodeBase64(keys.storedKey), 'UmufdGmFhcdofzkK9hVxGg7LH8OzmH7tl0kH8MHFbSw=')
  assert.equal(encodeBase64(keys.serverKey), 'kKW2YP4mO7nR51YgQ57O1H+Zn9S6x68NTp3V0Zmd4l8=')
  assert.deepEqual(keys, await deriveScramKeys(nodeCrypto, 'sha-256', 'pencil', salt, 4096))
  for (const length of [0, 31, 33, 64])
    await assert.rejects(scramKeysOf(nodeCrypto, 'sha-256', new Uint8Array(length), salt, 4096), Malformed)
})
