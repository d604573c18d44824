import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../runtime/node-crypto.ts'
import type { Socket, SocketReader, TlsIdentity } from '../runtime/runtime.ts'
import { simulatedRuntime } from '../runtime/simulated.ts'
import { MemoryNodes } from '../testing/memory-nodes.ts'
import { notice, order, type Parcel } from './cluster.ts'

const address = { host: '127.0.0.1', port: 5222 }

class Ears implements SocketReader {
  text = ''
  ends: (string | undefined)[] = []
  drains = 0

  read(chunk: Uint8Array): void {
    this.text += Buffer.from(chunk).toString()
  }

  ended(error?: Error): void {
    this.ends.push(error?.message)
  }

  drained(): void {
    this.drains++
  }
}

/** A server's network on so many nodes; `dial` gives both ends of a connection. */
async function scene(nodes = 2, { latency = 0, capacity = 262_144 } = {}) {
  const runtime = simulatedRuntime({ crypto: nodeCrypto })
  Object.assign(runtime.network, { latency, capacity })
  const memory = new MemoryNodes(runtime, nodes)
  const accepted: Socket[] = []
  await memory.spread.listen(address, socket => accepted.push(socket))
  const dial = async () => {
    const client = runtime.network.connect(address)
    await runtime.until(() => accepted.length > 0)
    return { client: await client, server: accepted.shift()! }
  }
  return { runtime, memory, dial }
}

test('bytes go both ways, both ends may close first, and nothing is left of it', async () => {
  const { runtime, memory, dial } = await scene()
  for (const first of ['client', 'server'] as const) {
    const { client, server } = await dial()
    const [c, s] = [new Ears(), new Ears()]
    client.start(c)
    server.start(s)
    client.write('ping ☎')
    server.write('pong')
    server.write(Buffer.from(' ☎'))
    await runtime.settle()
    assert.deepEqual([c.text, s.text], ['pong ☎', 'ping ☎'])
    assert.deepEqual(memory.spread.sizes.toSorted(), [0, 1])
    const [one, two, ears] = first === 'client' ? [client, server, s] : [server, client, c]
    one.end()
    await runtime.settle()
    assert.deepEqual(ears.ends, [undefined])
    if (first === 'client') {
      server.write(' late')
      await runtime.settle()
      assert.equal(c.text, 'pong ☎ late')
    }
    two.end()
    await runtime.settle()
    assert.deepEqual([c.ends, s.ends], [[undefined], [undefined]])
    assert.deepEqual(memory.spread.sizes, [0, 0])
    assert.deepEqual(
      memory.nodes.map(({ carrying }) => carrying.size),
      [0, 0],
    )
  }
})

test('each is carried by the node that carries fewest, and who is not let in is never moved', async () => {
  const { runtime, memory, dial } = await scene(3)
  const ends = []
  for (let count = 0; count < 6; count++) {
    const { server } = await dial()
    ends.push(server)
    server.start(new Ears())
  }
  assert.deepEqual(memory.spread.sizes, [2, 2, 2])
  ends[1]!.destroy()
  ends[4]!.destroy()
  await runtime.settle()
  assert.deepEqual(memory.spread.sizes, [2, 0, 2])
  const refused = await dial()
  const ears = new Ears()
  refused.client.start(ears)
  refused.server.destroy()
  await runtime.settle()
  assert.deepEqual(ears.ends, [undefined])
  assert.deepEqual(memory.spread.sizes, [2, 0, 2])
})

test('what was on its way when reading stopped waits, in order, and the end behind it', async () => {
  const { runtime, dial } = await scene()
  const { client, server } = await dial()
  const ears = new Ears()
  server.start(ears)
  await runtime.settle()
  client.write('one ')
  // The node has read it, and home is on its way to hear.
  runtime.timers.turn(() => runtime.timers.turn(() => server.pause()))
  await runtime.settle()
  client.write('two ')
  client.end()
  await runtime.settle()
  const before = ears.text
  server.resume()
  await runtime.settle()
  assert.equal(before, '')
  assert.equal(ears.text, 'one two ')
  assert.deepEqual(ears.ends, [undefined])
})

/** A connection whose client has said its last words and gone, while reading had stopped here. */
async function leftUnread() {
  const { runtime, memory, dial } = await scene()
  const { client, server } = await dial()
  const ears = new Ears()
  server.start(ears)
  await runtime.settle()
  client.write('last words')
  client.end()
  runtime.timers.turn(() => runtime.timers.turn(() => server.pause()))
  await runtime.settle()
  assert.deepEqual([ears.text, ears.ends], ['', []])
  return { runtime, memory, server, ears }
}

test('an end that is known while reading has stopped is told behind what came before it', async () => {
  const { runtime, server, ears } = await leftUnread()
  server.resume()
  await runtime.settle()
  assert.deepEqual([ears.text, ears.ends], ['last words', [undefined]])
})

test('an end that was not told yet is told when the connection is let go of, once, and nothing that waited before it', async () => {
  const { runtime, memory, server, ears } = await leftUnread()
  server.destroy()
  await runtime.settle()
  assert.deepEqual([ears.text, ears.ends], ['', [undefined]])
  assert.deepEqual(memory.spread.sizes, [0, 0])
})

test('nothing is left of a connection that was ended and never read', async () => {
  const { runtime, memory, dial } = await scene()
  const { client, server } = await dial()
  const ears = new Ears()
  client.start(ears)
  server.write('go away')
  server.end()
  client.write('and all that nobody wants to read')
  await runtime.settle()
  assert.deepEqual([ears.text, ears.ends, memory.spread.sizes.toSorted()], ['go away', [undefined], [0, 1]])
  client.end()
  await runtime.settle()
  assert.deepEqual(memory.spread.sizes, [0, 0])
  assert.deepEqual(
    memory.nodes.map(({ carrying }) => carrying.size),
    [0, 0],
  )
})

test('whoever waits for TLS runs before anything is read, though all comes at once', async () => {
  const { runtime, memory } = await scene(0)
  const member = memory.spread.add({ tell() {}, move() {} })
  const socket = memory.spread.carry({ peer: address, connection: {}, destroy() {} })!
  const happened: string[] = []
  socket.start({ read: chunk => happened.push(`read ${chunk}`), ended: () => happened.push('ended') })
  const agreed = { protocol: 'TLSv1.3', cipher: '', alpn: undefined, serverName: undefined, peerChain: [] }
  void socket.secure({ role: 'server', identity: () => undefined }).then(() => happened.push('secured'))
  const cells = [notice.secured, 1, { ...agreed, channelBindings: [], bindings: {} }, notice.read, 1, 1]
  member.told({ cells: [...cells, notice.ended, 1, null], bytes: Uint8Array.of(65), text: '' })
  await runtime.settle()
  assert.deepEqual(happened, ['secured', 'read 65', 'ended'])
})

test('what the kernel has not taken is pending at home', async () => {
  const { runtime, dial } = await scene(1, { capacity: 100 })
  const { client, server } = await dial()
  const [c, s] = [new Ears(), new Ears()]
  server.start(s)
  server.write('x'.repeat(90))
  assert.equal(server.pending, 90, 'it has not even crossed')
  await runtime.advance(20)
  assert.deepEqual([server.pending, s.drains], [0, 1])
  server.write('y'.repeat(60))
  await runtime.advance(20)
  assert.deepEqual([server.pending, s.drains], [50, 1], 'so much is beyond what the connection holds')
  client.start(c)
  await runtime.advance(20)
  assert.deepEqual([server.pending, s.drains, c.text.length], [0, 2, 150])
})

test('TLS is begun at the node: by name, with what came in the clear thrown away', async () => {
  const { runtime, memory, dial } = await scene()
  const pem = (name: string) => ({ chain: `chain of ${name}`, key: `key of ${name}` })
  const identities = new Map<string | undefined, TlsIdentity>()
  for (const name of ['one.example', 'two.example']) identities.set(name, memory.spread.identity(pem(name)))
  const begin = async (name: string) => {
    const { client, server } = await dial()
    const ears = new Ears()
    server.start(ears)
    client.write('in the clear')
    await runtime.settle()
    const secured = server.secure({
      role: 'server',
      identity: asked => identities.get(asked) ?? identities.get('one.example'),
      names: ['one.example', 'two.example'],
      alpn: ['xmpp-client'],
    })
    // In XMPP it is told that it may begin.
    await runtime.settle()
    const authorities = ['one.example', 'two.example'].map(one => `chain of ${one}`).join('\n')
    const both = [secured, client.secure({ role: 'client', name, authorities, alpn: ['xmpp-client'] })]
    await runtime.settle()
    await Promise.all(both)
    client.write('in TLS')
    await runtime.settle()
    return { client, server, ears }
  }
  const types = new Set()
  for (const [name, shown] of [
    ['two.example', 'two.example'],
    ['one.example', 'one.example'],
    ['unknown.example', 'one.example'],
  ] as const) {
    const { client, server, ears } = await begin(name)
    assert.equal(ears.text, 'in the clearin TLS')
    assert.equal(Buffer.from(client.security!.peerChain[0]!).toString(), `chain of ${shown}`)
    assert.deepEqual([server.security!.serverName, server.security!.alpn], [name, 'xmpp-client'])
    const binding = server.security!.channelBinding('tls-exporter')
    assert.equal(binding!.length, 32)
    assert.deepEqual(binding, client.security!.channelBinding('tls-exporter'))
    assert.equal(server.security!.channelBinding('tls-unique'), undefined)
    assert.deepEqual(server.security!.channelBindings, client.security!.channelBindings)
    types.add(server.security!.channelBindings)
  }
  assert.equal(types.size, 1, 'the same array each time')
  // Another certificate is used from the next handshake on.
  identities.set('two.example', memory.spread.identity(pem('two.example, renewed')))
  const { client, server } = await dial()
  const renewed = [
    server.secure({ role: 'server', identity: name => identities.get(name), names: ['two.example'] }),
    client.secure({ role: 'client', name: 'two.example', unverified: true }),
  ]
  await runtime.settle()
  await Promise.all(renewed)
  assert.equal(Buffer.from(client.security!.peerChain[0]!).toString(), 'chain of two.example, renewed')
})

test('what was on its way when TLS was asked for is not read', async () => {
  const { runtime, dial } = await scene()
  const { client, server } = await dial()
  const ears = new Ears()
  server.start(ears)
  await runtime.settle()
  client.write('injected')
  let refused: unknown
  runtime.timers.turn(() =>
    runtime.timers.turn(() => {
      server.secure({ role: 'server', identity: () => undefined, timeout: 500 }).catch(error => (refused = error))
    }),
  )
  await runtime.settle()
  await runtime.advance(1000)
  assert.match(String(refused), /longer than 500 ms/)
  assert.equal(ears.text, '')
})

test('a handshake that fails is told, and nothing is left of it', async () => {
  const { runtime, memory, dial } = await scene()
  for (const read of [false, true]) {
    const { client, server } = await dial()
    const ears = new Ears()
    if (read) server.start(ears)
    const refused = server.secure({ role: 'server', identity: () => undefined, timeout: 500 })
    client.write('no TLS')
    const failed = assert.rejects(refused, /handshake failed/)
    await runtime.settle()
    await failed
    if (read) {
      assert.equal(ears.ends.length, 1)
      server.end()
    }
    await runtime.settle()
    assert.deepEqual(memory.spread.sizes, [0, 0])
    assert.deepEqual(
      memory.nodes.map(({ carrying }) => carrying.size),
      [0, 0],
    )
    assert.equal(server.security, undefined)
    await assert.rejects(server.secure({ role: 'server', identity: () => undefined }), /handshake/)
  }
})

test('a node that dies takes its connections with it; others stay, and new ones are carried', async () => {
  const { runtime, memory, dial } = await scene()
  const ends = [await dial(), await dial()]
  const ears = ends.map(() => [new Ears(), new Ears()] as const)
  for (const [place, { client, server }] of ends.entries()) {
    client.start(ears[place]![0])
    server.start(ears[place]![1])
  }
  const waiting = await dial()
  const shaking = waiting.server.secure({ role: 'server', identity: () => undefined })
  const failed = assert.rejects(shaking, /node is gone/)
  await runtime.settle()
  memory.replace(0)
  await runtime.settle()
  await failed
  assert.deepEqual(ears[0]![1].ends, ['The node is gone.'])
  assert.equal(ears[0]![0].ends.length, 1)
  ends[0]!.server.write('to nobody')
  ends[0]!.server.end()
  assert.deepEqual(memory.spread.sizes, [1, 0])
  ends[1]!.client.write('still there')
  await runtime.settle()
  assert.equal(ears[1]![1].text, 'still there')
  const { client, server } = await dial()
  const later = new Ears()
  server.start(later)
  client.write('on the new node')
  await runtime.settle()
  assert.equal(later.text, 'on the new node')
  assert.deepEqual(memory.spread.sizes.toSorted(), [1, 1])
})

/** Home's ends of some connections on a node that only the test speaks for; who is to blame throws when it is spoken to. */
async function spoken(blamed: number) {
  const told: Parcel[] = []
  const { runtime, memory } = await scene(0)
  const { spread } = memory
  const member = spread.add({ tell: parcel => told.push(parcel), move() {} })
  const ears = [1, 2, 3].map(number => {
    const one = new Ears()
    const socket = spread.carry({ peer: address, connection: {}, destroy() {} })!
    const fault = () => {
      throw new Error('a bug')
    }
    socket.start(number === blamed ? { read: fault, ended: fault } : one)
    return one
  })
  return { runtime, spread, member, told, ears }
}

test('whoever throws at what it reads takes nothing from the others', async () => {
  const { runtime, member, told, ears } = await spoken(2)
  const bytes = Buffer.alloc(256 * 1024, 'abc')
  const cells = [notice.read, 1, 3, notice.read, 2, bytes.length - 9, notice.read, 3, 3, notice.read, 1, 3]
  member.told({ cells, bytes: new Uint8Array(bytes), text: '' })
  assert.deepEqual([ears[0]!.text.length, ears[2]!.text.length], [6, 3])
  await assert.rejects(runtime.settle(), /a bug/, 'whoever looks after faults hears of it')
  const heard = told.flatMap(({ cells }) => cells).slice(-3)
  assert.deepEqual(heard, [order.heard, 0, bytes.length], 'all counts as read')
})

test('whoever throws at its end does not keep the others from theirs', async () => {
  const { runtime, spread, member, ears } = await spoken(2)
  spread.lost(member, new Error('The node is gone.'))
  assert.deepEqual([ears[0]!.ends, ears[2]!.ends], [['The node is gone.'], ['The node is gone.']])
  await assert.rejects(runtime.settle(), /a bug/)
})

test('a connection that is let go of during its handshake tells whoever waits for that', async () => {
  const { runtime, memory, dial } = await scene()
  const { server } = await dial()
  const secured = server.secure({ role: 'server', identity: () => undefined })
  const failed = assert.rejects(secured, /closed during the TLS handshake/)
  await runtime.settle()
  server.destroy()
  await failed
  await runtime.settle()
  assert.deepEqual(memory.spread.sizes, [0, 0])
})

test('what is written is written as it was, whatever becomes of its buffer', async () => {
  const { runtime, dial } = await scene()
  const { client, server } = await dial()
  const ears = new Ears()
  client.start(ears)
  server.start(new Ears())
  const buffer = Buffer.from('as it was')
  server.write(buffer)
  buffer.fill('!')
  await runtime.settle()
  assert.equal(ears.text, 'as it was')
})
