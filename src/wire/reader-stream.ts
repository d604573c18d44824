import type { Element } from './element.ts'
import { StreamError } from './errors.ts'
import type { Limits } from './limits.ts'
import { ns } from './namespaces.ts'
import { exceeded, malformed, tooBig } from './reader-faults.ts'
import { Input } from './reader-input.ts'
import { Scanner } from './reader-scanner.ts'
import { TagScanner } from './reader-tag.ts'
import { places, Tree } from './reader-tree.ts'

/** Whoever reads: its methods are called in the order of the wire, from within `push` or `resume`. */
export interface ReaderHandler {
  /** The root's start tag, as an element without content. Its declarations are prefixes ('' is the default) and namespaces in turn. */
  opened(root: Element, declarations: readonly string[]): void
  /** One complete first-level element. */
  element(element: Element): void
  /** The root's end tag. Nothing is read behind it until `restart`. */
  closed(): void
  /** What came breaks XML, RFC 6120 or a limit. Called once; nothing is read any more. */
  failed(error: StreamError): void
}

/** How elements come: inside one long document (RFC 6120 §4), or each as a document of its own (RFC 7395 §3.3.3). */
export type Framing = 'stream' | 'document'

/** Bytes that may wait over the size of a stanza: what a carrier had in hand when it was told to pause. */
const slack = 262_144
/** What a waiting chunk takes beside its bytes. */
const overhead = 128

/**
 * Bytes to elements, in one pass; chunks may be cut anywhere. Attributes and text are slices of the input: whoever
 * keeps them for long copies them. The handler may call every method from within its own; a `StreamError` that it
 * throws ends the reading like a fault of the input, and anything else that it throws comes out of `push` or `resume`.
 */
export class Reader {
  readonly #handler: ReaderHandler
  readonly #input = new Input()
  readonly #tag: TagScanner
  readonly #tree: Tree
  readonly #scanner: Scanner
  #limits: Limits
  /** Chunks that came while paused or from within the handler. */
  #waiting: (Uint8Array | string)[] | undefined
  #waitingBytes = 0
  #running = false
  #paused = false
  #failed = false

  /** `content`: the namespace of the stream's content, read as `jabber:client` (RFC 6120 §4.8.2). */
  constructor(handler: ReaderHandler, limits: Limits, content: string = ns.client, framing: Framing = 'stream') {
    this.#handler = handler
    this.#limits = limits
    this.#tag = new TagScanner(this.#input, limits)
    this.#tree = new Tree(this.#input, handler, limits, content, framing === 'document')
    this.#scanner = new Scanner(this.#input, this.#tag, this.#tree)
  }

  /** May be set at any time. */
  get limits(): Limits {
    return this.#limits
  }

  set limits(limits: Limits) {
    this.#limits = this.#tag.limits = this.#tree.limits = limits
  }

  /** The namespace read as `jabber:client`: which one it is may depend on the stream's header. */
  get content(): string {
    return this.#tree.content
  }

  set content(content: string) {
    this.#tree.content = content
  }

  /** Reads a chunk. Bytes are only lent; text is taken for text that was UTF-8. */
  push(chunk: Uint8Array | string): void {
    if (this.#failed || this.#tree.place === places.closed) return
    if (this.#paused || this.#running) {
      this.#keep(chunk)
      return
    }
    this.#input.take(chunk)
    this.#run()
  }

  /** No more comes. An unfinished document fails; a stream may end anywhere. */
  end(): void {
    if (this.#failed || !this.#tree.framed) return
    if (this.#tree.place !== places.after || this.#input.unfinished)
      this.#fail(malformed('The document is not complete'))
  }

  /** Begins a new stream or document with what comes next, be it in the same chunk (RFC 6120 §4.3.3). */
  restart(): void {
    this.#tree.reset()
    this.#tag.reset()
    this.#scanner.reset()
    this.#input.forget()
  }

  /** Delivers nothing until `resume`; what is here and what comes is kept. */
  pause(): void {
    this.#paused = this.#scanner.halted = true
  }

  /** Goes on where `pause` stopped. */
  resume(): void {
    if (!this.#paused || this.#failed) return
    this.#paused = this.#scanner.halted = false
    if (!this.#running) this.#run()
  }

  /** Forgets what came and was not delivered, as STARTTLS must (RFC 6120 §5.4.3.3); then `restart`. */
  discard(): void {
    this.#input.reset()
    this.#waiting = undefined
    this.#waitingBytes = 0
  }

  #keep(chunk: Uint8Array | string): void {
    this.#waitingBytes += chunk.length + overhead
    if (this.#waitingBytes > this.#limits.stanzaBytes + slack) {
      this.#fail(exceeded('More data than can wait'))
      return
    }
    this.#waiting ??= []
    this.#waiting.push(typeof chunk === 'string' ? chunk : new Uint8Array(chunk))
  }

  #run(): void {
    this.#running = true
    try {
      this.#readAll()
    } catch (error) {
      const limit = this.#limits.stanzaBytes
      // Byte by byte, the limit would have been met first.
      if (error instanceof StreamError) this.#fail(this.#input.over(limit) ? tooBig(limit) : error)
      else {
        this.#stop()
        throw error
      }
    } finally {
      this.#running = false
    }
  }

  #readAll(): void {
    for (;;) {
      this.#scanner.run()
      if (this.#scanner.halted) return
      this.#scanner.rest()
      if (this.#tree.place === places.closed) {
        this.discard()
        return
      }
      this.#input.finish(this.#limits.stanzaBytes)
      const next = this.#waiting?.shift()
      if (next === undefined) return
      this.#waitingBytes -= next.length + overhead
      this.#input.take(next)
    }
  }

  #fail(error: StreamError): void {
    this.#stop()
    this.#handler.failed(error)
  }

  /** Reads nothing more. */
  #stop(): void {
    this.#failed = this.#scanner.halted = true
    this.discard()
    this.restart()
  }
}
