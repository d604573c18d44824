import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeRandom } from './node-random.ts'

test('identifiers are 24 characters of base64url and never come twice', () => {
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) {
    const id = nodeRandom.id()
    assert.match(id, /^[\w-]{24}$/)
    seen.add(id)
  }
  assert.equal(seen.size, 2000)
  assert.equal(nodeRandom.bytes(33).length, 33)
  assert.notDeepEqual(nodeRandom.bytes(16), nodeRandom.bytes(16))
  assert.equal(nodeRandom.bytes(1000).length, 1000)
})

test("a few bytes are their owner's alone, and never come twice", () => {
  const seen = new Set<string>()
  for (let i = 0; i < 2000; i++) {
    const bytes = nodeRandom.bytes(8 + (i % 57))
    assert.equal(bytes.buffer.byteLength, bytes.length)
    seen.add(Buffer.from(bytes).toString('hex').slice(0, 16))
    bytes.fill(0)
    nodeRandom.id()
  }
  assert.equal(seen.size, 2000)
})
