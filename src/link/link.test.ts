import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ns } from '../wire/namespaces.ts'
import { streamFraming } from './framing.ts'
import type { Link } from './link.ts'
import { memoryLinks } from './memory.ts'
import { bare, limits, Notes, simulation } from './test-notes.ts'

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

test('the carrier goes as soon as the peer has closed its stream too', async () => {
  const runtime = simulation()
  const { link, notes, socket, peer } = await bare(runtime)
  socket.write(streamFraming().open({}))
  await runtime.settle()
  link.open({})
  link.close()
  await runtime.settle()
  assert.equal(peer.over, 0)
  socket.write('<iq/></stream:stream>')
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'iq', 'closed'])
  assert.equal(peer.over, 1)
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

test('a paused link stops its socket only where something comes, and tells afterwards what came and that it ended', async () => {
  const runtime = simulation()
  const { link, notes, socket, pair } = await bare(runtime)
  socket.write(streamFraming().open({}))
  await runtime.settle()
  let stops = 0
  const pause = pair.server.pause.bind(pair.server)
  pair.server.pause = () => {
    stops++
    pause()
  }
  link.pause()
  link.resume()
  assert.equal(stops, 0)
  link.pause()
  for (const name of ['a', 'b', 'c']) {
    socket.write(`<${name}/>`)
    await runtime.settle()
  }
  assert.deepEqual([stops, notes.told], [1, ['opened']])
  link.resume()
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'a', 'b', 'c'])
  link.pause()
  socket.end()
  await runtime.settle()
  assert.equal(notes.told.length, 4)
  link.resume()
  await runtime.settle()
  assert.deepEqual(notes.told, ['opened', 'a', 'b', 'c', 'ended'])
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

test('what is written to a connection that breaks is not told to be taken', async () => {
  for (const tell of [false, true]) {
    const runtime = simulation()
    const { link, notes, pair } = await bare(runtime)
    if (tell) pair.cut()
    link.write('<a/>')
    if (!tell) pair.cut()
    await runtime.settle()
    assert.deepEqual([notes.drains, notes.told], [0, ['ended The connection was reset.']])
  }
  const runtime = simulation()
  const { link, notes, socket } = await bare(runtime)
  notes.ended = () => notes.told.push('ended')
  socket.end()
  link.pause()
  await runtime.settle()
  link.write('<a/>')
  link.resume()
  assert.deepEqual([notes.drains, notes.told], [0, ['ended']])
})

test('what is written and closed by whoever hears that all was taken goes too', async () => {
  const runtime = simulation()
  const { link, notes, socket, peer } = await bare(runtime)
  notes.drained = () => {
    link.write('<last/>')
    link.close()
  }
  socket.write(`${streamFraming().open({})}</stream:stream>`)
  await runtime.settle()
  link.open({})
  await runtime.settle()
  assert.ok(peer.reads.join('').endsWith('<last/></stream:stream>'), peer.reads.join(''))
  assert.equal(peer.over, 1)
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
