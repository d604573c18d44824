import type { ServerTls, Timers, TlsIdentity } from '../runtime/runtime.ts'
import {
  type Agreed,
  type Cell,
  type Handshake,
  type Identities,
  type Node,
  notice,
  order,
  type Parcel,
} from './cluster.ts'
import type { Accepted, RemoteSocket } from './remote-socket.ts'

/** Bytes that are read at home before a node that is told nothing else hears of it. */
const heardUnsaid = 256 * 1024

/** A certificate as home knows it. */
export interface Numbered {
  readonly number: number
  readonly chain: string
  readonly key: string
}

/** A node, as home sees it: what it carries, and what it will be told at the end of this turn. */
export class Member {
  readonly #node: Node
  readonly #timers: Timers
  /** A certificate's number and text. */
  readonly #certificate: (identity: TlsIdentity) => Numbered | undefined
  readonly #sockets = new Map<number, RemoteSocket>()
  #cells: Cell[] = []
  #texts: string[] = []
  #planned = false
  #heard = 0
  #gone: Error | undefined
  /** Which certificates it shows to whom, as one text: told again when that changes. */
  #identities = ''
  #certificates: ReadonlySet<number> = new Set()

  constructor(node: Node, timers: Timers, certificate: (identity: TlsIdentity) => Numbered | undefined) {
    this.#node = node
    this.#timers = timers
    this.#certificate = certificate
  }

  /** How many connections it carries. */
  get size(): number {
    return this.#sockets.size
  }

  /** It is to carry this one. */
  carries(socket: RemoteSocket): void {
    this.#sockets.set(socket.number, socket)
  }

  /** A connection moves to the node. */
  move(socket: RemoteSocket, accepted: Accepted): void {
    try {
      if (this.#gone !== undefined) throw this.#gone
      this.#node.move(socket.number, accepted.connection)
    } catch (error) {
      accepted.destroy()
      queueMicrotask(() => socket.ended(error as Error))
    }
  }

  forget(socket: RemoteSocket): void {
    this.#sockets.delete(socket.number)
  }

  order(what: number, connection: number): void {
    this.#cells.push(what, connection)
    this.#plan()
  }

  write(connection: number, data: string | Uint8Array): void {
    if (typeof data !== 'string') this.#cells.push(order.write, connection, data)
    else {
      this.#texts.push(data)
      this.#cells.push(order.write, connection, data.length)
    }
    this.#plan()
  }

  secure(connection: number, options: ServerTls): void {
    this.#identify(options)
    const { alpn, requestCertificate = false, timeout } = options
    this.#cells.push(order.secure, connection, { alpn, requestCertificate, timeout } satisfies Handshake)
    this.#plan()
  }

  /** What the node has told. A reader that throws takes nothing from the others. */
  told({ cells, bytes }: Parcel): void {
    let from = 0
    for (let at = 0; at < cells.length; at += 3) {
      const socket = this.#sockets.get(cells[at + 1] as number)
      const value = cells[at + 2] as Cell
      const begin = from
      if (cells[at] === notice.read) from += value as number
      try {
        if (cells[at] === notice.read) socket?.received(bytes!.subarray(begin, from))
        else if (socket !== undefined) tell(socket, cells[at] as number, value)
      } catch (fault) {
        this.#rethrow(fault)
      }
    }
    this.#heard += from
    if (this.#heard >= heardUnsaid) this.#plan()
  }

  /** The node is gone, and with it all that it carried. */
  lost(error: Error): void {
    this.#gone = error
    for (const socket of [...this.#sockets.values()]) {
      try {
        socket.ended(error)
      } catch (fault) {
        this.#rethrow(fault)
      }
    }
  }

  /** Where nobody else is in the way. */
  #rethrow(fault: unknown): void {
    this.#timers.turn(() => {
      throw fault
    })
  }

  /** Tells which certificates are shown to whom, where that is not what the node knows. */
  #identify(options: ServerTls): void {
    const wanted = new Map<number, Numbered>()
    const numbered = (name: string | undefined): number => {
      const identity = options.identity(name)
      const found = identity && this.#certificate(identity)
      if (found === undefined) return 0
      wanted.set(found.number, found)
      return found.number
    }
    const unnamed = numbered(undefined)
    const named = (options.names ?? []).map(name => [name, numbered(name)] as const)
    const text = `${unnamed} ${named.flat().join(' ')}`
    if (text === this.#identities) return
    this.#identities = text
    const certificates = [...wanted.values()].filter(({ number }) => !this.#certificates.has(number))
    this.#certificates = new Set(wanted.keys())
    this.#cells.push(order.identities, 0, { unnamed, named, certificates } satisfies Identities)
  }

  /** Behind all links of this turn: they are flushed by one callback, and this runs after it. */
  #plan(): void {
    if (this.#planned) return
    this.#planned = true
    queueMicrotask(this.#send)
  }

  readonly #send = (): void => {
    this.#planned = false
    if (this.#heard > 0) this.#cells.push(order.heard, 0, this.#heard)
    this.#heard = 0
    const cells = this.#cells
    this.#cells = []
    const text = this.#texts.join('')
    this.#texts = []
    if (this.#gone === undefined) this.#node.tell({ cells, bytes: undefined, text })
  }
}

/** Tells a connection what is not about bytes. */
function tell(socket: RemoteSocket, what: number, value: Cell): void {
  switch (what) {
    case notice.taken:
      socket.taken(value as number)
      break
    case notice.ended:
      socket.ended(value === null ? undefined : new Error(value as string))
      break
    case notice.secured:
      socket.secured(value as Agreed)
      break
    case notice.refused:
      socket.refused(value as string)
      break
  }
}
