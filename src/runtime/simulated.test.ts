import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from './node-crypto.ts'
import type { Socket, SocketReader } from './runtime.ts'
import { type SimulatedRuntime, simulatedRuntime } from './simulated.ts'

function simulation(seed = 1): SimulatedRuntime {
  return simulatedRuntime({ seed, crypto: nodeCrypto })
}

class Ears implements SocketReader {
  readonly told: string[] = []
  read(chunk: Uint8Array): void {
    this.told.push(new TextDecoder().decode(chunk))
  }
  ended(error?: Error): void {
    this.told.push(error ? `ended: ${error.message}` : 'ended')
  }
  drained(): void {
    this.told.push('drained')
  }
}

async function connected(runtime: SimulatedRuntime) {
  let accepted: Socket | undefined
  const listener = await runtime.network.listen({ host: 'server', port: 0 }, socket => {
    accepted = socket
  })
  const connecting = runtime.network.connectFrom('client', listener.address)
  await runtime.run()
  const client = await connecting
  const server = accepted!
  const [s, c] = [new Ears(), new Ears()]
  server.start(s)
  client.start(c)
  return { server, client, s, c, pair: runtime.network.connections.at(-1)!, listener }
}

test('time passes only when told to, and in order', async () => {
  const runtime = simulation()
  const order: string[] = []
  const start = runtime.clock.now()
  runtime.timers.after(20, () => order.push(`b${runtime.clock.elapsed()}`))
  runtime.timers.after(10, () => {
    order.push(`a${runtime.clock.elapsed()}`)
    runtime.timers.after(5, () => order.push(`c${runtime.clock.elapsed()}`))
    runtime.timers.turn(() => order.push('turn'))
    Promise.resolve().then(() => order.push('promise'))
  })
  runtime.timers.after(10, () => order.push('a2'))
  runtime.timers.cancel(runtime.timers.after(12, () => order.push('never')))
  await runtime.settle()
  assert.deepEqual(order, [])
  await runtime.advance(12)
  assert.deepEqual(order, ['a10', 'promise', 'turn', 'a2'])
  assert.equal(runtime.clock.now() - start, 12)
  await runtime.run()
  assert.deepEqual(order.slice(4), ['c15', 'b20'])
  await runtime.advance(1000)
  assert.equal(runtime.clock.elapsed(), 1020)
})

test('until waits for what happens, and says when it does not', async () => {
  const runtime = simulation()
  let beats = 0
  const beat = (): void => {
    beats++
    runtime.timers.after(1000, beat)
  }
  beat()
  await runtime.until(() => beats === 10)
  assert.equal(runtime.clock.elapsed(), 9000)
  await assert.rejects(
    runtime.until(() => beats === 1000, 5000),
    /did not happen within 5000 ms/,
  )
})

test('what goes round in circles is told, and so is a fault in a turn', async () => {
  const runtime = simulation()
  runtime.timers.turn(() => {
    throw new Error('fault')
  })
  let after = false
  runtime.timers.turn(() => {
    after = true
  })
  await assert.rejects(runtime.settle(), /fault/)
  await runtime.settle()
  assert.ok(after)
})

test('outside work is waited for, and handed over in the order of asking', async () => {
  const runtime = simulation()
  const order: string[] = []
  const salt = new Uint8Array(8)
  runtime.crypto.pbkdf2('sha-512', salt, salt, 20_000, 32).then(() => order.push('slow'))
  runtime.crypto.pbkdf2('sha-1', salt, salt, 1, 32).then(() => order.push('quick'))
  runtime.track(Promise.reject(new Error('no'))).catch(() => order.push('rejected'))
  await runtime.settle()
  assert.deepEqual(order, ['slow', 'quick', 'rejected'])
})

test('the same seed gives the same bytes, another seed others', () => {
  const sample = (seed: number): string => {
    const { random } = simulation(seed)
    return `${Buffer.from(random.bytes(32)).toString('hex')} ${random.id()} ${random.below(1000)}`
  }
  assert.equal(sample(7), sample(7))
  assert.notEqual(sample(7), sample(8))
  assert.notEqual(sample(7), sample(7 + 2 ** 33))
  assert.match(simulation().random.id(), /^[\w-]{24}$/)
  const { random } = simulation()
  const counts = new Array<number>(10).fill(0)
  for (let i = 0; i < 10_000; i++) counts[random.below(10)]!++
  assert.ok(
    counts.every(count => count > 850 && count < 1150),
    counts.join(),
  )
})

test('bytes arrive in order, in time, and in pieces where wanted', async () => {
  const runtime = simulation()
  runtime.network.latency = 50
  runtime.network.chunk = 3
  const { client, s, c, server } = await connected(runtime)
  assert.equal(server.peer.host, 'client')
  client.write('hello')
  client.write('ab')
  await runtime.advance(49)
  assert.deepEqual(s.told, [])
  await runtime.advance(1)
  assert.deepEqual(s.told, ['hel', 'lo', 'ab'])
  client.end()
  await runtime.run()
  server.write('x')
  server.end()
  await runtime.run()
  assert.deepEqual(s.told.slice(3), ['ended'])
  assert.deepEqual(c.told, ['x', 'ended'])
})

test('a reader that does not read makes the writer see it', async () => {
  const runtime = simulation()
  runtime.network.capacity = 10
  const { server, client, s, c } = await connected(runtime)
  client.pause()
  server.write('x'.repeat(30))
  await runtime.run()
  assert.equal(server.pending, 20)
  client.resume()
  await runtime.run()
  assert.equal(server.pending, 0)
  assert.deepEqual(s.told, ['drained'])
  assert.equal(c.told.join('').length, 30)
})

test('connections are cut, stalled, and left half open', async () => {
  const runtime = simulation()
  const cut = await connected(runtime)
  cut.server.write('lost')
  cut.pair.cut()
  await runtime.run()
  assert.deepEqual(cut.c.told, ['ended: The connection was reset.'])
  assert.deepEqual(cut.s.told, ['ended: The connection was reset.'])

  const stalled = await connected(runtime)
  stalled.pair.stall()
  stalled.server.write('late')
  await runtime.advance(1e6)
  assert.deepEqual(stalled.c.told, [])
  stalled.pair.flow()
  await runtime.run()
  assert.deepEqual(stalled.c.told, ['late'])

  const open = await connected(runtime)
  open.pair.vanish('client')
  open.server.write('into nothing')
  await runtime.advance(1e6)
  assert.deepEqual(open.s.told, [])
  assert.deepEqual(open.c.told, ['ended: The machine is gone.'])

  const gone = await connected(runtime)
  gone.client.destroy()
  await runtime.run()
  assert.deepEqual([gone.s.told, gone.c.told], [['ended'], ['ended']])
})

test('addresses: taken, free again, and nobody there', async () => {
  const runtime = simulation()
  const { listener } = await connected(runtime)
  await assert.rejects(
    runtime.network.listen(listener.address, () => {}),
    /in use/,
  )
  await listener.close()
  const refused = assert.rejects(runtime.network.connect(listener.address), /Nobody listens/)
  await runtime.run()
  await refused
  await runtime.network.listen({ host: '::', port: listener.address.port }, () => {})
  const connecting = runtime.network.connect(listener.address)
  await runtime.run()
  await connecting
})

test('TLS: both ends know the same, garbage and strangers are refused, nothing is read too early', async () => {
  const runtime = simulation()
  const identity = runtime.network.identity({ chain: 'chain of a', key: 'key' })
  const serving = {
    role: 'server',
    identity: (name: string | undefined) => (name === 'a' ? identity : undefined),
  } as const
  const { server, client, s } = await connected(runtime)
  const order: string[] = []
  s.read = chunk => order.push(new TextDecoder().decode(chunk))
  const secured = server.secure(serving).then(() => order.push('secured'))
  const shaken = client.secure({ role: 'client', name: 'a', authorities: 'chain of a' })
  client.write('inside')
  await runtime.run()
  await Promise.all([secured, shaken])
  // the hello and what follows it travel together; a real client could only send it later
  assert.deepEqual(order, ['secured', 'inside'])
  assert.equal(server.security?.serverName, 'a')
  assert.equal(client.security?.verified, true)
  for (const type of ['tls-exporter', 'tls-server-end-point'] as const)
    assert.deepEqual(server.security?.channelBinding(type), client.security?.channelBinding(type))
  assert.notDeepEqual(
    server.security?.channelBinding('tls-exporter'),
    server.security?.channelBinding('tls-server-end-point'),
  )
  assert.equal(server.security?.channelBinding('tls-unique'), undefined)

  const refusals: [Parameters<Socket['secure']>[0], RegExp][] = [
    [{ role: 'client', name: 'b' }, /nobody here is named b/],
    [{ role: 'client', name: 'a', authorities: 'others' }, /self-signed/],
  ]
  for (const [options, why] of refusals) {
    const ends = await connected(runtime)
    const server = ends.server.secure(serving).catch(() => {})
    const client = assert.rejects(ends.client.secure(options), why)
    await runtime.run()
    await Promise.all([server, client])
    assert.equal(ends.c.told.length, 1)
  }

  const garbage = await connected(runtime)
  const failed = assert.rejects(garbage.server.secure(serving), /wrong version number/)
  garbage.client.write('GET /')
  await runtime.run()
  await failed
})

test('a run with the same seed tells the same story', async () => {
  const story = async (seed: number): Promise<string> => {
    const runtime = simulation(seed)
    const lines: string[] = []
    const { server, client, s, c } = await connected(runtime)
    for (let i = 0; i < 20; i++) {
      runtime.timers.after(runtime.random.below(100), () => client.write(`${i} ${runtime.random.id()};`))
      runtime.timers.after(runtime.random.below(100), () => server.write(`${i};`))
    }
    await runtime.run()
    lines.push(...s.told, '|', ...c.told, String(runtime.clock.elapsed()))
    return lines.join('')
  }
  assert.equal(await story(5), await story(5))
  assert.notEqual(await story(5), await story(6))
})

test('the disk keeps files, tells changes, and can be full', async () => {
  const runtime = simulation()
  let changes = 0
  const stop = runtime.disk.watch(['a'], () => changes++)
  await runtime.disk.write('a', '1')
  await runtime.disk.write('a', '2')
  await runtime.disk.write('b', '2')
  await runtime.run()
  assert.equal(changes, 1)
  assert.equal(await runtime.disk.read('a'), '2')
  assert.equal(await runtime.disk.read('c'), undefined)
  runtime.disk.fault = new Error('the disk is full')
  await assert.rejects(runtime.disk.write('a', '3'), /Cannot write a: the disk is full/)
  assert.equal(await runtime.disk.read('a'), '2')
  runtime.disk.fault = undefined
  stop()
  await runtime.disk.write('a', '4')
  await runtime.run()
  assert.equal(changes, 1)
})
