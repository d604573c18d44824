import assert from 'node:assert/strict'
import { createHmac } from 'node:crypto'
import { test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { tokenText } from './tokens.ts'

test('a token is made of its seed and of the id of its client: neither alone will do', async () => {
  const seed = Uint8Array.from({ length: 32 }, (_, i) => i)
  const id = 'd4565fa7-4d72-4749-b3d3-740edbf87770'
  const made = await tokenText(nodeCrypto, seed, id)
  assert.equal(made, createHmac('sha256', seed).update(`FAST token\0${id}`).digest('base64url'))
  assert.notEqual(made, await tokenText(nodeCrypto, seed, id.replace('d', 'e')))
  assert.notEqual(made, await tokenText(nodeCrypto, seed.toReversed(), id))
})
