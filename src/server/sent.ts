import type { Envelope } from './envelope.ts'

/** Something that a client was sent. */
export interface Sent {
  /** What goes the undelivered road if it turns out not to have been taken. */
  readonly envelope: Envelope | undefined
  /** Its text, to be written again after a resumption. */
  readonly xml: string
  /** The session had been given everything for it up to this entry of its owner's log. */
  readonly behind: number
}
