import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { Malformed } from '../errors.ts'
import { saslClient } from './client.ts'
import { announcedHash } from './downgrade.ts'
import { clientContext, refusal, say, serverContext } from './fixture.test.ts'
import { saslServer } from './server.ts'
import { fromUtf8, utf8 } from './text.ts'

const example = {
  mechanisms: ['SCRAM-SHA-1-PLUS', 'SCRAM-SHA-1'],
  channelBindings: ['tls-server-end-point', 'tls-exporter'],
}

test('XEP-0474: the hash of the example', async () => {
  assert.equal(await announcedHash(nodeCrypto, 'sha-1', example), 'G6k/rBLDqgOhRRaCuuatSDFkJ08=')
  // Made with Python's hashlib: without channel bindings there is no %x1F.
  const bare = 'g00gt4Qd0gJ3EvnclTnY0KEYfRg='
  assert.equal(await announcedHash(nodeCrypto, 'sha-1', { mechanisms: example.mechanisms }), bare)
  assert.equal(await announcedHash(nodeCrypto, 'sha-1', { ...example, channelBindings: [] }), bare)
})

/** A login in which the server announced one thing and the client saw another. */
async function login(name: string, announced: typeof example | undefined, seen: typeof example | undefined) {
  const binding = name.endsWith('-PLUS') ? 'p=tls-exporter' : 'n'
  const client = saslClient({ name, binding }, clientContext(seen && { announced: seen }))
  const server = saslServer(name, serverContext(announced && { announced }))
  const challenge = await say(server, fromUtf8(await client.step()))
  const last = await say(server, fromUtf8(await client.step(utf8(challenge))))
  await client.success(utf8(last))
  return challenge
}

test('XEP-0474: a client that sees what was announced logs in', async () => {
  for (const [name, hash] of [
    ['SCRAM-SHA-1', 'sha-1'],
    ['SCRAM-SHA-256-PLUS', 'sha-256'],
    ['SCRAM-SHA-512', 'sha-512'],
  ] as const) {
    const expected = await announcedHash(nodeCrypto, hash, example)
    const seen = { mechanisms: example.mechanisms.toReversed(), channelBindings: example.channelBindings.toReversed() }
    assert.equal((await login(name, example, seen)).split(',')[3], `h=${expected}`)
  }
})

test('XEP-0474: one side without it changes nothing', async () => {
  assert.doesNotMatch(await login('SCRAM-SHA-256', undefined, example), /,h=/)
  assert.match(await login('SCRAM-SHA-256', example, undefined), /,h=/)
})

test('XEP-0474: a client that sees something else goes no further', async () => {
  const weak = refusal('mechanism-too-weak', /changed/)
  for (const seen of [
    { ...example, mechanisms: ['SCRAM-SHA-1'] },
    { ...example, channelBindings: ['tls-server-end-point'] },
    { ...example, channelBindings: [] },
    { mechanisms: [...example.mechanisms, ...example.channelBindings], channelBindings: [] },
  ])
    await assert.rejects(login('SCRAM-SHA-1', example, seen), weak)
})

test('XEP-0474: what stands between cannot change the hash either', async () => {
  const client = saslClient({ name: 'SCRAM-SHA-256', binding: 'n' }, clientContext({ announced: example }))
  const server = saslServer('SCRAM-SHA-256', serverContext({ announced: { mechanisms: ['SCRAM-SHA-256'] } }))
  const challenge = await say(server, fromUtf8(await client.step()))
  const forged = challenge.replace(/h=.*/, `h=${await announcedHash(nodeCrypto, 'sha-256', example)}`)
  const response = fromUtf8(await client.step(utf8(forged)))
  await assert.rejects(say(server, response), refusal('not-authorized'))
})

test('XEP-0474: the hash stands there once, and where nothing else would do it must', async () => {
  const begun = async (chosen = { name: 'SCRAM-SHA-256', binding: 'n' }) => {
    const client = saslClient(chosen, clientContext({ announced: example }))
    const nonce = fromUtf8(await client.step()).split('r=')[1]!
    return { client, first: `r=${nonce}x,s=QSXC,i=4096` }
  }
  const hash = await announcedHash(nodeCrypto, 'sha-256', example)
  const twice = await begun()
  await assert.rejects(twice.client.step(utf8(`${twice.first},h=${hash},h=${hash}`)), Malformed)
  const strict = { name: 'SCRAM-SHA-256', binding: 'n', announcedProven: true }
  const silent = await begun(strict)
  await assert.rejects(silent.client.step(utf8(silent.first)), refusal('mechanism-too-weak', /Nothing proves/))
  const proven = await begun(strict)
  await proven.client.step(utf8(`${proven.first},x=y,h=${hash}`))
})
