import { type Socket as NetSocket, connect as rawConnect } from 'node:net'
import { after } from 'node:test'
import { selfSigned } from './node-certificate.ts'
import { nodeNetwork } from './node-network.ts'
import type { Certificate, Listener, ServerTls, Socket, SocketReader } from './runtime.ts'

const here = { host: '127.0.0.1', port: 0 }

/** For localhost and a.example. */
export const certificate: Certificate = await selfSigned(['localhost', 'a.example'], 2)
/** For b.example. */
export const other: Certificate = await selfSigned(['b.example'], 2)

const a = nodeNetwork.identity(certificate)
const b = nodeNetwork.identity(other)

/** Serves both, and the first one to whoever names nobody. */
export const server: ServerTls = {
  role: 'server',
  identity: name =>
    name === undefined || name === 'localhost' || name === 'a.example' ? a : name === 'b.example' ? b : undefined,
}

/** Collects what comes, and lets a test wait for it. */
export class Ears implements SocketReader {
  text = ''
  over = 0
  error: Error | undefined
  drains = 0
  #waiting: (() => void)[] = []

  read(chunk: Uint8Array): void {
    this.text += Buffer.from(chunk).toString()
    this.#wake()
  }

  ended(error?: Error): void {
    this.over++
    this.error = error
    this.#wake()
  }

  drained(): void {
    this.drains++
    this.#wake()
  }

  async until(done: () => boolean): Promise<void> {
    while (!done()) await new Promise<void>(resolve => this.#waiting.push(resolve))
  }

  #wake(): void {
    for (const wake of this.#waiting.splice(0)) wake()
  }
}

/** Both ends of one connection. */
export interface Ends {
  readonly server: Socket
  readonly client: Socket
}

const open = new Set<Listener>()
after(async () => {
  for (const listener of open) await listener.close()
})

/** A server that hands over its connections one by one. */
export async function listening(): Promise<{ port: number; accepted: () => Promise<Socket> }> {
  const sockets: Socket[] = []
  let wake: (() => void) | undefined
  const listener = await nodeNetwork.listen(here, socket => {
    sockets.push(socket)
    wake?.()
  })
  open.add(listener)
  return {
    port: listener.address.port,
    accepted: async () => {
      while (sockets.length === 0) await new Promise<void>(resolve => (wake = resolve))
      return sockets.shift()!
    },
  }
}

/** Two of our sockets. */
export async function pair(): Promise<Ends> {
  const { port, accepted } = await listening()
  const client = await nodeNetwork.connect({ host: '127.0.0.1', port })
  return { server: await accepted(), client }
}

/** Our socket, and a bare one of Node. */
export async function raw(): Promise<{ server: Socket; client: NetSocket }> {
  const { port, accepted } = await listening()
  const client = rawConnect({ port, host: '127.0.0.1' })
  client.on('error', () => {})
  return { server: await accepted(), client }
}

/** Two of our sockets behind a handshake. */
export async function secured(options: Partial<ServerTls> = {}, name = 'localhost', alpn?: string[]): Promise<Ends> {
  const ends = await pair()
  await Promise.all([
    ends.server.secure({ ...server, ...options }),
    ends.client.secure({
      role: 'client',
      name,
      authorities: name === 'b.example' ? other.chain : certificate.chain,
      ...(alpn && { alpn }),
    }),
  ])
  return ends
}
