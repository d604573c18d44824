import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { streamElement, streamFraming, webSocketFraming } from './framing.ts'
import { memoryLinks } from './memory.ts'
import { bare, limits, Notes, simulation } from './test-notes.ts'

const framings = [
  { name: 'TCP', framing: streamFraming() },
  { name: 'WebSocket', framing: webSocketFraming },
]

for (const { name, framing } of framings) {
  test(`${name}: a whole stream looks the same in either framing`, async () => {
    const runtime = simulation()
    const { server, client } = memoryLinks(runtime, { limits, framing })
    const [s, c] = [new Notes(), new Notes()]
    server.start(s)
    client.start(c)
    client.open({ to: 'example.org', version: '1.0', lang: 'en' })
    await runtime.settle()
    assert.deepEqual(
      { ...s.header },
      { to: 'example.org', from: undefined, id: undefined, version: '1.0', lang: 'en', content: ns.client },
    )
    server.open({ from: 'example.org', id: 'a"<b', version: '1.0' })
    const features = new Element('features', ns.streams, [], [new Element('bind', ns.bind)])
    server.write(streamElement(features))
    const body = new Element(
      'message',
      ns.client,
      ['to', 'juliet@example.org'],
      [new Element('body', ns.client, [], ['a < b & "c" ☎'])],
    )
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

  test(`${name}: what comes while paused comes later, in order`, async () => {
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
