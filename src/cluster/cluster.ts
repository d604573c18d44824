/**
 * The verbs of a cluster: several loops that together are one server. One of them is `home`, where all rules run; the
 * others are nodes that carry connections. Features and the core never learn that there are any.
 */

import type { ChannelBindingType } from '../runtime/runtime.ts'

/** One value that crosses. What crosses together is one flat list: a structured clone costs by the object. */
export type Cell = string | number | Uint8Array | object | null

/** What was told within one turn of the loop: it crosses at once. */
export interface Parcel {
  readonly cells: readonly Cell[]
  /** What connections have read, one behind the other. It is moved, not copied. */
  readonly bytes: Uint8Array<ArrayBuffer> | undefined
  /** What is to be written, in the same way: one long string crosses for a third less than many. */
  readonly text: string
}

/** The way to another loop. What is told arrives in the order of telling, or that loop is gone. */
export interface Way {
  /** Never throws. */
  tell(parcel: Parcel): void
}

/** The way to a node. */
export interface Node extends Way {
  /** Moves a connection there, under this number. Throws where it cannot be moved any more. */
  move(number: number, connection: object): void
}

/** What home tells a node: a number of this list, the connection's number, then what is said here. */
export const order = {
  start: 1,
  /** So many characters of the parcel's text, or bytes. */
  write: 2,
  pause: 3,
  resume: 4,
  /** Takes part in a TLS handshake as server (`Handshake`), with the identities of that moment. */
  secure: 5,
  end: 6,
  destroy: 7,
  /** No connection: `Identities` from now on. */
  identities: 8,
  /** No connection: so many bytes have been read at home. */
  heard: 9,
} as const

/** What a node tells home, in the same way. */
export const notice = {
  /** So many bytes of the parcel's. */
  read: 1,
  /** The kernel has taken so much of all that was written. */
  taken: 2,
  /** No more bytes come; why, or null. */
  ended: 3,
  /** What the handshake has agreed on (`Agreed`). */
  secured: 4,
  /** Why the handshake has failed. */
  refused: 5,
} as const

/** How a node takes part in a handshake (see `ServerTls`). */
export interface Handshake {
  readonly alpn: readonly string[] | undefined
  readonly requestCertificate: boolean
  readonly timeout: number | undefined
}

/** Which certificate is shown to whom, by numbers that home has given; 0 is none. */
export interface Identities {
  readonly unnamed: number
  readonly named: readonly (readonly [name: string, number: number])[]
  /** Those that the node does not have yet. */
  readonly certificates: readonly { readonly number: number; readonly chain: string; readonly key: string }[]
}

/** What a finished handshake can tell, as values (see `Security`). */
export interface Agreed {
  readonly protocol: string
  readonly cipher: string
  readonly alpn: string | undefined
  readonly serverName: string | undefined
  readonly peerChain: readonly Uint8Array[]
  readonly channelBindings: readonly ChannelBindingType[]
  readonly bindings: Readonly<Record<string, Uint8Array | undefined>>
}
