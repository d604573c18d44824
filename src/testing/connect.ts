import { tcpLink } from '../link/tcp.ts'
import { nodeRuntime } from '../runtime/node.ts'
import type { ClientTls } from '../runtime/runtime.ts'
import { beginner } from './begin.ts'
import { type LoggedIn, type LoginOptions, logIn } from './login.ts'
import type { Account, Open } from './play.ts'

/** How a stream travels: TLS is asked for, there from the first byte, or not wanted. */
export const carriers = ['starttls', 'tls', 'plain'] as const
export type Carrier = (typeof carriers)[number]

export interface TcpTarget {
  /** Name or address to connect to; whose certificate is expected is told by the JID. */
  readonly host: string
  readonly port: number
  readonly carrier: Carrier
  /** Authorities to trust instead of the system's, PEM. */
  readonly authorities?: string
}

const limits = { stanzaBytes: 2 ** 24, depth: 1000, attributes: 10_000, namespaces: 1000 }

/** Players that come over TCP, to whatever server listens there; `resume` and `sasl2` as in `LoginOptions`. */
export function connectTcp({
  host,
  port,
  carrier,
  authorities,
}: TcpTarget): (account: Account, resume?: LoginOptions['resume'], sasl2?: LoginOptions['sasl2']) => Promise<LoggedIn> {
  const { network, timers, crypto, random } = nodeRuntime()
  return async (account, resume, sasl2) => {
    const tls = clientTls(account.jid, carrier, authorities)
    const socket = await network.connect({ host, port })
    if (carrier === 'tls') await socket.secure(tls)
    const link = tcpLink(socket, { timers, limits, upgradable: carrier === 'starttls' })
    return logIn(link, account, {
      crypto,
      random: count => random.bytes(count),
      ...(carrier === 'starttls' && { tls }),
      ...(resume && { resume }),
      ...(sasl2 && { sasl2 }),
    })
  }
}

/** Connections over TCP that scripts drive themselves; an actor's own carrier goes before the target's. */
export function openTcp(target: TcpTarget & { readonly ports: Readonly<Record<'starttls' | 'tls', number>> }): Open {
  const { network, timers } = nodeRuntime()
  return async ({ jid, carrier = target.carrier }) => {
    const tls = clientTls(jid, carrier, target.authorities)
    const port = carrier === target.carrier || carrier === 'plain' ? target.port : target.ports[carrier]
    const socket = await network.connect({ host: target.host, port })
    if (carrier === 'tls') await socket.secure(tls)
    return beginner(tcpLink(socket, { timers, limits, upgradable: carrier === 'starttls' }), jid, tls)
  }
}

function clientTls(jid: string, carrier: Carrier, authorities: string | undefined): ClientTls {
  return {
    role: 'client',
    name: jid.slice(jid.indexOf('@') + 1),
    alpn: carrier === 'tls' ? ['xmpp-client'] : [],
    timeout: 10_000,
    ...(authorities !== undefined && { authorities }),
  }
}
