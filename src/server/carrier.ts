import type { StreamError } from '../wire/errors.ts'

/** How a session's stanzas get to its client. */
export interface Carrier {
  /** Language of the stream, for stanzas that name none (RFC 6120 §8.1.5). */
  readonly lang: string | undefined
  /** Bytes written and not yet taken by the other end. */
  readonly pending: number
  /** `patient`: it may wait some milliseconds for more, where there is much of that kind. */
  write(xml: string, patient?: boolean): void
  pause(): void
  resume(): void
  /** Ends the stream with this error. */
  fail(error: StreamError): void
  /** Ends the connection at once: its reader does not read. */
  abandon(reason: string): void
}
