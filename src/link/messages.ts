import type { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { type Limits, Reader, type ReaderHandler } from '../wire/reader.ts'

/** What a link reads with: the stream reader, or one of messages. */
export type Input = Pick<Reader, 'push' | 'restart' | 'pause' | 'resume' | 'discard' | 'limits'>

/** Bytes that may wait over the size of a stanza: what a carrier had in hand when it was told to pause. */
const slack = 262_144
/** What a waiting message takes beside its bytes. */
const overhead = 128

const declarations: readonly string[] = ['', ns.client]

/** Reads a framed stream (RFC 7395 §3.3): each `push` is one message, one document, one element. */
export class MessageReader implements Input {
  readonly #handler: ReaderHandler
  readonly #reader: Reader
  #waiting: Uint8Array[] = []
  #waitingBytes = 0
  #opened = false
  #closed = false
  #paused = false
  #running = false
  #failed = false

  constructor(handler: ReaderHandler, limits: Limits) {
    this.#handler = handler
    this.#reader = new Reader(
      {
        opened: () => {},
        element: element => this.#element(element),
        closed: () => {},
        failed: error => this.#fail(error),
      },
      limits,
      ns.client,
      'document',
    )
  }

  get limits(): Limits {
    return this.#reader.limits
  }

  set limits(limits: Limits) {
    this.#reader.limits = limits
  }

  /** Reads a message; it is only lent. */
  push(message: Uint8Array): void {
    if (this.#failed || this.#closed) return
    if (this.#paused || this.#running) this.#keep(message)
    else this.#run(message)
  }

  restart(): void {
    this.#opened = false
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    if (!this.#running) this.#run(this.#next())
  }

  discard(): void {
    this.#waiting = []
    this.#waitingBytes = 0
  }

  #keep(message: Uint8Array): void {
    this.#waitingBytes += message.length + overhead
    if (this.#waitingBytes > this.limits.stanzaBytes + slack)
      this.#fail(new StreamError('policy-violation', 'More data than can wait'))
    else this.#waiting.push(new Uint8Array(message))
  }

  #next(): Uint8Array | undefined {
    const message = this.#waiting.shift()
    if (message !== undefined) this.#waitingBytes -= message.length + overhead
    return message
  }

  #run(message: Uint8Array | undefined): void {
    this.#running = true
    try {
      while (message !== undefined) {
        this.#read(message)
        message = this.#paused || this.#failed || this.#closed ? undefined : this.#next()
      }
    } finally {
      this.#running = false
    }
  }

  #read(message: Uint8Array): void {
    // RFC 7395 §3.3.3, §3.8: no white space, no byte order mark, no empty messages
    if (message[0] !== 0x3c) {
      this.#fail(new StreamError('not-well-formed', 'A message begins with <'))
      return
    }
    this.#reader.push(message)
    this.#reader.end()
    this.#reader.restart()
  }

  #fail(error: StreamError): void {
    if (this.#failed) return
    this.#failed = true
    this.discard()
    this.#handler.failed(error)
  }

  #element(element: Element): void {
    if (element.namespace === ns.framing) this.#frame(element)
    else if (this.#opened) this.#handler.element(element)
    // RFC 7395 §3.3.2
    else if (element.name === 'open') throw new StreamError('invalid-namespace', `<open/> belongs to ${ns.framing}`)
    else throw new StreamError('bad-format', 'A stream begins with <open/>')
  }

  #frame(element: Element): void {
    if (element.name === 'open' && !this.#opened) {
      this.#opened = true
      this.#handler.opened(element, declarations)
    } else if (element.name === 'close') {
      this.#closed = true
      this.discard()
      this.#handler.closed()
    } else throw new StreamError('bad-format', `<${element.name}/> of the framing is not expected here`)
  }
}
