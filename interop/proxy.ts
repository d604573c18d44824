import { connect, createServer, type Server, type Socket } from 'node:net'

/** A carrier between clients and a port, that can be cut: for the server the connection then only falls silent. */
export class CuttableProxy {
  readonly port: number
  readonly #server: Server
  readonly #clients = new Set<Socket>()
  readonly #all = new Set<Socket>()
  readonly #silent = new WeakSet<Socket>()

  private constructor(server: Server, port: number) {
    this.#server = server
    this.port = port
  }

  /** Listens on a loopback port of the system's choice, in front of another one. */
  static async before(target: number): Promise<CuttableProxy> {
    const server = createServer()
    await new Promise<void>(resolve => server.listen(0, '127.0.0.1', resolve))
    const proxy = new CuttableProxy(server, (server.address() as { port: number }).port)
    server.on('connection', client => proxy.#join(client, connect(target, '127.0.0.1')))
    return proxy
  }

  #join(client: Socket, upstream: Socket): void {
    this.#clients.add(client)
    for (const [one, other] of [
      [client, upstream],
      [upstream, client],
    ] as const) {
      this.#all.add(one)
      one.setNoDelay()
      one.on('error', () => {})
      one.on('data', chunk => other.write(chunk))
      one.on('close', () => {
        this.#all.delete(one)
        this.#clients.delete(one)
        // Whoever was cut off leaves the server with a connection that says nothing.
        if (one === upstream || !this.#silent.has(upstream)) other.destroy()
      })
    }
  }

  /** Ends all connections for the clients, and tells the server nothing. How many there were. */
  cut(): number {
    for (const one of this.#all) if (!this.#clients.has(one)) this.#silent.add(one)
    const { size } = this.#clients
    for (const one of this.#clients) one.destroy()
    return size
  }

  /** Ends all of it. */
  async end(): Promise<void> {
    for (const one of this.#all) one.destroy()
    await new Promise(resolve => this.#server.close(resolve))
  }
}
