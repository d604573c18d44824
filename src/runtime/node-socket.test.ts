import assert from 'node:assert/strict'
import { connect as rawConnect } from 'node:net'
import { test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { nodeNetwork } from './node-network.ts'
import { certificate, Ears, listening, pair, raw, secured, server } from './node-test-ends.ts'

test('bytes go both ways, and either end may close first', async () => {
  const { server, client } = await pair()
  const [s, c] = [new Ears(), new Ears()]
  server.start(s)
  client.start(c)
  client.write('ping ☎')
  await s.until(() => s.text === 'ping ☎')
  client.end()
  await s.until(() => s.over === 1)
  assert.equal(s.error, undefined)
  server.write(Buffer.from('late answer')) // the other half still stands
  server.end()
  await c.until(() => c.over === 1)
  assert.equal(c.text, 'late answer')
  assert.equal(server.peer.host, '127.0.0.1')
})

test('nothing is lost before somebody reads', async () => {
  const { server, client } = await pair()
  client.write('early')
  client.end()
  const ears = new Ears()
  await new Promise(setImmediate)
  server.start(ears)
  await ears.until(() => ears.over === 1)
  assert.equal(ears.text, 'early')
  server.destroy()
})

test('what a slow reader does not take is counted, and its end is told', async () => {
  for (const tls of [false, true]) {
    const { server, client } = tls ? await secured() : await pair()
    const [s, c] = [new Ears(), new Ears()]
    server.start(s)
    client.start(c)
    client.pause()
    const chunk = 'x'.repeat(1 << 20)
    for (let i = 0; i < 16; i++) server.write(chunk)
    assert.ok(server.pending > 8 << 20, `pending ${server.pending}`)
    assert.equal(s.drains, 0)
    client.resume()
    await s.until(() => s.drains > 0)
    assert.equal(server.pending, 0)
    await c.until(() => c.text.length === 16 << 20)
    // TLS always takes a moment, the kernel takes little things at once
    const before = s.drains
    server.write('little')
    assert.equal(server.pending, tls ? 6 : 0)
    await c.until(() => c.text.endsWith('little'))
    await s.until(() => s.drains === before + (tls ? 1 : 0))
    assert.equal(server.pending, 0)
    server.destroy()
    await c.until(() => c.over === 1)
    client.destroy()
  }
})

test('what a connection had not taken when it broke it never takes, nor what is written later', async () => {
  for (const before of ['', 'x'.repeat(16 << 20)]) {
    const { server, client } = await raw()
    client.pause()
    const pending: number[] = []
    await new Promise<void>(done => {
      server.start({
        read() {
          server.write(before)
          client.resetAndDestroy()
        },
        ended(error) {
          assert.ok(error !== undefined)
          pending.push(server.pending)
          server.write('late')
          pending.push(server.pending)
          setImmediate(done)
        },
      })
      client.write('x')
    })
    assert.ok(pending[0]! >= before.length / 2, `${pending[0]}`)
    assert.deepEqual([pending[1], server.pending], [pending[0]! + 4, pending[0]! + 4])
    server.destroy()
  }
})

test('a stalled handshake ends in time, even where bytes drip in', async () => {
  const { server: socket, client } = await raw()
  client.write(Buffer.from('16030140000100', 'hex')) // a long record
  const drip = setInterval(() => client.write('\0'), 5)
  const ears = new Ears()
  socket.start(ears)
  await assert.rejects(socket.secure({ ...server, timeout: 40 }), /took longer than 40 ms/)
  clearInterval(drip)
  assert.equal(ears.over, 1)
  const silent = await raw()
  await assert.rejects(silent.server.secure({ ...server, timeout: 20 }), /took longer than 20 ms/)
  const mute = await pair()
  await assert.rejects(mute.client.secure({ role: 'client', name: 'localhost', timeout: 20 }), /took longer than 20 ms/)
  mute.server.destroy()
})

test('garbage instead of a handshake is an error of that socket only', async () => {
  const { server: socket, client } = await raw()
  client.write('GET / HTTP/1.1\r\n\r\n')
  await assert.rejects(socket.secure(server), /TLS handshake failed/)
  const back = await pair()
  back.server.write('<stream>')
  await assert.rejects(back.client.secure({ role: 'client', name: 'localhost' }), /TLS handshake failed/)
  back.server.destroy()
})

test('a reset in any state is the end of that socket only', async () => {
  const idle = await raw()
  idle.client.resetAndDestroy()
  const late = new Ears()
  idle.server.start(late)
  await late.until(() => late.over === 1)
  assert.ok(late.error)

  const reading = await raw()
  const ears = new Ears()
  reading.server.start(ears)
  reading.client.resetAndDestroy()
  await ears.until(() => ears.over === 1)
  assert.match(String(ears.error), /ECONNRESET/)
  reading.server.write('too late')
  reading.server.end()

  const shaking = await raw()
  const handshake = shaking.server.secure(server)
  shaking.client.write(Buffer.from('1603010200010001fc0303', 'hex'), () => shaking.client.resetAndDestroy())
  await assert.rejects(handshake, /TLS handshake failed/)

  const { port, accepted } = await listening()
  const peer = rawConnect(port, '127.0.0.1')
  const client = tlsConnect({ socket: peer, ca: certificate.chain, servername: 'localhost' })
  client.on('error', () => {})
  const socket = await accepted()
  await socket.secure(server)
  const encrypted = new Ears()
  socket.start(encrypted)
  socket.write('x'.repeat(1 << 22))
  peer.resetAndDestroy()
  await encrypted.until(() => encrypted.over === 1)
  socket.write('x')
  await assert.rejects(socket.secure(server), /encrypted already/)

  const closed = await raw()
  closed.server.destroy()
  await assert.rejects(closed.server.secure(server), /closed before the TLS handshake/)
})

test('garbage inside an established TLS connection ends it', async () => {
  const { port, accepted } = await listening()
  const peer = rawConnect(port, '127.0.0.1')
  const client = tlsConnect({ socket: peer, ca: certificate.chain, servername: 'localhost' })
  client.on('error', () => {})
  const socket = await accepted()
  await socket.secure(server)
  const ears = new Ears()
  socket.start(ears)
  peer.write('plain text in the middle of it')
  await ears.until(() => ears.over === 1)
  assert.ok(ears.error)
  client.destroy()
})

test('bytes pipelined behind the request for TLS are read neither as plaintext nor as TLS', async () => {
  const { server: socket, client } = await raw()
  class Starting extends Ears {
    secure: Promise<void> | undefined
    override read(chunk: Uint8Array): void {
      super.read(chunk)
      if (!this.text.startsWith('<starttls/>') || this.secure) return
      socket.write('<proceed/>')
      this.secure = socket.secure(server)
    }
  }
  const ears = new Starting()
  client.write('<starttls/><iq>injected</iq>')
  client.once('data', () => {
    const secure = tlsConnect({ socket: client, ca: certificate.chain, servername: 'localhost' }, () =>
      secure.write('inside'),
    )
    secure.on('error', () => {})
  })
  socket.start(ears)
  await ears.until(() => ears.text.endsWith('inside'))
  // the chunk that was being read is the reader's own business, nothing else came of it
  assert.equal(ears.text, '<starttls/><iq>injected</iq>inside')
  socket.destroy()

  const second = await raw()
  const [paused, got] = [second.server, new Ears()]
  paused.start(got)
  second.client.write('<starttls/>')
  await got.until(() => got.text === '<starttls/>')
  paused.pause()
  await new Promise<void>(resolve => second.client.write('<iq>injected</iq>', () => resolve()))
  for (let i = 0; i < 5; i++) await new Promise(setImmediate) // our end has it now, unread
  const handshake = paused.secure(server)
  const secure = tlsConnect({ socket: second.client, ca: certificate.chain, servername: 'localhost' })
  secure.on('error', () => {})
  await handshake
  paused.resume()
  secure.write('inside')
  await got.until(() => got.text.endsWith('inside'))
  assert.equal(got.text, '<starttls/>inside')
  paused.destroy()
  secure.destroy()
})

test('what was being written comes out before TLS begins', async () => {
  const ends = await pair()
  const ears = new Ears()
  const big = 'p'.repeat(8 << 20)
  ends.server.start(new Ears())
  ends.client.start(ears)
  ends.server.write(big)
  ends.server.write('<proceed/>')
  const secure = ends.server.secure(server)
  await ears.until(() => ears.text.length === big.length + 10)
  assert.ok(ears.text.endsWith('p<proceed/>'))
  await Promise.all([secure, ends.client.secure({ role: 'client', name: 'localhost', authorities: certificate.chain })])
  ends.server.write('inside')
  await ears.until(() => ears.text.endsWith('inside'))
  ends.server.destroy()
  ends.client.destroy()
})

test('whoever waits for the handshake runs before anything is read', async () => {
  const ends = await pair()
  const order: string[] = []
  class Order extends Ears {
    override read(chunk: Uint8Array): void {
      order.push('read')
      super.read(chunk)
    }
  }
  const ears = new Order()
  ends.server.start(ears)
  const secure = ends.server.secure(server).then(async () => {
    await null
    await null
    order.push('secured')
  })
  const shaken = ends.client.secure({ role: 'client', name: 'localhost', authorities: certificate.chain })
  ends.client.write('pipelined') // travels with the last words of the handshake
  await Promise.all([secure, shaken])
  await ears.until(() => ears.text === 'pipelined')
  assert.deepEqual(order, ['secured', 'read'])
  ends.server.destroy()
  ends.client.destroy()
})

test('addresses that cannot be had are refused in a sentence', async () => {
  const { port } = await listening()
  const nothing = (): void => {}
  await assert.rejects(nodeNetwork.listen({ host: '127.0.0.1', port }, nothing), /Port \d+ on 127\.0\.0\.1 is in use/)
  await assert.rejects(
    nodeNetwork.listen({ host: '192.0.2.1', port: 0 }, nothing),
    /does not have the address 192\.0\.2\.1/,
  )
  const listener = await nodeNetwork.listen({ host: '127.0.0.1', port: 0 }, nothing)
  await listener.close()
  await assert.rejects(
    nodeNetwork.connect({ host: '127.0.0.1', port: listener.address.port }),
    /Nobody listens on port/,
  )
  await nodeNetwork.listen(listener.address, nothing).then(again => again.close())
})
