import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { Malformed } from '../errors.ts'
import { saslClient } from './client.ts'
import { clientContext, password, scramKeys, seeded, serverContext } from './fixture.test.ts'
import { SaslError, type SaslServer, type SaslStep, saslServer } from './server.ts'
import { fromUtf8, utf8 } from './text.ts'

const random = seeded('fuzz')
let pool = random(64)
let used = 0

function below(limit: number): number {
  if (used + 2 > pool.length) {
    pool = random(64)
    used = 0
  }
  return ((pool[used++]! << 8) | pool[used++]!) % limit
}

const pieces = [
  ',',
  '=',
  ',,',
  'm=x,',
  'p=',
  'r=',
  'n=',
  'c=',
  'i=1',
  'a=',
  '=2C',
  '=3d',
  '\0',
  '\u00e9',
  'v=',
  'e=x',
  'y',
  'A',
].map(utf8)

/** The message with up to three places changed: a byte, a cut, a doubled part, or a piece of syntax put in. */
function mutated(message: Uint8Array): Uint8Array {
  let bytes = message
  for (let turn = below(3); turn >= 0; turn--) {
    const at = below(bytes.length + 1)
    const to = Math.min(bytes.length, at + below(6))
    switch (below(5)) {
      case 0:
        bytes = joined(bytes.subarray(0, at), Uint8Array.of(below(256)), bytes.subarray(at + 1))
        break
      case 1:
        bytes = joined(bytes.subarray(0, at), bytes.subarray(to))
        break
      case 2:
        bytes = joined(bytes.subarray(0, to), bytes.subarray(at))
        break
      case 3:
        bytes = joined(bytes.subarray(0, at), pieces[below(pieces.length)]!, bytes.subarray(at))
        break
      default:
        bytes = bytes.slice(0, at)
    }
  }
  return bytes
}

function joined(...parts: Uint8Array[]): Uint8Array {
  return new Uint8Array(Buffer.concat(parts))
}

/** What came of it; anything but the two errors that are allowed fails the test. */
async function outcome(step: Promise<unknown>, allowed: (error: unknown) => boolean): Promise<string> {
  try {
    await step
    return 'taken'
  } catch (error) {
    assert.ok(allowed(error), error as Error)
    return (error as SaslError).condition ?? 'malformed'
  }
}

const rounds = 3000
const context = serverContext({
  certificateJids: ['juliet@example.com', 'romeo@example.com'],
  // The password itself is not what is tried here: no PBKDF2.
  checkPassword: async (_, text) => text === password,
})

test('mutated messages to the server: only SaslError, and no proof but the right one', async () => {
  const keys = await scramKeys('juliet', 'sha-256')
  const salted = await nodeCrypto.pbkdf2('sha-256', utf8(password), keys.salt, keys.iterations, 32)
  const crypto = { ...nodeCrypto, pbkdf2: async () => salted }
  const seen: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    const name = ['SCRAM-SHA-256', 'SCRAM-SHA-256-PLUS', 'PLAIN', 'EXTERNAL', 'ANONYMOUS'][below(5)]!
    const binding = name.endsWith('-PLUS') ? 'p=tls-exporter' : 'n'
    const client = saslClient({ name, binding }, clientContext({ crypto, authzid: 'juliet@example.com' }))
    const server: SaslServer = saslServer(name, context)
    let message = await client.step()
    if (name.startsWith('SCRAM') && below(2) === 0) {
      const step: SaslStep = await server.step(message)
      assert.ok('challenge' in step)
      message = await client.step(step.challenge)
      const changed = mutated(message)
      const result = await outcome(taken(server, changed), error => error instanceof SaslError)
      if (result === 'taken') assert.deepEqual(changed, message)
      seen[`last ${result}`] = (seen[`last ${result}`] ?? 0) + 1
    } else {
      const result = await outcome(taken(server, mutated(message)), error => error instanceof SaslError)
      seen[`first ${result}`] = (seen[`first ${result}`] ?? 0) + 1
    }
  }
  // Each outcome is met often, so the mutations reach every layer.
  for (const key of ['first taken', 'first malformed-request', 'first not-authorized', 'first invalid-authzid'])
    assert.ok((seen[key] ?? 0) > 20, `${key} ${JSON.stringify(seen)}`)
  for (const key of ['last taken', 'last malformed-request', 'last not-authorized'])
    assert.ok((seen[key] ?? 0) > 10, `${key} ${JSON.stringify(seen)}`)
})

test('mutated messages to the client: only SaslError and Malformed, and no server but the right one', async () => {
  const salted = await nodeCrypto.pbkdf2(
    'sha-256',
    utf8(password),
    (await scramKeys('juliet', 'sha-256')).salt,
    4096,
    32,
  )
  const crypto = { ...nodeCrypto, pbkdf2: async () => salted }
  const allowed = (error: unknown) => error instanceof SaslError || error instanceof Malformed
  const seen: Record<string, number> = {}
  for (let round = 0; round < rounds; round++) {
    const client = saslClient({ name: 'SCRAM-SHA-256', binding: 'n' }, clientContext({ crypto }))
    const server = saslServer('SCRAM-SHA-256', context)
    const first = await server.step(await client.step())
    assert.ok('challenge' in first)
    if (below(2) === 0) {
      const result = await outcome(client.step(mutated(first.challenge)), allowed)
      seen[`first ${result}`] = (seen[`first ${result}`] ?? 0) + 1
    } else {
      const last = await server.step(await client.step(first.challenge))
      assert.ok('success' in last)
      const changed = mutated(last.success.data!)
      const result = await outcome(client.success(changed), allowed)
      assert.equal(client.verified, result === 'taken')
      // What stands behind the signature is an extension, which is ignored.
      if (client.verified) assert.ok(fromUtf8(changed).startsWith(fromUtf8(last.success.data!)))
      seen[`last ${result}`] = (seen[`last ${result}`] ?? 0) + 1
    }
  }
  for (const key of [
    'first taken',
    'first malformed',
    'first not-authorized',
    'last taken',
    'last malformed',
    'last not-authorized',
  ])
    assert.ok((seen[key] ?? 0) > 10, `${key} ${JSON.stringify(seen)}`)
})

/** A step that always answers with a promise. */
async function taken(server: SaslServer, message: Uint8Array): Promise<SaslStep> {
  return server.step(message)
}
