import type { Address, ChannelBindingType, ClientTls, ServerTls } from '../runtime/runtime.ts'
import type { Element } from '../wire/element.ts'
import type { StreamError } from '../wire/errors.ts'
import type { Limits } from '../wire/limits.ts'

export type { Limits }

/** What opens a stream, whatever the framing: `<stream:stream>`, or RFC 7395's `<open/>`. */
export interface StreamHeader {
  readonly to?: string | undefined
  readonly from?: string | undefined
  readonly id?: string | undefined
  /** `1.0`; missing on streams older than RFC 3920. */
  readonly version?: string | undefined
  readonly lang?: string | undefined
  /** Namespace of the content; `jabber:client` unless it is another kind of stream. */
  readonly content?: string | undefined
}

/** Whoever reads a stream: one object a stream, its methods called in the order of the wire. */
export interface StreamReader {
  opened(header: StreamHeader): void
  /** One complete first-level child. */
  element(element: Element): void
  /** The peer closed its stream in good order; ours may still be written. */
  closed(): void
  /** What came breaks XML, RFC 6120 or a limit. Nothing more will be read; the link can still be written and closed. */
  failed(error: StreamError): void
  /** The carrier is gone; `error` tells why where it was not in good order. Called once, last. */
  ended(error?: Error): void
  /** All that was written has been taken by our own kernel (`pending` is 0): behind a flush, or later. */
  drained?(): void
}

/** One XML stream over one carrier: framing, batching and limits are its business, meaning is not. */
export interface Link {
  readonly peer: Address
  /** How the stream travels: `tcp`, `tls` (direct), `websocket`, `memory` … for logs and policy. */
  readonly carrier: string
  readonly encrypted: boolean
  /** Whether it has been encrypted from its first byte. */
  readonly direct: boolean
  /** Whether `secure` can be asked for (STARTTLS); false once it is encrypted or where the carrier does not do that. */
  readonly upgradable: boolean
  /** The channel bindings that servers may announce, of those that it has (see `Security.channelBindings`). */
  readonly channelBindings: readonly ChannelBindingType[]
  /** Data for a channel binding, or undefined. */
  channelBinding(type: ChannelBindingType): Uint8Array | undefined
  /** What we wrote and our own kernel has not taken: bytes, where each character that still waits counts as one. */
  readonly pending: number
  start(reader: StreamReader): void
  open(header: StreamHeader): void
  /**
   * Queues one first-level child as canonical XML relative to `jabber:client` (`element.xml(ns.client)`), or as
   * `streamElement` makes it; all that is queued in one turn of the loop is written at once. What is `patient` may wait
   * some milliseconds longer, where many links have such (`FlushList`).
   */
  write(xml: string, patient?: boolean): void
  /** The next bytes are a new stream (RFC 6120 §4.3.3); what came behind the last element is read as its begin. */
  restart(): void
  /** Changes how much an element may have: more after login than before. */
  limit(limits: Partial<Limits>): void
  /** STARTTLS: flushes, then hands the carrier to TLS. Rejects, with the link gone, when the handshake fails. */
  secure(options: ServerTls | ClientTls): Promise<void>
  /** Stops reading; the peer feels it as back pressure. */
  pause(): void
  resume(): void
  /**
   * Ends the stream in good order (RFC 6120 §4.4): what is queued, then the closing tag; the carrier goes when the peer
   * has closed its stream too, or some seconds later. Until then elements still come.
   */
  close(): void
  /** Lets go of the carrier at once; what is queued is lost. */
  destroy(): void
}
