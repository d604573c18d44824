import type { Address, Certificate, Listener, Network, Random, Socket, TlsIdentity } from './runtime.ts'
import type { VirtualTime } from './simulated-time.ts'
import { SocketPair } from './socket-pair.ts'

const anywhere = new Set(['0.0.0.0', '::', ''])

/** A network in memory. A host is just its name; what changes here holds for connections made from then on. */
export class SimulatedNetwork implements Network {
  /** Milliseconds that bytes travel. */
  latency = 0
  /** Bytes that a connection holds before the writer's `pending` grows. */
  capacity = 262_144
  /** At most so many bytes come in one read. */
  chunk = Number.POSITIVE_INFINITY
  /** Every connection that was made, in order: to cut, stall or let vanish. */
  readonly connections: SocketPair[] = []
  readonly #time: VirtualTime
  readonly #random: Random
  readonly #listeners = new Map<string, { address: Address; accept: (socket: Socket) => void }>()
  #port = 49_151

  constructor(time: VirtualTime, random: Random) {
    this.#time = time
    this.#random = random
  }

  async listen(wanted: Address, accept: (socket: Socket) => void): Promise<Listener> {
    const address = { host: wanted.host, port: wanted.port === 0 ? ++this.#port : wanted.port }
    const key = name(address)
    if (this.#listeners.has(key))
      throw new Error(`Port ${address.port} on ${address.host} is in use by another program.`)
    const entry = { address, accept }
    this.#listeners.set(key, entry)
    return {
      address,
      close: async () => {
        if (this.#listeners.get(key) === entry) this.#listeners.delete(key)
      },
    }
  }

  connect(address: Address): Promise<Socket> {
    return this.connectFrom('127.0.0.1', address)
  }

  /** Connects as another machine. */
  connectFrom(host: string, address: Address): Promise<Socket> {
    const client = { host, port: ++this.#port }
    return new Promise((resolve, reject) => {
      const arrive = (): void => {
        const listener = this.#find(address)
        if (!listener) {
          reject(new Error(`Nobody listens on port ${address.port} of ${address.host}.`))
          return
        }
        const { latency, capacity, chunk } = this
        const options = { timers: this.#time, random: this.#random, latency, capacity, chunk, server: address, client }
        const pair = new SocketPair(options)
        this.connections.push(pair)
        listener.accept(pair.server)
        resolve(pair.client)
      }
      if (this.latency === 0) this.#time.turn(arrive)
      else this.#time.after(this.latency, arrive)
    })
  }

  identity(certificate: Certificate): TlsIdentity {
    if (certificate.chain === '') throw new Error('The certificate chain cannot be used: it is empty.')
    return { certificate } as unknown as TlsIdentity
  }

  #find(address: Address) {
    const exact = this.#listeners.get(name(address))
    if (exact) return exact
    for (const listener of this.#listeners.values())
      if (listener.address.port === address.port && anywhere.has(listener.address.host)) return listener
    return undefined
  }
}

function name({ host, port }: Address): string {
  return `${host === 'localhost' ? '127.0.0.1' : host} ${port}`
}
