import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { encodeBase64 } from '../base64.ts'
import { Malformed } from '../errors.ts'
import {
  type ChosenMechanism,
  type SaslClient,
  type SaslClientContext,
  type ScramClientKeys,
  saslClient,
} from './client.ts'
import { clientContext, refusal, say, serverContext } from './fixture.test.ts'
import { type SaslServerContext, saslServer, serverMechanisms } from './server.ts'
import { fromUtf8, utf8 } from './text.ts'

/** Both sides until the server is content; then the client judges it. */
async function login(
  mechanism: ChosenMechanism,
  client: Partial<SaslClientContext> = {},
  server: Partial<SaslServerContext> = {},
): Promise<{ client: SaslClient; username: string | undefined }> {
  const one = saslClient(mechanism, clientContext(client))
  const other = saslServer(mechanism.name, serverContext(server))
  let step = await other.step(await one.step())
  while ('challenge' in step) step = await other.step(await one.step(step.challenge))
  await one.success(step.success.data)
  return { client: one, username: step.success.username }
}

const chosen = (name: string, binding = name.endsWith('-PLUS') ? 'p=tls-exporter' : 'n') => ({ name, binding })

test('every mechanism, both sides against each other', async () => {
  for (const name of serverMechanisms) {
    const { client, username } = await login(chosen(name), {}, { certificateJids: ['juliet@example.com'] })
    assert.equal(username, name === 'ANONYMOUS' ? undefined : 'juliet')
    assert.equal(client.verified, name.startsWith('SCRAM-'), name)
    assert.equal(client.mechanism, name)
  }
  await login(chosen('SCRAM-SHA-256-PLUS', 'p=tls-server-end-point'))
  await login(chosen('SCRAM-SHA-256', 'y'), {}, { plusOffered: false })
  await login(chosen('SCRAM-SHA-256'), { authzid: 'juliet@example.com' })
  await login(chosen('PLAIN'), { authzid: 'juliet@example.com' })
  const odd = await login(chosen('SCRAM-SHA-1'), { username: 'a=b,c' }, { jid: name => `${name}@example.com` })
  assert.equal(odd.username, 'a=b,c')
})

test('a server that is not sent an initial response asks for it', async () => {
  for (const name of ['SCRAM-SHA-1', 'PLAIN', 'ANONYMOUS']) {
    const client = saslClient(chosen(name), clientContext())
    const server = saslServer(name, serverContext())
    const asked = await server.step(undefined)
    assert.ok('challenge' in asked)
    await server.step(await client.step(asked.challenge))
  }
})

test('wrong credentials, names and channels are refused by the server', async () => {
  for (const name of serverMechanisms.filter(mechanism => /SCRAM|PLAIN/.test(mechanism))) {
    await assert.rejects(login(chosen(name), { password: 'wrong' }), refusal('not-authorized', /^$/), name)
    await assert.rejects(login(chosen(name), { username: 'romeo' }), refusal('not-authorized', /^$/), name)
    await assert.rejects(login(chosen(name), { authzid: 'romeo@example.com' }), refusal('invalid-authzid'), name)
  }
  const elsewhere = { channelBinding: () => utf8('the channel to somebody between') }
  const mismatch = refusal('not-authorized', 'channel-bindings-dont-match')
  await assert.rejects(login(chosen('SCRAM-SHA-512-PLUS'), elsewhere), mismatch)
  await assert.rejects(
    login(chosen('SCRAM-SHA-1', 'y')),
    refusal('not-authorized', 'server-does-support-channel-binding'),
  )
  const unique = chosen('SCRAM-SHA-1-PLUS', 'p=tls-unique')
  await assert.rejects(login(unique), refusal('not-authorized', 'unsupported-channel-binding-type'))
  await login(unique, {}, { unannouncedBindings: ['tls-unique'] })
})

test('a client does not begin what it cannot do', () => {
  const none = clientContext({ channelBinding: () => undefined })
  assert.throws(() => saslClient(chosen('SCRAM-SHA-1-PLUS'), none), refusal('not-authorized'))
  assert.throws(() => saslClient(chosen('SCRAM-SHA-1-PLUS', 'n'), none), refusal('invalid-mechanism'))
  assert.throws(() => saslClient(chosen('SCRAM-SHA-1', 'p=tls-exporter'), none), refusal('invalid-mechanism'))
  for (const username of ['', 'a\0b'])
    assert.throws(() => saslClient(chosen('SCRAM-SHA-1'), clientContext({ username })), Malformed)
})

test('PLAIN of the client: nothing that would be read as another message', async () => {
  for (const context of [
    { username: '' },
    { username: 'a\0b' },
    { authzid: 'a\0' },
    { password: '' },
    { password: 'a\0b' },
  ])
    await assert.rejects(saslClient(chosen('PLAIN'), clientContext(context)).step(), Malformed)
})

async function begun(changes: Partial<SaslClientContext> = {}) {
  const client = saslClient(chosen('SCRAM-SHA-256'), clientContext(changes))
  const nonce = fromUtf8(await client.step()).split('r=')[1]!
  return { client, nonce }
}

test("the server's first message is read strictly", async () => {
  const cases: [string | typeof Malformed, (nonce: string) => string][] = [
    ['not-authorized', () => 'r=other,s=QSXC,i=4096'],
    ['not-authorized', nonce => `r=${nonce},s=QSXC,i=4096`],
    ['not-authorized', nonce => `r=x${nonce}x,s=QSXC,i=4096`],
    ['not-authorized', nonce => `r=${nonce}\u00e9,s=QSXC,i=4096`],
    ['mechanism-too-weak', nonce => `r=${nonce}x,s=QSXC,i=4095`],
    ['mechanism-too-weak', nonce => `r=${nonce}x,s=QSXC,i=1`],
    ['mechanism-too-weak', nonce => `r=${nonce}x,s=QSXC,i=10000001`],
    ['mechanism-too-weak', nonce => `r=${nonce}x,s=QSXC,i=${'9'.repeat(400)}`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=0`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=04096`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=-4096`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=4096.5`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=4e9`],
    [Malformed, nonce => `r=${nonce}x,s=QSX,i=4096`],
    [Malformed, nonce => `r=${nonce}x,s=,i=4096`],
    [Malformed, nonce => `s=QSXC,r=${nonce}x,i=4096`],
    [Malformed, nonce => `r=${nonce}x,i=4096,s=QSXC`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC`],
    [Malformed, nonce => `m=x,r=${nonce}x,s=QSXC,i=4096`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=4096,m=x`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=4096,i=5000`],
    [Malformed, nonce => `r=${nonce}x,s=QSXC,i=4096,x=${'y'.repeat(4096)}`],
    [Malformed, () => ''],
    [Malformed, () => 'v=rmF9pqV8S7suAoZWja4dJRkFsKQ='],
  ]
  for (const [expected, message] of cases) {
    const { client, nonce } = await begun()
    const text = message(nonce)
    const check = typeof expected === 'string' ? refusal(expected) : expected
    await assert.rejects(client.step(utf8(text)), check, text)
    await assert.rejects(client.step(utf8(text)), refusal('malformed-request', /over/))
  }
  const { client, nonce } = await begun()
  assert.match(fromUtf8(await client.step(utf8(`r=${nonce}x,s=QSXC,i=4096,x=y`))), /^c=biws,r=.*x,p=.{43}=$/)
})

test('success counts only from a server that knows the password', async () => {
  const proven = async () => {
    const { client, nonce } = await begun()
    await client.step(utf8(`r=${nonce}x,s=QSXC,i=4096`))
    return client
  }
  const early = await begun()
  await assert.rejects(early.client.success(utf8('v=AAAA')), refusal('not-authorized', /proof/))
  await assert.rejects(saslClient(chosen('SCRAM-SHA-1'), clientContext()).success(), Malformed)
  await assert.rejects((await proven()).success(), refusal('not-authorized', /has not shown/))
  await assert.rejects((await proven()).success(new Uint8Array(0)), Malformed)
  for (const signature of [new Uint8Array(32), new Uint8Array(20), new Uint8Array(64)])
    await assert.rejects(
      (await proven()).success(utf8(`v=${encodeBase64(signature)}`)),
      refusal('not-authorized', /does not know/),
    )
  await assert.rejects((await proven()).success(utf8('e=other-error')), refusal('not-authorized', 'other-error'))
  for (const message of ['v=', 'v=AAA', 'x=y', 'e=', 'm=x,v=AAAA'])
    await assert.rejects((await proven()).success(utf8(message)), Malformed)
  const wrong = await proven()
  await assert.rejects(wrong.success(utf8(`v=${encodeBase64(new Uint8Array(32))}`)))
  assert.equal(wrong.verified, false)
})

test('the last word in a challenge instead of with success (RFC 6120 §6.3.10)', async () => {
  const client = saslClient(chosen('SCRAM-SHA-256'), clientContext())
  const server = saslServer('SCRAM-SHA-256', serverContext())
  const challenge = utf8(await say(server, fromUtf8(await client.step())))
  const last = utf8(await say(server, fromUtf8(await client.step(challenge))))
  assert.deepEqual(await client.step(last), new Uint8Array(0))
  assert.equal(client.verified, true)
  await client.success()
  await assert.rejects(client.success(), refusal('malformed-request', /over/))
})

test('the last word is said once', async () => {
  for (const again of ['step', 'success'] as const) {
    const client = saslClient(chosen('SCRAM-SHA-256'), clientContext())
    const server = saslServer('SCRAM-SHA-256', serverContext())
    const challenge = utf8(await say(server, fromUtf8(await client.step())))
    const last = utf8(await say(server, fromUtf8(await client.step(challenge))))
    await client.step(last)
    await assert.rejects(client[again](last), Malformed)
  }
})

test('mechanisms of one message hear nothing more', async () => {
  for (const name of ['PLAIN', 'EXTERNAL', 'ANONYMOUS']) {
    const asked = saslClient(chosen(name), clientContext())
    await asked.step()
    await assert.rejects(asked.step(new Uint8Array(0)), refusal('malformed-request'))
    const told = saslClient(chosen(name), clientContext())
    await told.step()
    await assert.rejects(told.success(utf8('v=AAAA')), refusal('malformed-request'))
    await assert.rejects(saslClient(chosen(name), clientContext()).step(utf8('hello')), Malformed)
  }
})

test('a cache spares the password', async () => {
  const cache = new Map<string, ScramClientKeys>()
  let stretched = 0
  const crypto = {
    ...nodeCrypto,
    pbkdf2: (...rest: Parameters<typeof nodeCrypto.pbkdf2>) => {
      stretched++
      return nodeCrypto.pbkdf2(...rest)
    },
  }
  await assert.rejects(login(chosen('SCRAM-SHA-256'), { cache, crypto, password: 'wrong' }))
  assert.deepEqual([stretched, cache.size], [1, 0])
  for (let turn = 0; turn < 3; turn++) await login(chosen('SCRAM-SHA-256'), { cache, crypto })
  assert.deepEqual([stretched, cache.size], [2, 1])
  const { password: _, ...keysOnly } = clientContext({ cache, crypto })
  const client = saslClient(chosen('SCRAM-SHA-256'), keysOnly)
  const server = saslServer('SCRAM-SHA-256', serverContext())
  const challenge = utf8(await say(server, fromUtf8(await client.step())))
  await client.success(utf8(await say(server, fromUtf8(await client.step(challenge)))))
  assert.equal(client.verified, true)
  const stranger = saslClient(chosen('SCRAM-SHA-1'), keysOnly)
  const first = utf8(await say(saslServer('SCRAM-SHA-1', serverContext()), fromUtf8(await stranger.step())))
  await assert.rejects(stranger.step(first), refusal('credentials-expired'))
})

test('two steps at once end the exchange', async () => {
  const { client, nonce } = await begun()
  const challenge = utf8(`r=${nonce}x,s=QSXC,i=4096`)
  const first = client.step(challenge)
  await assert.rejects(client.step(challenge), refusal('malformed-request'))
  await assert.rejects(first, refusal('malformed-request'))
})
