import type { Element } from '../wire/element.ts'
import type { Stream } from './stream.ts'

/**
 * How far a stream has come: without TLS where there could be some, safe enough to log in, logged in, bound to a
 * resource.
 */
export type Phase = 'plain' | 'secure' | 'authenticated' | 'bound'

/** Something that client and server agree on before stanzas flow, or beside them (RFC 6120 §4.3), as a value. */
export interface StreamFeature {
  readonly registers: 'stream-feature'
  /** Namespace of all elements that belong to it; the server finds it by that. */
  readonly namespace: string
  /** The phases in which it is offered and its elements are taken. */
  readonly when: readonly Phase[]
  /** What stands in `<stream:features/>`, or nothing: the same element each time, where it says the same (see `Composed`). */
  offer(stream: Stream): Element | undefined
  /** What stands there about all that the others offer, made of that. */
  sum?(stream: Stream, others: readonly Element[]): Element | undefined
  /**
   * Takes one of its elements. While the promise is open, nothing else of the stream is read. Throws StreamError where
   * the stream cannot go on.
   */
  take(stream: Stream, element: Element): Promise<void> | undefined
}
