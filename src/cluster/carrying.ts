import type { Certificate, Socket, SocketReader, Timers, TlsIdentity } from '../runtime/runtime.ts'
import {
  type Agreed,
  type Cell,
  type Handshake,
  type Identities,
  notice,
  order,
  type Parcel,
  type Way,
} from './cluster.ts'

/** Bytes that a node has read and home has not, before it reads no more. */
const unheardAtMost = 4 * 1024 ** 2

/** That the kernel has taken something may wait so many milliseconds for something else to tell, up to so many bytes. */
const takenUnsaid = 10
const bytesUnsaid = 32 * 1024

const bindingTypes = ['tls-exporter', 'tls-server-end-point', 'tls-unique'] as const

const encoder = new TextEncoder()

/** What a node has of its own. */
export interface NodeSurroundings {
  readonly timers: Pick<Timers, 'after' | 'turn'>
  identity(certificate: Certificate): TlsIdentity
}

/** A node: carries the connections that home has moved to it, and knows nothing of what they mean. */
export class Carrying {
  readonly #home: Way
  readonly #around: NodeSurroundings
  readonly #carried = new Map<number, Carried>()
  #cells: Cell[] = []
  /** What was read in this turn; it grows to what a turn brings, and stays. */
  #bytes = new Uint8Array(64 * 1024)
  #length = 0
  #planned = false
  /** Whether it is sent later in any case, and how much was taken that home does not know of. */
  #later = false
  #unsaid = 0
  /** Bytes that home has been handed and has not read. */
  #unheard = 0
  #choked = false
  #unnamed = 0
  #named: ReadonlyMap<string, number> = new Map()
  #identities: ReadonlyMap<number, TlsIdentity> = new Map()

  constructor(home: Way, around: NodeSurroundings) {
    this.#home = home
    this.#around = around
  }

  /** How many connections it carries. */
  get size(): number {
    return this.#carried.size
  }

  /** A connection is its from now on, under this number. */
  take(number: number, socket: Socket): void {
    this.#carried.set(number, new Carried(number, socket, this))
  }

  /** What home has told. */
  told({ cells, text }: Parcel): void {
    let from = 0
    for (let at = 0; at < cells.length; ) {
      const carried = this.#carried.get(cells[at + 1] as number)
      switch (cells[at]) {
        case order.write: {
          let data = cells[at + 2] as number | string | Uint8Array
          if (typeof data === 'number') data = text.slice(from, (from += data))
          carried?.write(data)
          at += 3
          break
        }
        case order.secure:
          if (carried !== undefined) this.#secure(carried, cells[at + 2] as Handshake)
          at += 3
          break
        case order.identities:
          this.#identify(cells[at + 2] as Identities)
          at += 3
          break
        case order.heard:
          this.#heard(cells[at + 2] as number)
          at += 3
          break
        default:
          if (carried !== undefined) this.#do(carried, cells[at] as number)
          at += 2
      }
    }
  }

  /** Something was read; it crosses at the end of the turn. */
  read(number: number, chunk: Uint8Array): void {
    const length = this.#length + chunk.length
    if (length > this.#bytes.length) {
      const bytes = new Uint8Array(Math.max(length, 2 * this.#bytes.length))
      bytes.set(this.#bytes.subarray(0, this.#length))
      this.#bytes = bytes
    }
    this.#bytes.set(chunk, this.#length)
    this.#length = length
    this.notice(notice.read, number, chunk.length)
    if (!this.#choked && this.#unheard + length > unheardAtMost) this.#choke(true)
  }

  notice(what: number, number: number, value: Cell): void {
    this.#cells.push(what, number, value)
    this.#plan()
  }

  /** The kernel has taken so many bytes more, and `total` in all: that alone is not worth waking home. */
  taken(number: number, total: number, bytes: number): void {
    this.#cells.push(notice.taken, number, total)
    this.#unsaid += bytes
    if (this.#unsaid >= bytesUnsaid) this.#plan()
    else if (!this.#planned && !this.#later) {
      this.#later = true
      this.#around.timers.after(takenUnsaid, this.#sendLate)
    }
  }

  forget(number: number): void {
    this.#carried.delete(number)
  }

  #do(carried: Carried, what: number): void {
    switch (what) {
      case order.start:
        carried.start(this.#choked)
        break
      case order.pause:
        carried.pause()
        break
      case order.resume:
        carried.resume(this.#choked)
        break
      case order.end:
        carried.end()
        break
      case order.destroy:
        carried.destroy()
        break
    }
  }

  #secure(carried: Carried, { alpn, requestCertificate, timeout }: Handshake): void {
    carried.secure({
      role: 'server',
      identity: name => this.#identities.get((name === undefined ? undefined : this.#named.get(name)) ?? this.#unnamed),
      names: [...this.#named.keys()],
      ...(alpn && { alpn }),
      requestCertificate,
      ...(timeout !== undefined && { timeout }),
    })
  }

  #identify({ unnamed, named, certificates }: Identities): void {
    this.#unnamed = unnamed
    this.#named = new Map(named)
    const identities = new Map<number, TlsIdentity>()
    for (const number of [unnamed, ...this.#named.values()]) {
      const known = this.#identities.get(number)
      if (known !== undefined) identities.set(number, known)
    }
    for (const { number, ...certificate } of certificates) identities.set(number, this.#around.identity(certificate))
    this.#identities = identities
  }

  #heard(bytes: number): void {
    this.#unheard -= bytes
    if (this.#choked && this.#unheard + this.#length < unheardAtMost / 2) this.#choke(false)
  }

  /** Home does not keep up: nobody is read until it has. */
  #choke(choked: boolean): void {
    this.#choked = choked
    for (const carried of this.#carried.values()) carried.choke(choked)
  }

  #plan(): void {
    if (this.#planned) return
    this.#planned = true
    this.#around.timers.turn(this.#send)
  }

  readonly #sendLate = (): void => {
    this.#later = false
    if (!this.#planned && this.#cells.length > 0) this.#send()
  }

  readonly #send = (): void => {
    this.#planned = false
    this.#unsaid = 0
    const cells = this.#cells
    this.#cells = []
    const bytes = this.#length === 0 ? undefined : this.#bytes.slice(0, this.#length)
    this.#unheard += this.#length
    this.#length = 0
    this.#home.tell({ cells, bytes, text: '' })
  }
}

/** One connection of a node. */
class Carried implements SocketReader {
  readonly #number: number
  readonly #socket: Socket
  readonly #node: Carrying
  #written = 0
  /** How much of it home knows to be taken. */
  #taken = 0
  #started = false
  #paused = false
  #ending = false
  #over = false

  constructor(number: number, socket: Socket, node: Carrying) {
    this.#number = number
    this.#socket = socket
    this.#node = node
  }

  start(choked: boolean): void {
    this.#started = true
    if (choked) this.#socket.pause()
    this.#socket.start(this)
  }

  write(data: string | Uint8Array): void {
    this.#written += data.length
    // What has to wait must not keep the whole parcel's text, of which it is a slice.
    this.#socket.write(typeof data === 'string' && this.#socket.pending > 0 ? encoder.encode(data) : data)
    this.drained()
  }

  pause(): void {
    this.#paused = true
    this.#socket.pause()
  }

  resume(choked: boolean): void {
    this.#paused = false
    if (!choked) this.#socket.resume()
  }

  choke(choked: boolean): void {
    if (this.#paused || !this.#started) return
    if (choked) this.#socket.pause()
    else this.#socket.resume()
  }

  secure(options: Parameters<Socket['secure']>[0]): void {
    this.#socket.secure(options).then(
      () => this.#node.notice(notice.secured, this.#number, agreed(this.#socket)),
      (error: Error) => {
        this.#node.notice(notice.refused, this.#number, error.message)
        // With a reader, the end is told as well.
        if (!this.#started) this.#node.forget(this.#number)
      },
    )
  }

  end(): void {
    this.#ending = true
    // Whoever does not read does not hear when it is over.
    if (!this.#started) this.start(false)
    this.#socket.end()
    if (this.#over) this.#node.forget(this.#number)
  }

  destroy(): void {
    this.#ending = true
    this.#socket.destroy()
    if (this.#over || !this.#started) this.#node.forget(this.#number)
  }

  // what the socket tells

  read(chunk: Uint8Array): void {
    this.#node.read(this.#number, chunk)
  }

  ended(error?: Error): void {
    this.#over = true
    this.#node.notice(notice.ended, this.#number, error === undefined ? null : error.message)
    if (this.#ending) this.#node.forget(this.#number)
  }

  /** Tells how much the kernel has taken: a string's characters count as one each until it is all. */
  drained(): void {
    const taken = this.#written - this.#socket.pending
    if (taken <= this.#taken) return
    this.#node.taken(this.#number, taken, taken - this.#taken)
    this.#taken = taken
  }
}

function agreed({ security }: Socket): Agreed {
  const { protocol, cipher, alpn, serverName, peerChain, channelBindings } = security!
  const bindings = Object.fromEntries(bindingTypes.map(type => [type, security!.channelBinding(type)]))
  return { protocol, cipher, alpn, serverName, peerChain, channelBindings, bindings }
}
