import assert from 'node:assert/strict'
import { connect as rawConnect } from 'node:net'
import { after, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { Worker } from 'node:worker_threads'
import { endPoint } from '../runtime/node-binding.ts'
import { certificate, Ears, other } from '../runtime/node-test-ends.ts'
import { NodeTimers } from '../runtime/node-timers.ts'
import type { ServerTls, Socket, Timer } from '../runtime/runtime.ts'
import { canMoveConnections, Workers } from './workers.ts'

const deaths: number[] = []
const timers = new NodeTimers()
const workers = new Workers({
  count: 2,
  timers,
  log: (_level, _sentence, { worker }) => deaths.push(worker),
})
const { network } = workers
const [a, b] = [network.identity(certificate), network.identity(other)]
const tls: ServerTls = { role: 'server', identity: name => (name === 'b.example' ? b : a), names: ['b.example'] }
const accepted: Socket[] = []
let wake = () => {}
const listener = await network.listen({ host: '127.0.0.1', port: 0 }, socket => {
  accepted.push(socket)
  wake()
})
const { port } = listener.address
after(async () => {
  await listener.close()
  await workers.close()
})

async function next(): Promise<Socket> {
  while (accepted.length === 0) await new Promise<void>(resolve => (wake = resolve))
  return accepted.shift()!
}

test('connections of both threads have TLS by their names, and both ends agree on its bindings', async () => {
  for (const [name, authority] of [
    ['b.example', other.chain],
    ['a.example', certificate.chain],
    ['localhost', certificate.chain],
  ] as const) {
    const client = tlsConnect({ port, host: '127.0.0.1', servername: name, ca: authority })
    const server = await next()
    await server.secure(tls)
    const ears = new Ears()
    server.start(ears)
    client.write('hello ☎')
    await ears.until(() => ears.text === 'hello ☎')
    const { protocol, serverName, verified } = server.security!
    assert.deepEqual([protocol, serverName, verified], ['TLSv1.3', name, false])
    const binding = client.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0))
    assert.deepEqual(Buffer.from(server.security!.channelBinding('tls-exporter')!), binding)
    const shown = endPoint(client.getPeerCertificate().raw)
    assert.deepEqual(server.security!.channelBinding('tls-server-end-point'), new Uint8Array(shown!))
    assert.deepEqual(server.security!.channelBinding('tls-unique'), new Uint8Array(client.getFinished()!))
    server.write('answer')
    const answer = await new Promise(resolve => client.once('data', resolve))
    assert.equal(String(answer), 'answer')
    await ears.until(() => ears.drains > 0)
    assert.equal(server.pending, 0)
    client.end()
    await ears.until(() => ears.over === 1)
    assert.equal(ears.error, undefined)
    server.end()
  }
})

test('much goes through in both directions, and a slow reader is seen', async () => {
  const client = rawConnect({ port, host: '127.0.0.1' })
  client.pause()
  const server = await next()
  const ears = new Ears()
  server.start(ears)
  const chunk = 'x'.repeat(1 << 20)
  for (let count = 0; count < 16; count++) server.write(chunk)
  client.write(chunk.repeat(8))
  await ears.until(() => ears.text.length === 8 << 20)
  assert.ok(server.pending > 4 << 20, `${server.pending}`)
  let received = 0
  client.on('data', (data: Buffer) => (received += data.length))
  client.resume()
  await ears.until(() => ears.drains > 0)
  assert.equal(server.pending, 0)
  server.end()
  await new Promise(resolve => client.once('end', resolve))
  assert.equal(received, 16 << 20)
  client.destroy()
})

test('a handshake that fails, and a connection that is reset, are told', async () => {
  const plain = rawConnect({ port, host: '127.0.0.1' })
  plain.on('error', () => {})
  const server = await next()
  const refused = assert.rejects(server.secure(tls), /handshake failed/)
  plain.write('this is no TLS, but it is long enough to be read as such')
  await refused
  const reset = rawConnect({ port, host: '127.0.0.1' })
  const ears = new Ears()
  const broken = await next()
  broken.start(ears)
  reset.write('x')
  await ears.until(() => ears.text === 'x')
  reset.resetAndDestroy()
  await ears.until(() => ears.over === 1)
  assert.match(String(ears.error?.message), /ECONNRESET/)
  broken.end()
})

test('a thread that dies is started again; its connections break, the others do not', async () => {
  const [one, two] = [rawConnect({ port, host: '127.0.0.1' }), rawConnect({ port, host: '127.0.0.1' })]
  const ears = [new Ears(), new Ears()]
  const servers = [await next(), await next()]
  for (const [place, server] of servers.entries()) server.start(ears[place]!)
  for (const client of [one, two]) client.on('error', () => {}).write('x')
  await ears[0]!.until(() => ears[0]!.text === 'x')
  await ears[1]!.until(() => ears[1]!.text === 'x')
  assert.match(workers.figures()['workers']!, /^2 \(connections 1 \+ 1, busy \d+ % \+ \d+ %\)$/)
  await workers.kill(0)
  const [dead, alive] = ears[0]!.over === 1 ? ears : [ears[1]!, ears[0]!]
  await dead!.until(() => dead!.over === 1)
  assert.match(dead!.error!.message, /thread that carried the connection died/)
  assert.deepEqual(deaths, [1])
  assert.equal(alive!.over, 0)
  assert.match(workers.figures()['workers']!, /^2 \(connections 0 \+ 1, busy 0 % \+ \d+ %\)$/, 'each in its place')
  // Until the dead one is back, the other one takes them all.
  for (let count = 0; count < 3; count++) {
    const client = rawConnect({ port, host: '127.0.0.1' })
    client.write('x')
    const ears = new Ears()
    const server = await next()
    server.start(ears)
    await ears.until(() => ears.text === 'x')
    server.destroy()
    await ears.until(() => ears.over === 1)
    client.destroy()
  }
  for (const server of servers) server.destroy()
  for (const client of [one, two]) client.destroy()
})

test('a thread that cannot be made is tried again, and the others carry all until then', async () => {
  const rests: [milliseconds: number, run: () => void][] = []
  const said: string[] = []
  let makes = 0
  const some = new Workers({
    count: 2,
    timers: {
      after: (milliseconds, run) => rests.push([milliseconds, run]) as unknown as Timer,
      cancel: () => {},
      turn: run => timers.turn(run),
    },
    log: (_level, sentence, { worker, reason }) => said.push(`${sentence} (${worker}: ${reason})`),
    make: (file, options) => {
      if (++makes === 2 || makes === 3) throw new Error('no threads are left')
      return new Worker(file, options)
    },
  })
  assert.deepEqual(said, ['a worker cannot be started and is tried again (2: no threads are left)'])
  assert.match(some.figures()['workers']!, /^2 \(connections 0 \+ 0, busy/)
  rests[0]![1]()
  assert.equal(said.length, 2)
  rests[1]![1]()
  assert.deepEqual(
    rests.map(([milliseconds]) => milliseconds),
    [50, 100],
    'later each time',
  )
  assert.deepEqual([said.length, makes], [2, 4])
  await some.close()
})

test('where connections cannot be moved, that is known before any is', () => {
  assert.equal(canMoveConnections(), process.platform !== 'win32')
  assert.equal(canMoveConnections('win32'), false)
})
