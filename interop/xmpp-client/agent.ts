/**
 * One client of npm's `@xmpp/client` that does what lines of JSON on standard input say, and tells on standard output
 * what happens: the protocol of `../stanza-client.ts`. The authority that it trusts is in NODE_EXTRA_CA_CERTS.
 */
import { randomUUID } from 'node:crypto'
import { createInterface } from 'node:readline'
import { client, type Xml, xml } from '@xmpp/client'
import type { Element } from '../../src/wire/element.ts'
import { parse } from '../../src/wire/reader.ts'
import { features } from '../agent-features.ts'
import type { StanzaEvent, StanzaOrder } from '../stanza-client.ts'
import { Keeper } from './keeper.ts'

/** How often it has connected again. */
let attempts = 0

const tell = (event: StanzaEvent) => console.log(JSON.stringify(event))

function connect(order: StanzaOrder & { do: 'connect' }): { xmpp: ReturnType<typeof client>; keeper: Keeper } {
  const [username, domain] = order.jid.split('@') as [string, string]
  // By this the server knows it again (XEP-0388).
  const device = xml('user-agent', { id: randomUUID() })
  let mechanism = ''
  let refused = false
  let begun = false
  const xmpp = client({
    // The name must be the host's for direct TLS, because there the package verifies the name that it connects to.
    service:
      order.carrier === 'direct TLS' ? `xmpps://${domain}:${order.port}` : `xmpp://${order.address}:${order.port}`,
    domain,
    resource: order.resource,
    credentials: async (authenticate, mechanisms, fast) => {
      // A login by token that is cut short goes on with the password in the next connection, for ever (0.14.0).
      const token = order.tokens ? await fast?.fetch() : undefined
      await authenticate({ username, password: order.password, ...(token && { token }) }, mechanisms[0]!, device)
    },
  })
  // It comes back when it is told to.
  xmpp.reconnect.stop()
  // Its own two seconds for each step are too few on a machine that has other work.
  xmpp.timeout = 15_000
  const refuse = (error: unknown) => {
    if (begun) {
      console.error(error)
      if (xmpp.status === 'online') return
      // A connection that breaks in the TLS handshake makes an error, but the package does not see it close.
      xmpp.socket?.end()
      tell({ event: 'disconnected' })
      return
    }
    if (refused) return
    refused = true
    tell({ event: 'refused', why: String(error) })
    xmpp.socket?.end()
  }
  const disco = 'http://jabber.org/protocol/disco#info'
  xmpp.iqCallee.get(disco, 'query', ({ element }) =>
    xml(
      'query',
      { xmlns: disco, ...(element.attrs['node'] && { node: element.attrs['node'] }) },
      xml('identity', { category: 'client', type: 'bot', name: 'agent' }),
      ...features.map(feature => xml('feature', { var: feature })),
    ),
  )
  // Roster pushes are taken; what nothing answers here, the package refuses by itself.
  xmpp.iqCallee.set('jabber:iq:roster', 'query', () => true)
  xmpp.on('error', refuse)
  xmpp.on('offline', () => tell({ event: 'offline' }))
  xmpp.on('disconnect', () => {
    // A login that was cut short goes on listening, and would answer the next one's challenge too (0.14.0).
    xmpp.removeAllListeners('nonza')
    tell({ event: 'disconnected' })
  })
  // What it sends tells by what it authenticates: by a token where it has one (XEP-0484).
  xmpp.on('send', element => {
    if (element.name === 'authenticate' || element.name === 'auth') mechanism = element.attrs['mechanism']!
  })
  const keeper = new Keeper(xmpp, event => tell(event.event === 'resumed' ? { ...event, mechanism } : event))
  xmpp.on('online', jid => {
    begun = true
    const tls = (xmpp.socket as unknown as { socket?: { getProtocol?(): string } }).socket?.getProtocol?.() ?? ''
    tell({ event: 'online', mechanism, tls, jid: jid.toString() })
  })
  xmpp.on('stanza', stanza => tell({ event: 'stanza', xml: stanza.toString() }))
  xmpp.start().catch(refuse)
  return { xmpp, keeper }
}

/** The same in the package's own elements. */
function convert(element: Element, inherited: string): Xml {
  const attributes: Record<string, string> = element.namespace === inherited ? {} : { xmlns: element.namespace }
  for (let at = 0; at < element.attributes.length; at += 2)
    attributes[element.attributes[at]!] = element.attributes[at + 1]!
  const children = element.children.map(one => (typeof one === 'string' ? one : convert(one, element.namespace)))
  return xml(element.name, attributes, ...children)
}

/** Connects again. The package does not see a connection that closes in the TLS handshake: then nothing more would happen. */
function reconnect(xmpp: ReturnType<typeof client>): void {
  const attempt = ++attempts
  xmpp.reconnect.reconnect().catch(error => console.error(error))
  setTimeout(() => {
    if (attempt !== attempts || xmpp.status === 'online' || xmpp.status === 'disconnect') return
    xmpp.removeAllListeners('nonza')
    xmpp.socket?.end()
    tell({ event: 'disconnected' })
  }, 8000)
}

// The package leaves promises alone that a lost connection rejects.
process.on('unhandledRejection', error => console.error(error))
// Where more comes with a resumption than one chunk takes, its parser may begin anew amid a stanza, and throw (0.14.0).
process.on('uncaughtException', error => {
  console.error(error)
  connected?.xmpp.socket?.end()
})
let connected: ReturnType<typeof connect> | undefined
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as StanzaOrder
  if (order.do === 'connect') connected = connect(order)
  else if (order.do === 'leave') await connected!.xmpp.stop()
  else if (order.do === 'reconnect') reconnect(connected!.xmpp)
  else {
    const stanza = parse(`<order xmlns='jabber:client'>${order.xml}</order>`).elements[0]!
    connected!.keeper.send(convert(stanza, 'jabber:client'))
  }
}
process.exit(0)
