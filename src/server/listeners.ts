import type { Address, Listener, Network, Socket } from '../runtime/runtime.ts'
import { addressText } from './config.ts'
import type { Config } from './settings.ts'

/** What clients do on an address: start TLS, begin with it, or never have any. */
export type ListeningCarrier = 'starttls' | 'direct-tls' | 'plain'

/** An address that the server listens on, and what it expects there. */
export interface Listening {
  readonly carrier: ListeningCarrier
  readonly address: Address
}

interface Open {
  readonly carrier: ListeningCarrier
  /** As the configuration has it: its port may be 0. */
  readonly wanted: Address
  readonly listener: Listener
}

/** The addresses that a server listens on; they may change while it runs. Connections live on when theirs is closed. */
export class Listeners {
  readonly #network: Pick<Network, 'listen'>
  readonly #accept: (carrier: ListeningCarrier, socket: Socket) => void
  #open: Open[] = []

  constructor(network: Pick<Network, 'listen'>, accept: (carrier: ListeningCarrier, socket: Socket) => void) {
    this.#network = network
    this.#accept = accept
  }

  get listening(): readonly Listening[] {
    return this.#open.map(({ carrier, listener }) => ({ carrier, address: listener.address }))
  }

  /** Opens all of them. Rejects with a sentence that names the one that cannot be had. */
  async open(listen: Config['listen']): Promise<void> {
    for (const [carrier, address] of wantedOf(listen)) await this.#listen(carrier, address)
  }

  /**
   * Closes what is not wanted any more and opens what is new. Where something cannot be had, what was closed is opened
   * again; returns a sentence for each of those.
   */
  async change(listen: Config['listen']): Promise<readonly string[]> {
    const wanted = wantedOf(listen)
    const isOpen = (carrier: ListeningCarrier, address: Address) =>
      this.#open.some(one => one.carrier === carrier && addressText(one.wanted) === addressText(address))
    const isWanted = (one: Open) =>
      wanted.some(([carrier, address]) => one.carrier === carrier && addressText(one.wanted) === addressText(address))
    // First of all what goes: 127.0.0.1:5222 stands in the way of 0.0.0.0:5222.
    const closed = this.#open.filter(one => !isWanted(one))
    this.#open = this.#open.filter(isWanted)
    await Promise.all(closed.map(one => one.listener.close()))
    const fresh = wanted.filter(([carrier, address]) => !isOpen(carrier, address))
    const problems = await this.#attempt(fresh)
    if (problems.length > 0) await this.#attempt(closed.map(({ carrier, wanted }) => [carrier, wanted]))
    return problems
  }

  async close(): Promise<void> {
    await Promise.all(this.#open.map(one => one.listener.close()))
  }

  async #attempt(addresses: readonly (readonly [ListeningCarrier, Address])[]): Promise<readonly string[]> {
    const problems: string[] = []
    for (const [carrier, address] of addresses) {
      try {
        await this.#listen(carrier, address)
      } catch (error) {
        problems.push((error as Error).message)
      }
    }
    return problems
  }

  async #listen(carrier: ListeningCarrier, wanted: Address): Promise<void> {
    const listener = await this.#network.listen(wanted, socket => this.#accept(carrier, socket))
    this.#open.push({ carrier, wanted, listener })
  }
}

function wantedOf({ starttls, directTls, plain }: Config['listen']): (readonly [ListeningCarrier, Address])[] {
  return [
    ...starttls.map(address => ['starttls', address] as const),
    ...directTls.map(address => ['direct-tls', address] as const),
    ...plain.map(address => ['plain', address] as const),
  ]
}
