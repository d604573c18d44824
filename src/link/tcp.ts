import type {
  Address,
  ChannelBindingType,
  ClientTls,
  ServerTls,
  Socket,
  SocketReader,
  Timer,
  Timers,
} from '../runtime/runtime.ts'
import type { Element } from '../wire/element.ts'
import type { StreamError } from '../wire/errors.ts'
import { type Limits, Reader, type ReaderHandler } from '../wire/reader.ts'
import { type Flushable, type FlushList, flushList } from './flush.ts'
import { type Framing, readHeader, streamFraming } from './framing.ts'
import type { Link, StreamHeader, StreamReader } from './link.ts'
import { type Input, MessageReader } from './messages.ts'

export interface LinkOptions {
  readonly timers: Timers
  readonly limits: Limits
  /** Client streams as in TCP unless told. With documents, each `read` and `write` of the socket is one message. */
  readonly framing?: Framing
  /** `tcp`, or `tls` where the socket is encrypted already, unless told. */
  readonly carrier?: string
  /** Whether STARTTLS may be asked for. */
  readonly upgradable?: boolean
  /** How long the peer may take to close its stream after ours, in milliseconds; 5 seconds unless told. */
  readonly closing?: number
}

/** A link over a socket that nobody reads yet; whichever framing, the code is the same. */
export function tcpLink(socket: Socket, options: LinkOptions): Link {
  return new SocketLink(socket, options)
}

const clients = streamFraming()
const none: readonly never[] = []
/** Characters that wait for more at most. */
const patientAtMost = 16_384

class SocketLink implements Link, SocketReader, ReaderHandler, Flushable {
  // What is looked at when something is written stands together: that is one line of the processor's cache, or two.
  readonly #framing: Framing
  #closing = false
  #over = false
  #messages: string[] | undefined
  /** What waits for the end of the turn. A string that grows by `+=` is joined by the engine once, when it is sent. */
  #queue = ''
  /** Whether it is on the list of those that are flushed at the end of the turn, and on that of those that can wait. */
  #listed = false
  #patient = false
  readonly #list: FlushList
  readonly carrier: string
  readonly direct: boolean
  readonly #socket: Socket
  readonly #timers: Timers
  readonly #input: Input
  readonly #upgradable: boolean
  readonly #closingTime: number
  #reader: StreamReader | undefined
  /** Our stream's header was written, the peer's was read. */
  #opened = false
  #peerOpened = false
  #peerClosed = false
  /** Nothing is read any more. */
  #deaf = false
  /**
   * What `pause` has come to: the socket is stopped only by what still comes, because most pauses are over before that
   * and to stop it costs as much as a small stanza; what ends meanwhile is told afterwards.
   */
  #paused: 'input' | 'socket' | 'end' | undefined
  /** Our closing tag is out. */
  #closed = false
  #halfOver = false
  #timer: Timer | undefined

  constructor(socket: Socket, options: LinkOptions) {
    this.#socket = socket
    this.#timers = options.timers
    this.#list = flushList(options.timers)
    this.#framing = options.framing ?? clients
    const documents = this.#framing.kind === 'document'
    this.#input = documents
      ? new MessageReader(this, options.limits)
      : new Reader(this, options.limits, this.#framing.content)
    if (documents) this.#messages = []
    this.#upgradable = options.upgradable === true
    this.#closingTime = options.closing ?? 5000
    this.direct = socket.security !== undefined
    this.carrier = options.carrier ?? (socket.security ? 'tls' : 'tcp')
  }

  get peer(): Address {
    return this.#socket.peer
  }

  get encrypted(): boolean {
    return this.#socket.security !== undefined
  }

  get upgradable(): boolean {
    return this.#upgradable && !this.encrypted
  }

  get channelBindings(): readonly ChannelBindingType[] {
    return this.#socket.security?.channelBindings ?? none
  }

  channelBinding(type: ChannelBindingType): Uint8Array | undefined {
    return this.#socket.security?.channelBinding(type)
  }

  get pending(): number {
    return this.#queue.length + this.#socket.pending
  }

  start(reader: StreamReader): void {
    this.#reader = reader
    this.#socket.start(this)
  }

  open(header: StreamHeader): void {
    this.#opened = true
    this.#add(this.#framing.open(header))
  }

  write(xml: string, patient = false): void {
    this.#add(this.#framing.child(xml), patient)
  }

  restart(): void {
    this.#opened = this.#peerOpened = false
    this.#input.restart()
  }

  limit(limits: Partial<Limits>): void {
    this.#input.limits = { ...this.#input.limits, ...limits }
  }

  secure(options: ServerTls | ClientTls): Promise<void> {
    this.#send()
    // RFC 6120 §5.4.3.3: what came before TLS is not read, not even what the same packet brought
    this.#input.discard()
    this.restart()
    return this.#socket.secure(options)
  }

  pause(): void {
    this.#input.pause()
    this.#paused ??= 'input'
  }

  resume(): void {
    const paused = this.#paused
    this.#paused = undefined
    if (paused === 'socket') this.#socket.resume()
    // what was kept comes first, because the socket reads in a later turn; it may pause again
    this.#input.resume()
    if (paused === 'end') this.ended()
  }

  close(): void {
    if (this.#closing || this.#over) return
    if (this.#opened) this.#add(this.#framing.close)
    else this.#touch()
    this.#closing = true
  }

  destroy(): void {
    this.#closing = this.#deaf = true
    this.#drop()
    this.#socket.destroy()
  }

  flush(): void {
    this.#listed = this.#patient = false
    this.#send()
    // Where whoever hears that all was taken closes, that goes with the next flush.
    if (this.#closing && !this.#closed && !this.#listed) this.#leave()
  }

  // what the socket tells

  read(chunk: Uint8Array): void {
    if (this.#paused === 'input') {
      this.#paused = 'socket'
      this.#socket.pause()
    }
    if (!this.#deaf) this.#input.push(chunk)
  }

  drained(): void {
    if (this.#queue === '') this.#reader!.drained?.()
  }

  ended(error?: Error): void {
    if (this.#paused !== undefined && error === undefined && !this.#deaf && !this.#closing) {
      this.#paused = 'end'
      return
    }
    // closed in order, but our own stream still stands (RFC 6120 §4.4)
    if (error === undefined && this.#peerClosed && !this.#closed && !this.#deaf) this.#halfOver = true
    else this.#finish(error)
  }

  // what the reader tells

  opened(root: Element, declarations: readonly string[]): void {
    this.#peerOpened = true
    this.#reader!.opened(readHeader(root, declarations))
  }

  element(element: Element): void {
    this.#reader!.element(element)
  }

  closed(): void {
    this.#peerClosed = true
    this.#reader!.closed()
    if (this.#closed) this.#socket.end()
  }

  failed(error: StreamError): void {
    this.#deaf = true
    this.#reader!.failed(error)
  }

  #add(text: string, patient = false): void {
    if (this.#closing || this.#over) return
    // documents are sent one by one, and counted all the same
    this.#messages?.push(text)
    this.#queue = this.#queue === '' ? text : this.#queue + text
    if (patient && this.#queue.length < patientAtMost) this.#wait()
    else this.#touch()
  }

  #wait(): void {
    if (this.#listed || this.#patient) return
    this.#patient = true
    this.#list.addPatient(this)
  }

  #touch(): void {
    if (this.#listed) return
    this.#listed = true
    this.#list.add(this)
  }

  #send(): void {
    if (this.#queue === '') return
    this.#hand()
    if (this.#socket.pending === 0) this.#reader?.drained?.()
  }

  #hand(): void {
    const queue = this.#queue
    this.#queue = ''
    if (this.#messages === undefined) this.#socket.write(queue)
    else for (const message of this.#messages.splice(0)) this.#socket.write(message)
  }

  #drop(): void {
    this.#queue = ''
    if (this.#messages !== undefined) this.#messages = []
  }

  /** Our stream is closed: the peer closes its own before the carrier goes, unless it never had one, or had its time. */
  #leave(): void {
    this.#closed = true
    if (this.#halfOver) this.#finish(undefined)
    else if (this.#peerClosed || this.#deaf || !this.#peerOpened) this.#socket.end()
    else this.#timer = this.#timers.after(this.#closingTime, () => this.#socket.end())
  }

  /** The carrier is gone, or its other half is of no use: what is queued may still arrive, and nobody is told that it has. */
  #finish(error: Error | undefined): void {
    if (this.#over) return
    if (this.#queue !== '') this.#hand()
    this.#over = this.#deaf = true
    this.#timers.cancel(this.#timer)
    this.#drop()
    this.#socket.end()
    this.#reader?.ended(error)
  }
}
