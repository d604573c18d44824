import { createConnection, createServer, type NetConnectOpts, type Socket as NetSocket, type Server } from 'node:net'
import { NodeSocket, peerOf } from './node-socket.ts'
import { highWaterMark, tlsIdentity } from './node-tls.ts'
import type { Address, Listener, Network, Socket } from './runtime.ts'

/** How long a connection may take to be made, in milliseconds. */
const connectTime = 30_000

/** TCP and TLS of Node. */
export const nodeNetwork: Network = { listen, connect, identity: tlsIdentity }

function listen(address: Address, accept: (socket: Socket) => void): Promise<Listener> {
  return listenRaw(address, socket => accept(new NodeSocket(socket)))
}

/** A connection as it was accepted: another thread can have it (Node 24.20). */
export interface NodeDoor {
  readonly peer: Address
  readonly connection: NetSocket
  destroy(): void
}

/** As `Network.listen`, with connections that can still be moved to another thread. */
export function doors(address: Address, accept: (door: NodeDoor) => void): Promise<Listener> {
  return listenRaw(address, connection => {
    // What goes wrong before it is moved, the other thread finds out.
    connection.on('error', () => {})
    accept({ peer: peerOf(connection), connection, destroy: () => connection.destroy() })
  })
}

/** A connection that has been moved to this thread. */
export function moved(connection: NetSocket): Socket {
  // Node moves what it is connected to, and not the options that it was made with.
  const { _readableState, _writableState } = connection as unknown as Record<State, { highWaterMark: number }>
  _readableState.highWaterMark = _writableState.highWaterMark = highWaterMark
  return new NodeSocket(connection)
}

type State = '_readableState' | '_writableState'

function listenRaw(address: Address, accept: (socket: NetSocket) => void): Promise<Listener> {
  return new Promise((resolve, reject) => {
    const server = createServer({
      allowHalfOpen: true,
      pauseOnConnect: true,
      noDelay: true,
      highWaterMark,
    })
    server.on('connection', accept)
    server.once('error', error => reject(new Error(refusal(error, address), { cause: error })))
    server.listen({ host: address.host, port: address.port, backlog: 1024 }, () => {
      // what goes wrong with one connection in the making must not end the process
      server.on('error', () => {})
      resolve(new NodeListener(server))
    })
  })
}

class NodeListener implements Listener {
  readonly address: Address
  readonly #server: Server

  constructor(server: Server) {
    this.#server = server
    const address = server.address()
    if (address === null || typeof address === 'string') throw new Error('A TCP server has an address and a port.')
    this.address = { host: address.address, port: address.port }
  }

  /** Connections that were accepted live on. */
  close(): Promise<void> {
    this.#server.close()
    return Promise.resolve()
  }
}

function connect(address: Address): Promise<Socket> {
  return new Promise((resolve, reject) => {
    const socket = createConnection({
      host: address.host,
      port: address.port,
      allowHalfOpen: true,
      noDelay: true,
      highWaterMark,
    } as NetConnectOpts)
    // nothing is read before somebody wants it
    socket.pause()
    const failed = (error: Error): void => {
      clearTimeout(timer)
      socket.destroy()
      reject(new Error(refusal(error, address), { cause: error }))
    }
    const timer = setTimeout(() => {
      failed(Object.assign(new Error(`no answer in ${connectTime / 1000} seconds`), { code: 'ETIMEDOUT' }))
    }, connectTime)
    socket.once('error', failed)
    socket.once('connect', () => {
      clearTimeout(timer)
      const connected = new NodeSocket(socket)
      socket.off('error', failed)
      resolve(connected)
    })
  })
}

const sentences: Readonly<Record<string, (host: string, port: number) => string>> = {
  EADDRINUSE: (host, port) => `Port ${port} on ${host} is in use by another program.`,
  EACCES: (host, port) => `Port ${port} on ${host} is only for privileged users.`,
  EADDRNOTAVAIL: host => `This machine does not have the address ${host}.`,
  EAFNOSUPPORT: host => `This machine does not have addresses of the kind of ${host}.`,
  ENOTFOUND: host => `There is no host named ${host}.`,
  EAI_AGAIN: host => `The name server gives no answer about ${host}.`,
  ECONNREFUSED: (host, port) => `Nobody listens on port ${port} of ${host}.`,
  ETIMEDOUT: (host, port) => `Port ${port} of ${host} does not answer.`,
  EHOSTUNREACH: host => `There is no way to ${host}.`,
  ENETUNREACH: host => `There is no way to ${host}.`,
}

function refusal(error: Error, { host, port }: Address): string {
  const sentence = sentences[(error as NodeJS.ErrnoException).code ?? '']
  return sentence ? sentence(host, port) : `Port ${port} of ${host}: ${error.message}.`
}
