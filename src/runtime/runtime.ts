/**
 * Everything that is not deterministic comes in through here: time, randomness, cryptography's slow parts, sockets
 * and disk. `node.ts` is the real one, `simulated.ts` the one with a virtual clock and a seed.
 */
export interface Runtime {
  readonly clock: Clock
  readonly timers: Timers
  readonly random: Random
  readonly crypto: Crypto
  readonly network: Network
  readonly disk: Disk
}

export interface Clock {
  /** Milliseconds since 1970, as a wall clock shows it: may jump. */
  now(): number
  /** Milliseconds since some moment; never goes back. */
  elapsed(): number
}

declare const timer: unique symbol
/** A handle that only `cancel` understands. */
export type Timer = { readonly [timer]: true }

export interface Timers {
  /** Calls `fn` once after so many milliseconds. A pending timer does not keep the process alive. */
  after(milliseconds: number, fn: () => void): Timer
  cancel(timer: Timer | undefined): void
  /** Calls `fn` once, after everything that can be read now has been read: the end of this turn of the loop. */
  turn(fn: () => void): void
}

export interface Random {
  bytes(count: number): Uint8Array
  /** A fresh identifier of 24 characters of base64url: unguessable, and safe in any attribute. */
  id(): string
}

export type HashName = 'sha-1' | 'sha-256' | 'sha-512' | 'sha3-256' | 'sha3-512' | 'blake2b-256' | 'blake2b-512'

/** Cryptography's arithmetic: a browser answers with promises, Node at once where that is cheap. */
export interface Crypto {
  hash(name: HashName, data: Uint8Array): Uint8Array | Promise<Uint8Array>
  hmac(name: HashName, key: Uint8Array, data: Uint8Array): Uint8Array | Promise<Uint8Array>
  /** Off the main loop: takes milliseconds. */
  pbkdf2(
    name: HashName,
    password: Uint8Array,
    salt: Uint8Array,
    iterations: number,
    length: number,
  ): Promise<Uint8Array>
  /** Equal or not, in a time that does not tell where they differ. */
  equal(a: Uint8Array, b: Uint8Array): boolean
}

export interface Network {
  /** Rejects with a sentence for the operator where the address cannot be had. */
  listen(address: Address, accept: (socket: Socket) => void): Promise<Listener>
  connect(address: Address): Promise<Socket>
  /** Makes a certificate ready for handshakes. Throws a sentence for the operator where key and chain do not fit. */
  identity(certificate: Certificate): TlsIdentity
}

export interface Address {
  readonly host: string
  /** 0 lets the system choose; the listener tells which. */
  readonly port: number
}

export interface Listener {
  readonly address: Address
  close(): Promise<void>
}

/** Whoever reads a socket. One object a socket, no closures. */
export interface SocketReader {
  /** The chunk is only lent: whoever keeps bytes past this call copies them. */
  read(chunk: Uint8Array): void
  /**
   * No more bytes come; `error` tells why where it was not in good order. Called once, whoever caused it. Without an
   * error the other end may still be reading: what is written arrives, until `end` or `destroy`, one of which is due.
   */
  ended(error?: Error): void
  /** What the kernel did not take when it was written has been taken since: nothing is pending any more. */
  drained?(): void
}

/** An ordered pair of byte streams. Its errors arrive at `ended`; none ever ends the process. */
export interface Socket {
  /** The other end's address, for logs and limits. */
  readonly peer: Address
  readonly security: Security | undefined
  /**
   * What was given to `write` and our own kernel has not taken yet: bytes, where a string's characters count as one
   * each (its bytes are known only once it is written). What is written to a connection that is broken is never taken.
   */
  readonly pending: number
  /** Starts reading. Reading begins paused: nothing is lost before. */
  start(reader: SocketReader): void
  /** Written at once, in order; a string as UTF-8. Never waits and never throws: see `pending`. */
  write(data: string | Uint8Array): void
  pause(): void
  resume(): void
  /**
   * Turns this socket into the TLS end of a handshake, as server or as client. Bytes that were read before are
   * dropped (RFC 6120 §5.4.3.3). Resolves when the handshake is done; rejects, and the socket is gone, when it fails
   * or takes longer than `timeout` milliseconds. Nothing is read before whoever waits for the promise has run.
   */
  secure(options: ServerTls | ClientTls): Promise<void>
  /** Writes what waits, says that no more comes, and lets go when the other end agrees or after a while. */
  end(): void
  /** Lets go at once. */
  destroy(): void
}

/** A host's certificate chain and key in PEM. */
export interface Certificate {
  readonly chain: string
  readonly key: string
}

export interface ServerTls {
  readonly role: 'server'
  /** The identity for a name asked by SNI (undefined when none was asked); undefined refuses the handshake. */
  identity(name: string | undefined): TlsIdentity | undefined
  /** The names for which `identity` has an answer of its own; where given, all others are answered as no name is. */
  readonly names?: readonly string[]
  readonly alpn?: readonly string[]
  readonly requestCertificate?: boolean
  /** Milliseconds for the whole handshake; 30 seconds unless told. */
  readonly timeout?: number
}

export interface ClientTls {
  readonly role: 'client'
  /** The name that the certificate must prove (RFC 9525): a domain, in Unicode or not, or an IP address. */
  readonly name: string
  /** Goes on where the certificate does not prove the name; `Security.verified` tells. Else the handshake fails. */
  readonly unverified?: boolean
  /** Authorities to trust instead of the system's, PEM. */
  readonly authorities?: string
  readonly identity?: TlsIdentity
  readonly alpn?: readonly string[]
  /** Milliseconds for the whole handshake; 30 seconds unless told. */
  readonly timeout?: number
}

declare const identity: unique symbol
/** A certificate and key made ready once by `Network.identity`, used by many handshakes. */
export type TlsIdentity = { readonly [identity]: true }

/** What a finished handshake can tell. */
export interface Security {
  /** `TLSv1.2` or `TLSv1.3`. */
  readonly protocol: string
  readonly cipher: string
  readonly alpn: string | undefined
  /** The name asked by SNI, on a server. */
  readonly serverName: string | undefined
  /** The peer's certificate chain, leaf first, DER; empty where it showed none. */
  readonly peerChain: readonly Uint8Array[]
  /**
   * On a client: whether the chain was verified against the authorities, and the name. On a server always false:
   * whoever trusts a client's certificate verifies `peerChain` itself.
   */
  readonly verified: boolean
  /**
   * The types that servers may announce of those that this connection has: known without reckoning any, and for the same
   * types the same array.
   */
  readonly channelBindings: readonly ChannelBindingType[]
  /** Data for a channel binding, or undefined where this connection cannot have it (RFC 9266 §2, RFC 5929 §4). */
  channelBinding(type: ChannelBindingType): Uint8Array | undefined
}

export type ChannelBindingType = 'tls-exporter' | 'tls-server-end-point' | 'tls-unique'

export interface Disk {
  /** The file's text, or undefined where there is none. */
  read(path: string): Promise<string | undefined>
  /** Replaces the file in one step: a reader sees the old or the new text, never half. Makes the folders it needs. */
  write(path: string, text: string, options?: { mode?: number }): Promise<void>
  /** Calls `changed` some moments after any of the files changed; returns how to stop. */
  watch(paths: readonly string[], changed: () => void): () => void
}
