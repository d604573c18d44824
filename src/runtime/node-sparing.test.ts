import assert from 'node:assert/strict'
import { type AddressInfo, connect, createServer } from 'node:net'
import { after, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { firstBuffer, portion, sparedAtMost } from './node-sparing.ts'
import { Ears, listening, server } from './node-test-ends.ts'
import type { Socket } from './runtime.ts'

const open: { destroy(): void }[] = []
after(() => {
  for (const socket of open) socket.destroy()
})

/** Lengths of the records of application data in what a server wrote, headers included (RFC 8446 §5.1). */
function records(bytes: Buffer): number[] {
  const lengths: number[] = []
  for (let at = 0; at + 5 <= bytes.length; at += 5 + bytes.readUInt16BE(at + 3))
    if (bytes[at] === 23) lengths.push(5 + bytes.readUInt16BE(at + 3))
  return lengths
}

/** A server's end of a TLS connection, what its client reads, and the records that it has been sent since the handshake. */
async function wiretapped(curve = 'X25519'): Promise<{ ours: Socket; theirs: Ears; wire: () => number[] }> {
  const { port, accepted } = await listening()
  let seen: Buffer[] = []
  const tap = createServer(socket => {
    const behind = connect(port, '127.0.0.1')
    behind.on('data', chunk => seen.push(chunk))
    socket.pipe(behind).pipe(socket)
    tap.close()
  })
  await new Promise<void>(resolve => tap.listen(0, '127.0.0.1', resolve))
  const { port: tapped } = tap.address() as AddressInfo
  const client = tlsConnect({ port: tapped, host: '127.0.0.1', rejectUnauthorized: false, ecdhCurve: curve })
  const theirs = new Ears()
  client.setEncoding('utf8')
  client.on('data', text => theirs.read(Buffer.from(text)))
  client.on('end', () => theirs.ended())
  const ours = await accepted()
  open.push(client, ours)
  await ours.secure(server)
  ours.start(new Ears())
  // what comes behind the handshake
  ours.write('!')
  await theirs.until(() => theirs.text === '!')
  theirs.text = ''
  seen = []
  return { ours, theirs, wire: () => records(Buffer.concat(seen)) }
}

test('what is written first fits the first buffer, in two where it must, and arrives whole', async () => {
  const { ours, theirs, wire } = await wiretapped()
  let all = ''
  for (const text of ['a'.repeat(portion), 'b'.repeat(2 * portion), 'ž'.repeat(700), '🐦'.repeat(300), 'c']) {
    ours.write(text)
    all += text
    await theirs.until(() => theirs.text.length === all.length)
  }
  ours.write(Buffer.from('e'.repeat(1100)))
  all += 'e'.repeat(1100)
  await theirs.until(() => theirs.text.length === all.length)
  assert.equal(theirs.text, all)
  assert.equal(wire().length, 10)
  assert.equal(Math.max(...wire()) <= firstBuffer, true, `${wire()}`)
})

test('who is sent more is not idle: all comes in one piece', async () => {
  const { ours, theirs, wire } = await wiretapped()
  for (let round = 1; round <= sparedAtMost + 2; round++) {
    ours.write('a'.repeat(portion + round))
    await theirs.until(() => theirs.text.length === portion * round + (round * (round + 1)) / 2)
  }
  assert.equal(wire().length, sparedAtMost * 2 + 2)
})

test('an end that comes behind it waits for all of it', async () => {
  const { ours, theirs } = await wiretapped()
  ours.write('a'.repeat(1900))
  ours.end()
  await theirs.until(() => theirs.over === 1)
  assert.equal(theirs.text.length, 1900)
  assert.equal(theirs.error, undefined)
})

test('where the handshake took the room already, nothing is spared', async () => {
  const { ours, theirs, wire } = await wiretapped('X25519MLKEM768')
  ours.write('a'.repeat(1900))
  await theirs.until(() => theirs.text.length === 1900)
  assert.equal(wire().length, 1)
})
