import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeRuntime } from '../runtime/node.ts'
import { selfSigned } from '../runtime/node-certificate.ts'
import type { ServerTls, Socket } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import type { Link, StreamHeader, StreamReader } from './link.ts'
import { tcpLink } from './tcp.ts'

const limits = { stanzaBytes: 1_000_000, depth: 20, attributes: 50, namespaces: 50 }
const { network, timers } = nodeRuntime()

/** An end that does what a test tells it to, and lets it wait. */
class End implements StreamReader {
  readonly link: Link
  readonly elements: Element[] = []
  opens: StreamHeader[] = []
  closes = 0
  over = 0
  take: (element: Element) => void = () => {}
  #wake: (() => void)[] = []

  constructor(socket: Socket, upgradable: boolean) {
    this.link = tcpLink(socket, { timers, limits, upgradable })
    this.link.start(this)
  }
  opened(header: StreamHeader): void {
    this.opens.push(header)
    this.#go()
  }
  element(element: Element): void {
    this.elements.push(element)
    this.take(element)
    this.#go()
  }
  closed(): void {
    this.closes++
    this.link.close()
    this.#go()
  }
  failed(): void {
    this.link.destroy()
  }
  ended(): void {
    this.over++
    this.#go()
  }
  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>(resolve => this.#wake.push(resolve))
  }
  #go(): void {
    for (const wake of this.#wake.splice(0)) wake()
  }
}

for (const direct of [false, true])
  test(`a stream over real TLS, ${direct ? 'direct' : 'by STARTTLS'}: login, talk, and an orderly end`, async () => {
    const certificate = await selfSigned(['localhost'], 2)
    const identity = network.identity(certificate)
    const tls: ServerTls = { role: 'server', identity: () => identity, alpn: ['xmpp-client'] }
    const starting = Promise.withResolvers<Socket>()
    const listener = await network.listen({ host: '127.0.0.1', port: 0 }, socket => starting.resolve(socket))
    const socket = await network.connect(listener.address)
    const accepted = await starting.promise
    await listener.close()
    const trust = { role: 'client', name: 'localhost', authorities: certificate.chain } as const
    if (direct) await Promise.all([accepted.secure(tls), socket.secure({ ...trust, alpn: ['xmpp-client'] })])
    const server = new End(accepted, !direct)
    const client = new End(socket, !direct)
    assert.equal(server.link.carrier, direct ? 'tls' : 'tcp')
    client.link.open({ to: 'localhost', version: '1.0' })
    await server.until(() => server.opens.length === 1)

    if (!direct) {
      assert.ok(server.link.upgradable)
      let secured: Promise<void> | undefined
      server.take = element => {
        if (!element.is('starttls', ns.tls)) return
        server.link.write(new Element('proceed', ns.tls).xml(ns.client))
        secured = server.link.secure({ role: 'server', identity: () => identity })
        server.link.pause() // as negotiation does while a step waits
        secured.then(() => server.link.resume())
      }
      server.link.open({ from: 'localhost' })
      client.link.write(new Element('starttls', ns.tls).xml(ns.client))
      await client.until(() => client.elements.length === 1)
      await client.link.secure(trust)
      await secured
      client.link.open({ to: 'localhost', version: '1.0' })
      await server.until(() => server.opens.length === 2)
    }

    assert.ok(server.link.encrypted && client.link.encrypted && !server.link.upgradable)
    const binding = server.link.channelBinding('tls-exporter')
    assert.equal(binding?.length, 32)
    assert.deepEqual(client.link.channelBinding('tls-exporter'), binding)
    server.link.open({ from: 'localhost' })
    await client.until(() => client.opens.length === (direct ? 1 : 2))
    const body = 'ä☎😀'.repeat(50_000)
    const message = new Element('message', ns.client, [], [new Element('body', ns.client, [], [body])])
    server.link.write(message.xml(ns.client))
    await client.until(() => client.elements.at(-1)?.name === 'message')
    assert.equal(client.elements.at(-1)?.child('body')?.text, body)

    client.link.close()
    await Promise.all([server.until(() => server.over === 1), client.until(() => client.over === 1)])
    assert.deepEqual([server.closes, client.closes], [1, 1])
  })
