import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket as NetSocket, connect as rawConnect } from 'node:net'
import { after, test } from 'node:test'
import { MessageChannel, type Transferable } from 'node:worker_threads'
import { doors, moved, type NodeDoor } from './node-network.ts'
import { Ears } from './node-test-ends.ts'

const { port1, port2 } = new MessageChannel()
const waiting: ((door: NodeDoor) => void)[] = []
const listener = await doors({ host: '127.0.0.1', port: 0 }, door => waiting.shift()!(door))
const open: { destroy(): void }[] = []
after(async () => {
  for (const one of open) one.destroy()
  await listener.close()
  port1.close()
})

/** A connection that has gone from one loop to another, which here is the same one; and its client. */
async function movedEnds() {
  const accepted = new Promise<NodeDoor>(resolve => waiting.push(resolve))
  const client = rawConnect({ port: listener.address.port, host: '127.0.0.1', allowHalfOpen: true })
  const { connection } = await accepted
  const arrived = once(port2, 'message')
  port1.postMessage(connection, [connection as unknown as Transferable])
  const server = moved(((await arrived) as [NetSocket])[0])
  open.push(client, server)
  return { server, client }
}

test('a moved connection tells when what the kernel did not take is gone, however little that was', async () => {
  const { server, client } = await movedEnds()
  client.pause()
  const ears = new Ears()
  server.start(ears)
  const piece = 'x'.repeat(4096)
  while (server.pending === 0) server.write(piece)
  assert.ok(server.pending <= piece.length)
  assert.equal(ears.drains, 0)
  client.resume()
  await ears.until(() => ears.drains > 0)
  assert.equal(server.pending, 0)
})

test('both ends of a moved connection may close on their own', async () => {
  const { server, client } = await movedEnds()
  const ears = new Ears()
  server.start(ears)
  client.end('first')
  await ears.until(() => ears.over === 1)
  assert.deepEqual([ears.text, ears.error], ['first', undefined])
  server.write('last')
  server.end()
  let heard = ''
  client.on('data', data => (heard += data))
  await once(client, 'end')
  assert.equal(heard, 'last')
})
