import type { Socket as NetSocket } from 'node:net'
import type { TLSSocket } from 'node:tls'
import { readInto } from './node-reading.ts'
import { firstBuffer, halves, mayNeedTwo, sparedAtMost } from './node-sparing.ts'
import { clientTls, NodeSecurity, serverTls } from './node-tls.ts'
import type { Address, ClientTls, Security, ServerTls, Socket, SocketReader } from './runtime.ts'

/** How long `end` waits for the other end, in milliseconds. */
const lingering = 10_000
/** How long a handshake may take where nobody says, in milliseconds. */
const handshakeTime = 30_000

const owner = Symbol('owner')
type Carrier = (NetSocket | TLSSocket) & { [owner]?: NodeSocket }

interface Handshake {
  readonly role: 'server' | 'client'
  readonly timer: NodeJS.Timeout
  readonly plain: Carrier
  /** What was written before it. */
  readonly written: number
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

// The listeners are shared by all sockets: they find theirs by the symbol.
function onData(this: Carrier, chunk: Uint8Array): void {
  this[owner]!.reader!.read(chunk)
}
function onRead(this: Carrier, length: number, buffer: Uint8Array): boolean {
  this[owner]!.reader!.read(buffer.subarray(0, length))
  return true
}
function onEnd(this: Carrier): void {
  this[owner]!.finished(this)
}
function onError(this: Carrier, error: Error): void {
  this[owner]!.wrong(this, error)
}
function onClose(this: Carrier): void {
  this[owner]!.gone(this)
}
function onDrain(this: Carrier): void {
  this[owner]!.reader?.drained?.()
}
function onSecure(this: Carrier): void {
  this[owner]!.secured(this as TLSSocket)
}
function flow(socket: NodeSocket): void {
  socket.flow()
}
function over(socket: NodeSocket): void {
  socket.over()
}
function destroy(carrier: Carrier): void {
  carrier.destroy()
}
function late(carrier: Carrier, milliseconds: number): void {
  carrier[owner]!.wrong(carrier, new Error(`it took longer than ${milliseconds} ms`))
}

/** A TCP connection, in the clear or in TLS. Both ends may close on their own (`allowHalfOpen`). */
export class NodeSocket implements Socket {
  readonly peer: Address
  reader: SocketReader | undefined
  #carrier: Carrier
  #security: Security | undefined
  #handshake: Handshake | undefined
  /** How many writes may still have to be in two. */
  #spared = 0
  #error: Error | undefined
  #linger: NodeJS.Timeout | undefined
  #paused = false
  /** What waited when something was last written, that included: as much as may be lost if the connection breaks. */
  #waiting = 0
  /** What comes is read into the buffer that all share. */
  #lent = false
  #ending = false
  /** No more bytes come; told to the reader as soon as there is one. */
  #over = false
  #told = false

  /** Takes a connected socket that has not been read from: paused, and half open allowed. */
  constructor(socket: NetSocket) {
    this.peer = peerOf(socket)
    this.#carrier = socket
    this.#attach(socket)
  }

  get security(): Security | undefined {
    return this.#security
  }

  get pending(): number {
    const { writableLength, errored, destroyed } = this.#carrier
    // Node counts no more what it could not write.
    return errored !== null || (destroyed && !this.#ending) ? this.#waiting : writableLength
  }

  start(reader: SocketReader): void {
    this.reader = reader
    if (this.#over) setImmediate(over, this)
    else if (!this.#handshake && !this.#paused) this.flow()
  }

  write(data: string | Uint8Array): void {
    const carrier = this.#carrier
    if (this.#ending) return
    if (carrier.destroyed) {
      this.#waiting += data.length
      return
    }
    this.#waiting = carrier.writableLength + data.length
    if (this.#spared === 0 || !mayNeedTwo(data)) carrier.write(data)
    else {
      this.#spared--
      for (const part of halves(data) ?? [data]) carrier.write(part)
    }
  }

  pause(): void {
    this.#paused = true
    this.#carrier.pause()
  }

  resume(): void {
    this.#paused = false
    if (this.reader && !this.#handshake) this.flow()
  }

  secure(options: ServerTls | ClientTls): Promise<void> {
    return new Promise((resolve, reject) => {
      const plain = this.#carrier
      if (this.#security || this.#handshake) return reject(new Error('This connection is encrypted already.'))
      if (plain.destroyed || this.#over || this.#ending)
        return reject(this.#error ?? new Error('The connection was closed before the TLS handshake.'))
      plain.off('data', onData)
      if (this.reader) drop(plain)
      const milliseconds = options.timeout ?? handshakeTime
      // of our own, because Node's begins anew with every byte
      const timer = setTimeout(late, milliseconds, plain, milliseconds).unref()
      this.#handshake = { role: options.role, timer, plain, written: plain.bytesWritten, resolve, reject }
      // Node keeps the room that it makes for the first bytes: as much as has come, but 64 KiB where it is to read them
      // into TLS itself (measured: 11 KiB of memory less for each connection)
      if (options.role === 'server') plain.once('readable', () => this.#shakeHands(plain, options))
      else this.#shakeHands(plain, options)
    })
  }

  #shakeHands(plain: Carrier, options: ServerTls | ClientTls): void {
    // only its end has come, which is told by itself
    if (!this.#handshake || (options.role === 'server' && plain.readableLength === 0)) return
    this.#detach(plain)
    try {
      const carrier: Carrier =
        options.role === 'server' ? serverTls(plain, options) : clientTls(plain, options as ClientTls)
      this.#carrier = carrier
      this.#attach(carrier)
      // a bare server socket tells its TLS errors only by this event
      carrier.on('_tlsError', onError)
      carrier.once(options.role === 'server' ? 'secure' : 'secureConnect', onSecure)
    } catch (error) {
      this.#attach(plain)
      this.wrong(plain, error as Error)
    }
  }

  end(): void {
    const carrier = this.#carrier
    if (this.#ending || carrier.destroyed) return
    this.#ending = true
    carrier.end()
    // whoever does not read does not see that the other end agrees
    carrier.resume()
    this.#linger = setTimeout(destroy, lingering, carrier).unref()
  }

  destroy(): void {
    this.#ending = true
    this.#carrier.destroy()
  }

  /** Reads from now on. */
  flow(): void {
    if (this.#paused || this.#over || this.#handshake || !this.reader) return
    const carrier = this.#carrier
    if (carrier.listenerCount('data') === 0) carrier.on('data', onData)
    // What STARTTLS may follow keeps a buffer of its own.
    if (!this.#lent && this.#security !== undefined) {
      this.#lent = true
      readInto(carrier as TLSSocket, onRead)
    }
    carrier.resume()
  }

  /** The handshake is done. Whoever waits for it runs before anything is read. */
  secured(carrier: TLSSocket): void {
    const handshake = this.#handshake
    if (!handshake) return
    clearTimeout(handshake.timer)
    this.#handshake = undefined
    this.#security = new NodeSecurity(carrier, handshake.role)
    // a long certificate chain has taken the room already
    if (handshake.plain.bytesWritten - handshake.written <= firstBuffer) this.#spared = sparedAtMost
    handshake.resolve()
    setImmediate(flow, this)
  }

  finished(carrier: Carrier): void {
    if (carrier !== this.#carrier) return
    if (this.#handshake) carrier.destroy()
    else this.over()
  }

  wrong(carrier: Carrier, error: Error): void {
    this.#error ??= error
    carrier.destroy()
  }

  gone(carrier: Carrier): void {
    if (carrier !== this.#carrier) return
    clearTimeout(this.#linger)
    const handshake = this.#handshake
    if (handshake) {
      clearTimeout(handshake.timer)
      this.#handshake = undefined
      this.#error = failure(this.#error)
      handshake.reject(this.#error)
    }
    this.over()
  }

  /** No more bytes come: told once, as soon as there is a reader. */
  over(): void {
    this.#over = true
    if (this.#told || !this.reader) return
    this.#told = true
    this.reader.ended(this.#error)
  }

  #attach(carrier: Carrier): void {
    carrier[owner] = this
    carrier.on('error', onError)
    carrier.on('end', onEnd)
    carrier.on('close', onClose)
    carrier.on('drain', onDrain)
  }

  /** The error listener stays: a socket without one ends the process. */
  #detach(carrier: Carrier): void {
    carrier.off('data', onData)
    carrier.off('end', onEnd)
    carrier.off('close', onClose)
    carrier.off('drain', onDrain)
  }
}

/** What was read before the handshake must not be read in it (RFC 6120 §5.4.3.3). */
function drop(socket: NetSocket): void {
  socket.pause()
  while (socket.read() !== null);
}

function failure(error: Error | undefined): Error {
  const message = error?.message ?? 'the other end closed the connection'
  // OpenSSL's own: number:error:code:library:function:reason:file:line
  const [, kind, , , , reason] = message.split(':')
  return new Error(`The TLS handshake failed: ${kind === 'error' && reason ? reason : message}`, { cause: error })
}

/** The other end's address. */
export function peerOf(socket: NetSocket): Address {
  return { host: plain(socket.remoteAddress ?? ''), port: socket.remotePort ?? 0 }
}

/** IPv4 addresses as themselves, also where one socket listens for both kinds. */
function plain(address: string): string {
  return address.startsWith('::ffff:') ? address.slice(7) : address
}
