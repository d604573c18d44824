import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { TLSSocket } from 'node:tls'
import { readInto } from './node-reading.ts'
import { Ears, secured } from './node-test-ends.ts'
import type { Socket } from './runtime.ts'

/** Remembers in which memory each chunk came, too. */
class Places extends Ears {
  readonly memory = new Set<ArrayBufferLike>()
  chunks = 0

  override read(chunk: Uint8Array): void {
    this.memory.add(chunk.buffer)
    this.chunks++
    super.read(chunk)
  }
}

/** Writes some texts, each when the one before has been read. */
async function oneByOne(from: Socket, ears: Ears, texts: readonly string[]): Promise<void> {
  for (const text of texts) {
    const length = ears.text.length + text.length
    from.write(text)
    await ears.until(() => ears.text.length === length)
  }
}

test('what comes over TLS comes in the same memory for all sockets', async () => {
  const ends = await Promise.all([secured(), secured()])
  const all = await Promise.all(
    ends.map(async ({ server, client }) => {
      const ears = new Places()
      server.start(ears)
      await oneByOne(client, ears, ['a', 'b', 'c', 'd'])
      client.destroy()
      await ears.until(() => ears.over === 1)
      return ears
    }),
  )
  // The first chunk may have come before anybody wanted to read.
  const memory = new Set(all.flatMap(ears => [...ears.memory]))
  assert.ok(memory.size < all.length + 2, `${memory.size} for ${all.map(ears => ears.chunks)} chunks`)
})

test('what came before is read first', async () => {
  const { server, client } = await secured()
  const ears = new Places()
  client.write('early, ')
  await new Promise(setImmediate)
  client.write('later, ')
  server.start(ears)
  client.write('last, ')
  await ears.until(() => ears.text.endsWith('last, '))
  assert.equal(ears.text, 'early, later, last, ')
  client.end()
  await ears.until(() => ears.over === 1)
  server.destroy()
})

test('who pauses within a chunk gets the rest later, in order', async () => {
  const { server, client } = await secured()
  const megabyte = Array.from({ length: 1 << 16 }, (_, i) => String(i).padStart(16, '.')).join('')
  let paused = 0
  const ears = new (class extends Places {
    override read(chunk: Uint8Array): void {
      super.read(chunk)
      if (this.chunks % 7 !== 0) return
      paused++
      server.pause()
      setImmediate(() => server.resume())
    }
  })()
  server.start(ears)
  client.write(megabyte)
  await ears.until(() => ears.text.length === megabyte.length)
  assert.equal(ears.text, megabyte)
  assert.ok(paused > 2, `paused ${paused} times`)
  client.destroy()
  await ears.until(() => ears.over === 1)
})

test('where Node cannot do it, all is as ever', () => {
  assert.equal(
    readInto({ _handle: {} } as unknown as TLSSocket, () => true),
    false,
  )
  assert.equal(
    readInto({ _handle: null } as unknown as TLSSocket, () => true),
    false,
  )
})
