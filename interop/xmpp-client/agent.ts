/**
 * One client of npm's `@xmpp/client` that does what lines of JSON on standard input say, and tells on standard output
 * what happens: the protocol of `../agent.ts`. The authority that it trusts is in NODE_EXTRA_CA_CERTS.
 */
import { createInterface } from 'node:readline'
import { client, xml } from '@xmpp/client'
import type { Event, Order } from '../agent.ts'

const tell = (event: Event) => console.log(JSON.stringify(event))

function connect(order: Order & { do: 'connect' }): ReturnType<typeof client> {
  const [username, domain] = order.jid.split('@') as [string, string]
  let mechanism = ''
  let refused = false
  const xmpp = client({
    // The name must be the host's for direct TLS, because there the package verifies the name that it connects to.
    service:
      order.carrier === 'direct TLS' ? `xmpps://${domain}:${order.port}` : `xmpp://${order.address}:${order.port}`,
    domain,
    credentials: async (authenticate, mechanisms) => {
      mechanism = mechanisms[0]!
      await authenticate({ username, password: order.password }, mechanism)
    },
  })
  xmpp.reconnect.stop()
  const refuse = (error: unknown) => {
    if (refused) return
    refused = true
    tell({ event: 'refused', why: error instanceof Error ? error.message : String(error) })
    xmpp.socket?.end()
  }
  xmpp.on('error', refuse)
  xmpp.on('offline', () => tell({ event: 'offline' }))
  xmpp.on('online', address => {
    const tls = (xmpp.socket as unknown as { socket?: { getProtocol?(): string } }).socket?.getProtocol?.() ?? null
    const online = async () => {
      // Only who has asked for the roster is told about subscriptions (RFC 6121 §2.1.6, §3.1.6).
      await xmpp.iqCaller.get(xml('query', { xmlns: 'jabber:iq:roster' }))
      await xmpp.send(xml('presence'))
      tell({ event: 'online', jid: address.toString(), mechanism, tls })
    }
    online().catch(refuse)
  })
  xmpp.on('stanza', stanza => {
    const from = String(stanza.attrs['from'] ?? '')
    const type = stanza.attrs['type'] as string | undefined
    if (stanza.is('presence')) {
      if (type === undefined) tell({ event: 'available', from })
      if (type === 'subscribe' || type === 'subscribed' || type === 'unavailable') tell({ event: type, from })
    }
    const body = stanza.getChildText('body')
    if (stanza.is('message') && type !== 'error' && body !== null) {
      tell({
        event: 'message',
        from,
        body,
        delay: (stanza.getChild('delay', 'urn:xmpp:delay')?.attrs['stamp'] as string) ?? null,
      })
    }
  })
  xmpp.start().catch(refuse)
  return xmpp
}

let xmpp: ReturnType<typeof client> | undefined
for await (const line of createInterface({ input: process.stdin })) {
  const order = JSON.parse(line) as Order
  if (order.do === 'connect') xmpp = connect(order)
  else if (order.do === 'leave') await xmpp!.stop()
  else if (order.do === 'say')
    await xmpp!.send(xml('message', { to: order.to, type: 'chat' }, xml('body', {}, order.body)))
  else await xmpp!.send(xml('presence', { to: order.to, type: order.do }))
}
