import type { Link } from '../../link/link.ts'
import { tcpLink } from '../../link/tcp.ts'
import type { SimulatedRuntime } from '../../runtime/simulated.ts'
import type { SeededRandom } from '../../runtime/simulated-random.ts'
import { SocketPair } from '../../runtime/socket-pair.ts'
import { securityOf } from '../../runtime/socket-pair-tls.ts'
import type { Machine } from './machine.ts'

const clientLimits = { stanzaBytes: 2 ** 24, depth: 1000, attributes: 10_000, namespaces: 1000 }
const serverLimits = { stanzaBytes: 10_240, depth: 100, attributes: 100, namespaces: 100 }

/** Connections between clients and whichever process serves them, encrypted from the start. */
export class Network {
  /** Bytes that a connection holds before the writer has to keep them. */
  capacity = 4096
  readonly #world: SimulatedRuntime
  readonly #random: SeededRandom
  #pairs: SocketPair[] = []

  constructor(world: SimulatedRuntime, random: SeededRandom) {
    this.#world = world
    this.#random = random
  }

  connect(machine: Machine): { pair: SocketPair; client: Link; server: Link } {
    const { timers, random } = this.#world
    const pair = new SocketPair({ timers, random, latency: 1 + this.#random.below(40), capacity: this.capacity })
    pair.server.presecure(security)
    pair.client.presecure(security)
    this.#pairs.push(pair)
    return {
      pair,
      client: tcpLink(pair.client, { timers, limits: clientLimits }),
      server: tcpLink(machine.socket(pair.server), { timers: machine.runtime.timers, limits: serverLimits }),
    }
  }

  /** A process is gone: the kernel tells the other ends, or its machine is gone too and nobody does. */
  gone(silently: boolean): void {
    for (const pair of this.#pairs.splice(0)) {
      if (silently) pair.vanish('server')
      else pair.cut()
    }
  }

  /** Everything that is still on its way arrives; what is dead is known to be dead. */
  heal(): void {
    for (const pair of this.#pairs) pair.flow()
  }
}

const security = securityOf(new Uint8Array(32))
