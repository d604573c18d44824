import { nodeCrypto } from '../runtime/node-crypto.ts'
import type { Socket, SocketReader } from '../runtime/runtime.ts'
import { type SimulatedRuntime, simulatedRuntime } from '../runtime/simulated.ts'
import type { Element } from '../wire/element.ts'
import type { StreamError } from '../wire/errors.ts'
import type { Limits, StreamHeader, StreamReader } from './link.ts'
import { tcpLink } from './tcp.ts'

export const limits: Limits = { stanzaBytes: 10_000, depth: 20, attributes: 50, namespaces: 50 }
/** Writes down what a stream tells. */
export class Notes implements StreamReader {
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
export class Bare implements SocketReader {
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

/** A simulated runtime, always the same. */
export function simulation(): SimulatedRuntime {
  return simulatedRuntime({ crypto: nodeCrypto })
}

/** A link on the server's end and a bare socket on the other one. */
export async function bare(runtime: SimulatedRuntime, options: Partial<Parameters<typeof tcpLink>[1]> = {}) {
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
