import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeCrypto } from '../runtime/node-crypto.ts'
import type { Socket, SocketReader } from '../runtime/runtime.ts'
import { type SimulatedRuntime, simulatedRuntime } from '../runtime/simulated.ts'
import { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { streamElement, streamFraming, webSocketFraming } from './framing.ts'
import type { Limits, Link, StreamHeader, StreamReader } from './link.ts'
import { memoryLinks } from './memory.ts'
import { tcpLink } from './tcp.ts'

const limits: Limits = { stanzaBytes: 10_000, depth: 20, attributes: 50, namespaces: 50 }
const framings = [
  { name: 'TCP', framing: streamFraming() },
  { name: 'WebSocket', framing: webSocketFraming },
]

/** Writes down what a stream tells. */
class Notes implements StreamReader {
  readonly told: string[] = []
  header: StreamHeader | undefined
  elements: Element[] = []
  drains = 0
  on: ((element: Element) => void) | undefined

  opened(header: StreamHeader): void {
    this.header = header
    this.told.push('opened')
  }
  element(element: Element): void {
    this.elements.push(element)
    this.told.push(element.name)
    this.on?.(element)
  }
  closed(): void {
    this.told.push('closed')
  }
  failed(error: StreamError): void {
    this.told.push(`failed ${error.condition}`)
  }
  ended(error?: Error): void {
    this.told.push(error ? `ended ${error.message}` : 'ended')
  }
  drained(): void {
    this.drains++
  }
}

/** A socket seen from the outside: what is written, and how often. */
class Bare implements SocketReader {
  readonly writes: string[] = []
  readonly reads: string[] = []
  over = 0
  read(chunk: Uint8Array): void {
    this.reads.push(new TextDecoder().decode(chunk))
  }
  ended(): void {
    this.over++
  }
}

function simulation(): SimulatedRuntime {
  return simulatedRuntime({ crypto: nodeCrypto })
}

/** A link on the server's end and a bare socket on the other one. */
async function bare(runtime: SimulatedRuntime, options: Partial<Parameters<typeof tcpLink>[1]> = {}) {
  let accepted: Socket | undefined
  const listener = await runtime.network.listen({ host: '127.0.0.1', port: 0 }, socket => {
    accepted = socket
  })
  const connected = runtime.network.connect(listener.address)
  await runtime.settle()
  const socket = await connected
  const link = tcpLink(accepted!, { timers: runtime.timers, limits, upgradable: true, ...options })
  const notes = new Notes()
  const peer = new Bare()
  link.start(notes)
  socket.start(peer)
  return { link, notes, socket, peer, pair: runtime.network.connections.at(-1)! }
}

for (const { name, framing } of framings) {
  test(`${name}: a whole stream looks the same in either framing`, async () => {
    const runtime = simulation()
    const { server, client } = memoryLinks(runtime, { limits, framing })
    const [s, c] = [new Notes(), new Notes()]
    server.start(s)
    client.start(c)
    client.open({ to: 'example.org', version: '1.0', lang: 'en' })
    await runtime.settle()
    assert.deepEqual({ ...s.header }, { to: 'example.org', from: undefined, id: undefined, version: '1.0', lang: 'en', content: ns.client })
    server.open({ from: 'example.org', id: 'a"<b', version: '1.0' })
    const features = new Element('features', ns.streams, [], [new Element('bind', ns.bind)])
    server.write(streamElement(features))
    const body = new Element('message', ns.client, ['to', 'juliet@example.org'], [new Element('body', ns.client, [], ['a < b & "c" ☎'])])
    server.write(body.xml(ns.client))
    server.write(new Element('success', ns.sasl).xml(ns.client))
    server.write(new Element('message', ns.client).xml(ns.client))
    await runtime.settle()
    assert.equal(c.header?.id, 'a"<b')
    assert.deepEqual(c.told, ['opened', 'features', 'message', 'success', 'message'])
    assert.equal(c.elements[0]!.toString(), features.toString())
    assert.equal(c.elements[1]!.toString(), body.toString())
    assert.equal(c.elements[2]!.namespace, ns.sasl)
    assert.equal(c.elements[3]!.namespace, ns.client)

    // RFC 6120 §4.3.3, RFC 7395 §3.7: a new stream on the same carrier
    server.restart()
    client.restart()
    client.open({ to: 'example.org', version: '1.0' })
    await runtime.settle()
    server.open({ from: 'example.org', id: '2', version: '1.0' })
    server.write(streamElement(new StreamError('host-unknown').element()))
    server.close()
    await runtime.settle()
    assert.deepEqual(s.told, ['opened', 'opened'])
    assert.deepEqual(c.told.slice(5), ['opened', 'error', 'closed'])
    assert.equal(StreamError.from(c.elements[4]!).condition, 'host-unknown')
    client.write(body.xml(ns.client)) // RFC 6120 §4.4: what comes before the other end closes is still read
    client.close()
    await runtime.settle()
    assert.deepEqual(s.told.slice(2), ['message', 'closed', 'ended'])
    assert.deepEqual(c.told.slice(8), ['ended'])
    assert.equal(runtime.clock.elapsed(), 0)
  })

  test(`${name}: what is broken fails once, and our answer still goes out`, async () => {
    const runtime = simulation()
    const { link, notes, socket, peer } = await bare(runtime, { framing })
    socket.write(framing.open({ version: '1.0' }))
    await runtime.settle()
    socket.write('<message><body></message>')
    socket.write('<more/>')
    await runtime.settle()
    assert.deepEqual(notes.told, ['opened', 'failed not-well-formed'])
    link.open({ version: '1.0' })
    link.write(streamElement(new StreamError('not-well-formed').element()))
    link.close()
    await runtime.settle()
    assert.ok(peer.reads.join('').endsWith(framing.close))
    assert.equal(peer.over, 1)
    socket.end()
    await runtime.settle()
    assert.deepEqual(notes.told.slice(2), ['ended'])
  })

  test(`${name}: what comes while paused comes later, in order, and too much of it fails`, async () => {
    const runtime = simulation()
    const { link, notes, socket } = await bare(runtime, { framing })
    notes.on = () => link.pause()
    for (const xml of [framing.open({}), '<a xmlns="x"/>', '<b xmlns="x"/>', '<c xmlns="x"/>']) socket.write(xml)
    await runtime.settle()
    assert.deepEqual(notes.told, ['opened', 'a'])
    link.resume()
    await runtime.settle()
    assert.deepEqual(notes.told, ['opened', 'a', 'b'])
    notes.on = undefined
    link.resume()
    await runtime.settle()
    assert.deepEqual(notes.told, ['opened', 'a', 'b', 'c'])
  })
}

test('everything of a turn is one write', async () => {
  const runtime = simulation()
  const { link, peer, notes } = await bare(runtime)
  link.open({ id: '1' })
  for (let i = 0; i < 100; i++) link.write('<message/>')
  assert.equal(peer.reads.length, 0)
  assert.ok(link.pending > 1000)
  await runtime.settle()
  assert.equal(peer.reads.length, 1)
  assert.equal(
    peer.reads[0],
    `<?xml version='1.0'?><stream:stream xmlns="jabber:client" xmlns:stream="http://etherx.jabber.org/streams" id="1">${'<message/>'.repeat(100)}`,
  )
  assert.equal(notes.drains, 1)
  link.write('<presence/>')
  await runtime.settle()
  assert.equal(peer.reads.length, 2)
})

test('each child is a message of its own in WebSocket framing, parsable by itself', async () => {
  const runtime = simulation()
  const { link, peer } = await bare(runtime, { framing: webSocketFraming })
  link.open({ id: '1', from: 'example.org', version: '1.0', lang: 'en' })
  link.write('<message to="a"/>')
  link.write('<r xmlns="urn:xmpp:sm:3"/>')
  link.write('<presence/>')
  link.write('<presence><x xmlns="y"/></presence>')
  link.write(streamElement(new Element('features', ns.streams)))
  link.close()
  await runtime.settle()
  assert.deepEqual(peer.reads, [
    '<open xmlns="urn:ietf:params:xml:ns:xmpp-framing" from="example.org" id="1" version="1.0" xml:lang="en"/>',
    '<message xmlns="jabber:client" to="a"/>',
    '<r xmlns="urn:xmpp:sm:3"/>',
    '<presence xmlns="jabber:client"/>',
    '<presence xmlns="jabber:client"><x xmlns="y"/></presence>',
    '<stream:features xmlns:stream="http://etherx.jabber.org/streams"/>',
    '<close xmlns="urn:ietf:params:xml:ns:xmpp-framing"/>',
  ])
})

test('framed streams are refused where RFC 7395 §3.3 is broken', async () => {
  const open = webSocketFraming.open({})
  const cases: [string[], string][] = [
    [['<open/>'], 'failed invalid-namespace'],
    [['<open xmlns="jabber:client"/>'], 'failed invalid-namespace'],
    [['<message xmlns="jabber:client"/>'], 'failed bad-format'],
    [[open, open], 'failed bad-format'],
    [[` ${open}`], 'failed not-well-formed'],
    [[''], 'failed not-well-formed'],
    [[open, '<a xmlns="x"/><b xmlns="x"/>'], 'failed not-well-formed'],
    [[open, '<a xmlns="x">'], 'failed not-well-formed'],
    [[open, '</a>'], 'failed not-well-formed'],
    [[open, '<stream:features/>'], 'failed not-well-formed'],
    [[open, `<a xmlns="x">${'b'.repeat(10_000)}</a>`], 'failed policy-violation'],
  ]
  for (const [messages, expected] of cases) {
    const runtime = simulation()
    const { notes, socket } = await bare(runtime, { framing: webSocketFraming })
    for (const message of messages) socket.write(message)
    await runtime.settle()
    assert.equal(notes.told.filter(told => told !== 'opened' && told !== 'a').join(), expected, messages.join(' | '))
  }
})

test('a server stream is read and written as jabber:server', async () => {
  const runtime = simulation()
  const { link, notes, socket, peer } = await bare(runtime, { framing: streamFraming(ns.server) })
  socket.write(`<stream:stream xmlns='jabber:server' xmlns:stream='${ns.streams}'><message/>`)
  link.open({})
  await runtime.settle()
  assert.equal(notes.header?.content, ns.server)
  assert.equal(notes.elements[0]?.namespace, ns.client)
  assert.match(peer.reads.join(), /xmlns="jabber:server"/)
})

test('STARTTLS: what is queued goes first, and what came with the request is never read', async () => {
  const runtime = simulation()
  const identity = runtime.network.identity({ chain: 'chain', key: 'key' })
  const { link, notes, socket, peer } = await bare(runtime)
  assert.equal(link.carrier, 'tcp')
  assert.ok(link.upgradable && !link.encrypted)
  let secured: Promise<void> | undefined
  notes.on = element => {
    if (element.name !== 'starttls') return
    link.write('<proceed xmlns="urn:ietf:params:xml:ns:xmpp-tls"/>')
    secured = link.secure({ role: 'server', identity: () => identity })
  }
  link.open({})
  socket.write(`${streamFraming().open({})}<starttls xmlns="${ns.tls}"/><iq id="injected"/>`)
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'starttls'])
  assert.ok(peer.reads.join('').endsWith('xmpp-tls"/>'))
  const shaken = socket.secure({ role: 'client', name: 'example.org', alpn: ['x'] })
  socket.write(streamFraming().open({ to: 'inside' }))
  await runtime.settle()
  await Promise.all([secured, shaken])
  assert.deepEqual(notes.told, ['opened', 'starttls', 'opened'])
  assert.equal(notes.header?.to, 'inside')
  assert.ok(link.encrypted && !link.upgradable)
  assert.deepEqual(link.channelBinding('tls-exporter'), socket.security?.channelBinding('tls-exporter'))
  assert.equal(link.channelBinding('tls-exporter')?.length, 32)
})

test('STARTTLS that fails rejects, and the link is gone', async () => {
  const runtime = simulation()
  const { link, notes, socket } = await bare(runtime)
  const secured = link.secure({ role: 'server', identity: () => undefined, timeout: 1000 })
  const refused = assert.rejects(secured, /took longer than 1000 ms/)
  await runtime.advance(1000)
  await refused
  assert.equal(notes.told.length, 1)
  assert.match(notes.told[0]!, /^ended The TLS handshake failed/)
  socket.destroy()
})

test('a peer that does not close its stream is left after some seconds', async () => {
  const runtime = simulation()
  const { link, notes, socket, peer } = await bare(runtime)
  socket.write(streamFraming().open({}))
  await runtime.settle()
  link.open({})
  link.close()
  link.write('<late/>')
  await runtime.advance(4999)
  assert.equal(peer.over, 0)
  assert.ok(peer.reads.join('').endsWith('</stream:stream>'))
  await runtime.advance(1)
  assert.equal(peer.over, 1)
  socket.end()
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'ended'])
})

test('a peer that never opened a stream is not waited for', async () => {
  const runtime = simulation()
  const { link, peer } = await bare(runtime)
  link.close()
  await runtime.settle()
  assert.deepEqual([peer.over, peer.reads.length], [1, 0])
})

test('a peer that closes its stream and its half of the connection still gets what we have to say', async () => {
  const runtime = simulation()
  const { link, notes, socket, peer } = await bare(runtime)
  socket.write(`${streamFraming().open({})}<iq id="1"/></stream:stream>`)
  socket.end()
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'iq', 'closed'])
  link.open({})
  link.write('<iq id="1" type="result"/>')
  link.close()
  await runtime.settle()
  assert.ok(peer.reads.join('').endsWith('<iq id="1" type="result"/></stream:stream>'))
  assert.deepEqual(notes.told, ['opened', 'iq', 'closed', 'ended'])
  assert.equal(peer.over, 1)
})

test('a connection that breaks ends the link once, in any state', async () => {
  const breaks: ((link: Link, pair: Awaited<ReturnType<typeof bare>>['pair']) => void)[] = [
    (_, pair) => pair.cut(),
    (_, pair) => pair.client.end(),
    link => link.destroy(),
    (link, pair) => {
      link.close()
      pair.cut()
    },
    (link, pair) => {
      link.destroy()
      pair.cut()
      link.close()
      link.destroy()
    },
  ]
  for (const open of [false, true])
    for (const happens of breaks) {
      const runtime = simulation()
      const { link, notes, socket, pair } = await bare(runtime)
      if (open) socket.write(streamFraming().open({}))
      await runtime.settle()
      link.write('<a/>')
      happens(link, pair)
      await runtime.run()
      link.write('<b/>')
      link.close()
      await runtime.run()
      assert.equal(notes.told.filter(told => told.startsWith('ended')).length, 1, notes.told.join())
      assert.equal(notes.told.at(-1)!.startsWith('ended'), true)
    }
})

test('a slow reader is seen by what is pending, and its recovery is told', async () => {
  const runtime = simulation()
  runtime.network.capacity = 1000
  const { link, notes, socket } = await bare(runtime)
  socket.pause()
  for (let i = 0; i < 10; i++) link.write(`<a>${'x'.repeat(993)}</a>`)
  assert.equal(link.pending, 10_000)
  await runtime.settle()
  assert.equal(link.pending, 9000)
  assert.equal(notes.drains, 0)
  socket.resume()
  await runtime.settle()
  assert.equal(link.pending, 0)
  assert.equal(notes.drains, 1)
})

test('limits can be raised on the way', async () => {
  const runtime = simulation()
  const { link, notes, socket } = await bare(runtime)
  link.limit({ stanzaBytes: 100_000 })
  socket.write(`${streamFraming().open({})}<a xmlns="x">${'b'.repeat(50_000)}</a>`)
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'a'])
  link.limit({ stanzaBytes: 1000 })
  socket.write(`<a xmlns="x">${'b'.repeat(50_000)}</a>`)
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'a', 'failed policy-violation'])
})

test('links in memory can start in the clear, and secure themselves', async () => {
  const runtime = simulation()
  const { server, client } = memoryLinks(runtime, { limits, encrypted: false })
  const s = new Notes()
  server.start(s)
  client.start(new Notes())
  assert.equal(server.carrier, 'memory')
  assert.ok(server.upgradable && client.upgradable)
  const both = Promise.all([
    server.secure({ role: 'server', identity: () => runtime.network.identity({ chain: 'c', key: 'k' }) }),
    client.secure({ role: 'client', name: 'example.org' }),
  ])
  await runtime.settle()
  await both
  assert.ok(server.encrypted && !server.upgradable)
  client.open({ to: 'inside' })
  await runtime.settle()
  assert.equal(s.header?.to, 'inside')
  const encrypted = memoryLinks(runtime, { limits })
  assert.ok(encrypted.server.encrypted && !encrypted.server.upgradable)
  assert.deepEqual(encrypted.server.channelBinding('tls-exporter'), encrypted.client.channelBinding('tls-exporter'))
})
