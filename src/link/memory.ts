import type { Runtime } from '../runtime/runtime.ts'
import { SocketPair } from '../runtime/socket-pair.ts'
import { securityOf } from '../runtime/socket-pair-tls.ts'
import type { Limits } from '../wire/limits.ts'
import type { Framing } from './framing.ts'
import type { Link } from './link.ts'
import { tcpLink } from './tcp.ts'

export interface MemoryLinkOptions {
  readonly limits: Limits
  readonly framing?: Framing
  /** Encrypted from the start unless told; else STARTTLS may be asked for, where the framing has it. */
  readonly encrypted?: boolean
}

/** The two ends of a connection in memory. What one writes, the other one reads through the real reader, a turn later. */
export interface MemoryLinks {
  readonly server: Link
  readonly client: Link
  /** What carries them, with the ways in which it can break. */
  readonly sockets: SocketPair
}

/** Two connected links, without a port or a socket of the system. */
export function memoryLinks(runtime: Pick<Runtime, 'timers' | 'random'>, options: MemoryLinkOptions): MemoryLinks {
  const { timers, random } = runtime
  const sockets = new SocketPair({ timers, random })
  const encrypted = options.encrypted ?? true
  if (encrypted) {
    const security = securityOf(random.bytes(32))
    sockets.server.presecure(security)
    sockets.client.presecure(security)
  }
  const common = {
    timers,
    limits: options.limits,
    carrier: 'memory',
    ...(options.framing && { framing: options.framing }),
  }
  const upgradable = !encrypted && options.framing?.kind !== 'document'
  return {
    server: tcpLink(sockets.server, { ...common, upgradable }),
    client: tcpLink(sockets.client, { ...common, upgradable }),
    sockets,
  }
}
