import assert from 'node:assert/strict'
import { once } from 'node:events'
import { type Socket as NetSocket, connect as rawConnect } from 'node:net'
import { after, before, test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { endPoint } from './node-binding.ts'
import { selfSigned } from './node-certificate.ts'
import { nodeNetwork } from './node-network.ts'
import type { Certificate, Listener, ServerTls, Socket, SocketReader } from './runtime.ts'

const here = { host: '127.0.0.1', port: 0 }

let certificate: Certificate
let other: Certificate
let server: ServerTls

before(async () => {
  certificate = await selfSigned(['localhost', 'a.example'], 2)
  other = await selfSigned(['b.example'], 2)
  const a = nodeNetwork.identity(certificate)
  const b = nodeNetwork.identity(other)
  server = {
    role: 'server',
    identity: name =>
      name === undefined || name === 'localhost' || name === 'a.example' ? a : name === 'b.example' ? b : undefined,
  }
})

/** Collects what comes, and lets a test wait for it. */
class Ears implements SocketReader {
  text = ''
  over = 0
  error: Error | undefined
  drains = 0
  #waiting: (() => void)[] = []

  read(chunk: Uint8Array): void {
    this.text += Buffer.from(chunk).toString()
    this.#wake()
  }

  ended(error?: Error): void {
    this.over++
    this.error = error
    this.#wake()
  }

  drained(): void {
    this.drains++
    this.#wake()
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

interface Ends {
  readonly server: Socket
  readonly client: Socket
}

const open = new Set<Listener>()
after(async () => {
  for (const listener of open) await listener.close()
})

async function listening(): Promise<{ port: number; accepted: () => Promise<Socket> }> {
  const sockets: Socket[] = []
  let wake: (() => void) | undefined
  const listener = await nodeNetwork.listen(here, socket => {
    sockets.push(socket)
    wake?.()
  })
  open.add(listener)
  return {
    port: listener.address.port,
    accepted: async () => {
      while (sockets.length === 0) await new Promise<void>(resolve => (wake = resolve))
      return sockets.shift()!
    },
  }
}

async function pair(): Promise<Ends> {
  const { port, accepted } = await listening()
  const client = await nodeNetwork.connect({ host: '127.0.0.1', port })
  return { server: await accepted(), client }
}

async function raw(): Promise<{ server: Socket; client: NetSocket }> {
  const { port, accepted } = await listening()
  const client = rawConnect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  return { server: await accepted(), client }
}

async function secured(options: Partial<ServerTls> = {}, name = 'localhost', alpn?: string[]): Promise<Ends> {
  const ends = await pair()
  await Promise.all([
    ends.server.secure({ ...server, ...options }),
    ends.client.secure({
      role: 'client',
      name,
      authorities: name === 'b.example' ? other.chain : certificate.chain,
      ...(alpn && { alpn }),
    }),
  ])
  return ends
}

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
    const before = s.drains
    server.write('little')
    assert.equal(server.pending, 0)
    await c.until(() => c.text.endsWith('little'))
    assert.equal(s.drains, before, 'nothing was waiting, so nothing is told')
    server.destroy()
    await c.until(() => c.over === 1)
    client.destroy()
  }
})

test('both ends of a handshake have the same channel bindings, and the client knows whom it talks to', async () => {
  const { server, client } = await secured({ alpn: ['xmpp-client'] }, 'localhost', ['xmpp-client', 'h2'])
  assert.equal(server.security?.protocol, 'TLSv1.3')
  assert.match(server.security?.cipher ?? '', /^TLS_/)
  assert.equal(server.security?.alpn, 'xmpp-client')
  assert.equal(client.security?.alpn, 'xmpp-client')
  assert.equal(server.security?.serverName, 'localhost')
  assert.equal(client.security?.verified, true)
  assert.equal(client.security?.peerChain.length, 1)
  assert.equal(server.security?.peerChain.length, 0)
  const exporter = server.security?.channelBinding('tls-exporter')
  assert.equal(exporter?.length, 32)
  assert.deepEqual(client.security?.channelBinding('tls-exporter'), exporter)
  const point = server.security?.channelBinding('tls-server-end-point')
  assert.deepEqual(point, endPoint(client.security!.peerChain[0]!))
  assert.deepEqual(client.security?.channelBinding('tls-server-end-point'), point)
  assert.equal(server.security?.channelBinding('tls-unique'), undefined)
  const ears = new Ears()
  client.start(new Ears())
  server.start(ears)
  client.write('hello')
  await ears.until(() => ears.text === 'hello')
  client.destroy()
  await ears.until(() => ears.over === 1)
  server.destroy()
  await assert.rejects(server.secure({ role: 'client', name: 'x' }), /encrypted already/)
})

test('the exporter is not offered on TLS 1.2, the end point is; older versions are refused', async () => {
  const { port, accepted } = await listening()
  const client = tlsConnect({
    port,
    host: '127.0.0.1',
    ca: certificate.chain,
    servername: 'a.example',
    maxVersion: 'TLSv1.2',
  })
  const socket = await accepted()
  await socket.secure(server)
  assert.equal(socket.security?.protocol, 'TLSv1.2')
  assert.equal(socket.security?.channelBinding('tls-exporter'), undefined)
  assert.equal(socket.security?.channelBinding('tls-server-end-point')?.length, 32)
  if (!client.authorized) await once(client, 'secureConnect')
  client.renegotiate({}, () => {})
  const [error] = await once(client, 'error')
  assert.match(String(error), /no renegotiation/)
  client.on('error', () => {})
  socket.destroy()
  const old = tlsConnect({
    port,
    host: '127.0.0.1',
    ca: certificate.chain,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL:@SECLEVEL=0',
  })
  old.on('error', () => {})
  await assert.rejects((await accepted()).secure(server), /TLS handshake failed: unsupported protocol$/)
})

test('SNI chooses the certificate, and a name that nobody has is refused by an alert', async () => {
  const { server: b, client } = await secured({}, 'b.example')
  assert.deepEqual(
    b.security?.channelBinding('tls-server-end-point'),
    client.security?.channelBinding('tls-server-end-point'),
  )
  b.destroy()
  const { port, accepted } = await listening()
  const socket = await nodeNetwork.connect({ host: '127.0.0.1', port })
  const [one, two] = await Promise.allSettled([
    accepted().then(accepted => accepted.secure(server)),
    socket.secure({ role: 'client', name: 'nobody.example', unverified: true }),
  ])
  assert.equal(one.status, 'rejected')
  assert.match(String(two.status === 'rejected' && two.reason), /unrecognized name/)
  const none: ServerTls = { role: 'server', identity: () => undefined }
  const nameless = await nodeNetwork.connect({ host: '127.0.0.1', port })
  const both = await Promise.allSettled([
    accepted().then(accepted => accepted.secure(none)),
    nameless.secure({ role: 'client', name: '127.0.0.1', unverified: true }),
  ])
  assert.deepEqual(
    both.map(result => result.status),
    ['rejected', 'rejected'],
  )
})

test('a certificate must prove the name, by its alternative names and an authority', async () => {
  const cases: [string, string | undefined, RegExp][] = [
    ['c.example', certificate.chain, /does not prove the name c\.example/],
    ['localhost', undefined, /self-signed/],
    ['localhost', other.chain, /self-signed/],
  ]
  for (const [name, authorities, why] of cases) {
    const ends = await pair()
    const anyone: ServerTls = { role: 'server', identity: () => server.identity(undefined) }
    const accepted = ends.server.secure(anyone).catch(() => {})
    await assert.rejects(ends.client.secure({ role: 'client', name, ...(authorities && { authorities }) }), why)
    await accepted
    ends.server.destroy()
    const again = await pair()
    const secure = again.server.secure(anyone)
    await again.client.secure({ role: 'client', name, unverified: true, ...(authorities && { authorities }) })
    await secure
    assert.equal(again.client.security?.verified, false)
    assert.equal(again.client.security?.peerChain.length, 1)
    again.client.destroy()
    again.server.destroy()
  }
})

test('127.0.0.1 is proven by the address, without SNI', async () => {
  const { server, client } = await secured({}, '127.0.0.1')
  assert.equal(server.security?.serverName, undefined)
  assert.equal(client.security?.verified, true)
  client.destroy()
  server.destroy()
})

test('ALPN without a common protocol ends the handshake (RFC 7301 §3.2), no ALPN does not', async () => {
  await assert.rejects(secured({ alpn: ['xmpp-client'] }, 'localhost', ['h2']), /TLS handshake failed/)
  const { server, client } = await secured({ alpn: ['xmpp-client'] })
  assert.equal(server.security?.alpn, undefined)
  client.destroy()
  server.destroy()
})

test('a client certificate is asked for only on demand, and is shown unverified', async () => {
  const identity = nodeNetwork.identity(other)
  for (const requestCertificate of [false, true]) {
    const ends = await pair()
    await Promise.all([
      ends.server.secure({ ...server, requestCertificate }),
      ends.client.secure({ role: 'client', name: 'localhost', authorities: certificate.chain, identity }),
    ])
    const ears = new Ears()
    ends.server.start(ears)
    ends.client.write('!')
    await ears.until(() => ears.text === '!')
    assert.equal(ends.server.security?.peerChain.length, requestCertificate ? 1 : 0)
    assert.equal(ends.server.security?.verified, false)
    ends.server.destroy()
    ends.client.destroy()
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
  await new Promise(setImmediate)
  const handshake = paused.secure({ ...server, timeout: 1000 })
  const secure = tlsConnect({ socket: second.client, ca: certificate.chain, servername: 'localhost' })
  secure.on('error', () => {})
  await handshake.catch(() => {})
  assert.equal(got.text, '<starttls/>')
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
  await ends.client.secure({ role: 'client', name: 'localhost', authorities: certificate.chain })
  ends.client.write('pipelined')
  await secure
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
  const listener = await nodeNetwork.listen(here, nothing)
  await listener.close()
  await assert.rejects(
    nodeNetwork.connect({ host: '127.0.0.1', port: listener.address.port }),
    /Nobody listens on port/,
  )
  await nodeNetwork.listen(listener.address, nothing).then(again => again.close())
})

test('a certificate that cannot be used is refused in a sentence', () => {
  assert.throws(() => nodeNetwork.identity({ chain: certificate.chain, key: other.key }), /does not belong to/)
  assert.throws(() => nodeNetwork.identity({ chain: 'x', key: certificate.key }), /certificate chain cannot be used/)
  assert.throws(() => nodeNetwork.identity({ chain: certificate.chain, key: 'x' }), /private key cannot be used/)
})
