import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { decodeBase64, encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import { saslClient } from './client.ts'
import { clientContext, refusal } from './fixture.test.ts'
import {
  hashedTokenMechanism,
  hashedTokenMechanisms,
  hashedTokenMechanismsFor,
  provenToken,
  readInitiatorMessage,
  writeInitiatorMessage,
} from './hashed-token.ts'
import { chooseTokenMechanism } from './mechanisms.ts'
import { utf8 } from './text.ts'

const token = 'WXZzciBwYmFmdmZnZiBqdmd1IGp2eXFhcmZm'
const exporter = Uint8Array.from({ length: 32 }, (_, i) => i)

/** juliet's messages and the answers to them; made with Python's hmac. */
const vectors = [
  {
    mechanism: 'HT-SHA-256-NONE',
    data: undefined,
    extra: undefined,
    message: 'anVsaWV0AJCXeHRhoYTg+oTsAME4EZC2xNFqjsRFPHsqxef8+TXt',
    answer: 'TlE0CWMUdIY7mGyfPoweJ8op0derntQJfnr9YAe/nGI=',
  },
  {
    mechanism: 'HT-SHA-256-EXPR',
    data: exporter,
    extra: undefined,
    message: 'anVsaWV0AAxXRVdq/upxGWBUkYajGmXJ8yggXuOLZoJbPUyHKzlc',
    answer: 'EmBXmzTVWuuk5DBipBLbYJoKcVOr0hiw8UhEXE6DUp8=',
  },
  {
    mechanism: 'HT-SHA-256-NONE',
    data: undefined,
    extra: 'h=abc,count=12',
    message: 'anVsaWV0AGg9YWJjLGNvdW50PTEyABVNwnIEHBc6smSd3lKeHmjnHCsK08XYVU/YaBxLzxzn',
    answer: 'AABOUTQJYxR0hjuYbJ8+jB4nyinR16ue1Al+ev1gB7+cYg==',
  },
  {
    mechanism: 'HT-SHA-256-EXPR',
    data: exporter,
    extra: 'h=abc,count=12',
    message: 'anVsaWV0AGg9YWJjLGNvdW50PTEyAMQejU9z4xxYvM0b6VS+tY8d2Ag56WToKn6pHzeLIRDF',
    answer: 'AAASYFebNNVa66TkMGKkEttgmgpxU6vSGLDxSERcToNSnw==',
  },
]

for (const { mechanism, data, extra, message, answer } of vectors) {
  test(`${mechanism}${extra === undefined ? '' : ' with keys and values'}: both sides agree with the drafts`, async () => {
    const read = readInitiatorMessage(decodeBase64(message))
    assert.deepEqual([read.username, read.extra], ['juliet', extra])
    assert.equal(encodeBase64(writeInitiatorMessage(read)), message)
    const proven = await provenToken(nodeCrypto, read, ['another', token, token], data)
    assert.deepEqual([proven?.index, proven && encodeBase64(proven.answer)], [1, answer])
    assert.equal(await provenToken(nodeCrypto, read, ['another', `${token}x`, ''], data), undefined)
    assert.equal(await provenToken(nodeCrypto, read, [], data), undefined)
    const elsewhere = data === undefined ? exporter : exporter.toReversed()
    assert.equal(await provenToken(nodeCrypto, read, [token], elsewhere), undefined)
    if (extra !== undefined) {
      const changed = { ...read, extra: 'h=abd,count=12' }
      assert.equal(await provenToken(nodeCrypto, changed, [token], data), undefined)
      return
    }
    const context = clientContext({ token, channelBinding: type => (type === 'tls-exporter' ? exporter : undefined) })
    const client = saslClient({ name: mechanism, binding: 'n' }, context)
    assert.equal(encodeBase64(await client.step()), message)
    assert.equal(client.verified, false)
    await client.success(decodeBase64(answer))
    assert.equal(client.verified, true)
  })
}

test('HT: a client refuses a server that does not prove that it knows the token', async () => {
  const begin = async () => {
    const client = saslClient({ name: 'HT-SHA-256-NONE', binding: 'n' }, clientContext({ token }))
    return { client, message: await client.step() }
  }
  const { client, message } = await begin()
  await assert.rejects(client.success(message.subarray(-32)), refusal('not-authorized', /does not know/))
  for (const data of [undefined, new Uint8Array(0), decodeBase64(vectors[1]!.answer)])
    await assert.rejects((await begin()).client.success(data), refusal('not-authorized'))
  await assert.rejects((await begin()).client.step(new Uint8Array(0)), Malformed)
})

test('HT: a client does not begin what it cannot do', async () => {
  const begin = (name: string, changes = {}) => saslClient({ name, binding: 'n' }, clientContext(changes))
  assert.throws(() => begin('HT-SHA-256-NONE'), refusal('credentials-expired'))
  assert.throws(
    () => begin('HT-SHA-256-EXPR', { token, channelBinding: () => undefined }),
    refusal('not-authorized', /channel binding/),
  )
  assert.throws(() => begin('HT-SHA-1-NONE', { token }), refusal('invalid-mechanism'))
  for (const username of ['', 'a\0b'])
    await assert.rejects(begin('HT-SHA-256-NONE', { token, username }).step(), Malformed)
})

test('HT: a message is read strictly', () => {
  const proof = new Uint8Array(32)
  const message = (text: string, length = 32) => Buffer.concat([utf8(text), proof.subarray(0, length)])
  assert.equal(readInitiatorMessage(message('juliet\0\0')).extra, '')
  assert.equal(readInitiatorMessage(message(`${'j'.repeat(1000)}\0`)).username.length, 1000)
  const broken = [
    message(''),
    message('\0'),
    message('juliet'),
    message('juliet\0', 31),
    message('juliet\0x'),
    message('juliet\0', 0),
    message('juliet\0a\0'),
    message('juliet\0a=\0'),
    message('juliet\0a=b,\0'),
    message('juliet\0a=b=c\0'),
    message('juliet\0a=b\0\0'),
    message('juliet\0=b\0'),
    message('juliet\0a=\u00e9\0'),
    Buffer.concat([Uint8Array.of(0xff), message('\0')]),
  ]
  for (const bytes of broken) assert.throws(() => readInitiatorMessage(bytes), Malformed, bytes.toString('latin1'))
})

test('HT: names say which channel binding, and the strongest is chosen', () => {
  assert.deepEqual(hashedTokenMechanism('HT-SHA-256-ENDP'), { hash: 'sha-256', binding: 'tls-server-end-point' })
  for (const name of ['HT-SHA-256', 'HT-SHA-256-none', 'SCRAM-SHA-256', 'toString', ''])
    assert.equal(hashedTokenMechanism(name), undefined)
  assert.deepEqual(hashedTokenMechanismsFor([]), ['HT-SHA-256-NONE'])
  assert.deepEqual(hashedTokenMechanismsFor(['tls-server-end-point', 'tls-exporter']), [
    'HT-SHA-256-EXPR',
    'HT-SHA-256-ENDP',
    'HT-SHA-256-NONE',
  ])
  const channelBindings = ['tls-server-end-point']
  assert.equal(chooseTokenMechanism(hashedTokenMechanisms, { channelBindings }), 'HT-SHA-256-ENDP')
  assert.equal(chooseTokenMechanism(['HT-SHA-256-NONE'], { channelBindings }), 'HT-SHA-256-NONE')
  assert.equal(chooseTokenMechanism(['HT-SHA-256-EXPR', 'HT-SHA3-512-NONE'], { channelBindings }), undefined)
})

test('HT: every token is tried and compared in constant time', async () => {
  const compared: boolean[] = []
  const crypto = {
    ...nodeCrypto,
    equal(a: Uint8Array, b: Uint8Array) {
      compared.push(nodeCrypto.equal(a, b))
      return compared.at(-1)!
    },
  }
  const proof = new Uint8Array(createHmac('sha256', 'first').update('Initiator').digest())
  const proven = await provenToken(
    crypto,
    { username: 'juliet', extra: undefined, proof },
    ['first', 'second'],
    undefined,
  )
  assert.equal(proven?.index, 0)
  assert.deepEqual(compared, [true, false])
})
