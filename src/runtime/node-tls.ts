import { constants, createPrivateKey, X509Certificate } from 'node:crypto'
import { isIP, type Socket as NetSocket } from 'node:net'
import {
  type ConnectionOptions,
  connect,
  createSecureContext,
  DEFAULT_CIPHERS,
  type DetailedPeerCertificate,
  type PeerCertificate,
  type SecureContext,
  type SecureContextOptions,
  TLSSocket,
  type TLSSocketOptions,
} from 'node:tls'
import { domainToASCII } from 'node:url'
import { endPoint } from './node-binding.ts'
import type { Certificate, ChannelBindingType, ClientTls, Security, ServerTls, TlsIdentity } from './runtime.ts'

/**
 * For every socket: Node then tells (`drain`) when anything that the kernel did not take at once is gone, and a paused
 * socket keeps one chunk, not 64 KiB. It changes nothing else: what a socket may keep is not Node's business here.
 */
export const highWaterMark = 1

/**
 * No renegotiation on TLS 1.2 (RFC 9325 §3.5). No session tickets: a resumed session would keep a certificate, and so
 * a `tls-server-end-point`, that the server has replaced since. TLS 1.3 would send some all the same, which nobody takes
 * back: only `bin/tls.cnf` can keep OpenSSL from that.
 */
const common: SecureContextOptions = {
  minVersion: 'TLSv1.2',
  secureOptions: constants.SSL_OP_NO_RENEGOTIATION | constants.SSL_OP_NO_TICKET,
}

/**
 * Node's own, but AES with 128 bits first, which TLS 1.3 requires of everybody (RFC 8446 §9.1): its SHA-256 makes the
 * schedule of keys cheaper than the SHA-384 of the other (measured: 5 % of a handshake).
 */
const short = 'TLS_AES_128_GCM_SHA256'
const ciphers = [short, ...DEFAULT_CIPHERS.split(':').filter(name => name !== short)].join(':')

interface Prepared {
  readonly context: SecureContext
  readonly certificate: Certificate
  /** `tls-server-end-point` (RFC 5929 §4): each connection that is shown this certificate has it. */
  readonly endPoint: Uint8Array | undefined
}

/** `Network.identity`: throws a sentence where chain and key are not PEM or do not fit each other. */
export function tlsIdentity(certificate: Certificate): TlsIdentity {
  const leaf = readable('certificate chain', () => new X509Certificate(certificate.chain))
  const key = readable('private key', () => createPrivateKey(certificate.key))
  if (!leaf.checkPrivateKey(key))
    throw new Error('The private key does not belong to the first certificate of the chain.')
  const context = readable('certificate chain', () =>
    createSecureContext({ ...common, ciphers, honorCipherOrder: true, cert: certificate.chain, key: certificate.key }),
  )
  return { context, certificate, endPoint: endPoint(leaf.raw) } satisfies Prepared as unknown as TlsIdentity
}

function readable<T>(what: string, read: () => T): T {
  try {
    return read()
  } catch (error) {
    throw new Error(`The ${what} cannot be used: ${error instanceof Error ? error.message : error}.`, { cause: error })
  }
}

function prepared(identity: TlsIdentity): Prepared {
  return identity as unknown as Prepared
}

/** For handshakes without SNI where no identity is for them: without a certificate they fail, with an alert. */
let nobody: SecureContext | undefined

/** The fatal alert `unrecognized_name` (RFC 6066 §3): Node can only close, or go on with another certificate. */
const unrecognizedName = Buffer.from([21, 3, 3, 0, 2, 2, 112])

/** The identity that a server's socket shows its client. */
const shown = Symbol('shown')
type ServerSocket = TLSSocket & { [shown]?: TlsIdentity | undefined }

/** The server's end of a handshake on a connected socket; `secure` is emitted when it is done. */
export function serverTls(socket: NetSocket, options: ServerTls): TLSSocket {
  const unnamed = options.identity(undefined)
  nobody ??= createSecureContext(common)
  const carrier: ServerSocket = new TLSSocket(socket, {
    isServer: true,
    secureContext: unnamed ? prepared(unnamed).context : nobody,
    // Not asked for in vain: the handshake would stop for it.
    ...(options.names?.length !== 0 && {
      SNICallback: (name, done) => {
        const identity = options.identity(name)
        carrier[shown] = identity
        if (identity) return done(null, prepared(identity).context)
        socket.write(unrecognizedName)
        done(new Error(`nobody here is named ${name}`))
      },
    }),
    ...(options.alpn && { ALPNProtocols: protocolList(options.alpn) }),
    requestCert: options.requestCertificate === true,
    rejectUnauthorized: false,
    highWaterMark,
  } as TLSSocketOptions)
  carrier[shown] = unnamed
  return carrier
}

/** RFC 7301 §3.1: each name behind its length. Node would make the same bytes for each connection. */
function protocolList(names: readonly string[]): Uint8Array {
  let list = protocolLists.get(names)
  if (list === undefined) {
    list = Buffer.concat(names.flatMap(name => [Buffer.of(name.length), Buffer.from(name, 'latin1')]))
    protocolLists.set(names, list)
  }
  return list
}

const protocolLists = new WeakMap<readonly string[], Uint8Array>()

/** The client context that was made last: mostly the next one is the same, and reading authorities costs milliseconds. */
let last: { authorities: string | undefined; identity: TlsIdentity | undefined; context: SecureContext } | undefined

function clientContext({ authorities, identity }: ClientTls): SecureContext {
  if (last?.authorities === authorities && last?.identity === identity && last) return last.context
  const certificate = identity && prepared(identity).certificate
  const context = createSecureContext({
    ...common,
    ...(authorities !== undefined && { ca: authorities }),
    ...(certificate && { cert: certificate.chain, key: certificate.key }),
  })
  last = { authorities, identity, context }
  return context
}

/**
 * The client's end of a handshake on a connected socket; `secureConnect` is emitted when it is done. Never resumes a
 * session: a resumed one shows no certificate to verify. Throws where the name is none.
 */
export function clientTls(socket: NetSocket, options: ClientTls): TLSSocket {
  const address = isIP(options.name) !== 0
  const name = address ? options.name : domainToASCII(options.name)
  if (name === '') throw new Error(`“${options.name}” is not a name that a certificate could prove.`)
  return connect({
    socket,
    secureContext: clientContext(options),
    // RFC 6066 §3: no IP addresses in SNI
    servername: address ? '' : name,
    checkServerIdentity: (_, { raw }) => (proves(raw, name, address) ? undefined : mismatch(raw, name)),
    rejectUnauthorized: options.unverified !== true,
    ...(options.alpn && { ALPNProtocols: [...options.alpn] }),
    highWaterMark,
  } as ConnectionOptions)
}

/** RFC 9525 §6: subject alternative names only, never the common name; a wildcard is a whole leftmost label. */
function proves(certificate: Uint8Array, name: string, address: boolean): boolean {
  const parsed = new X509Certificate(certificate)
  if (address) return parsed.checkIP(name) !== undefined
  return parsed.checkHost(name, { subject: 'never', partialWildcards: false }) !== undefined
}

function mismatch(certificate: Uint8Array, name: string): Error {
  const names = new X509Certificate(certificate).subjectAltName ?? 'none'
  return new Error(`The certificate does not prove the name ${name} (its names: ${names})`)
}

/** All answers there are, made once. */
const bindings = {
  both: ['tls-exporter', 'tls-server-end-point'],
  exporter: ['tls-exporter'],
  endPoint: ['tls-server-end-point'],
  none: [],
} as const satisfies Record<string, readonly ChannelBindingType[]>

/** What a finished handshake can tell, asked from the socket each time: nothing is kept per connection. */
export class NodeSecurity implements Security {
  readonly #socket: TLSSocket
  readonly #server: boolean

  constructor(socket: TLSSocket, role: 'server' | 'client') {
    this.#socket = socket
    this.#server = role === 'server'
  }

  get protocol(): string {
    return this.#socket.getProtocol() ?? 'unknown'
  }

  get cipher(): string {
    return this.#socket.getCipher()?.standardName ?? 'unknown'
  }

  get alpn(): string | undefined {
    return this.#socket.alpnProtocol || undefined
  }

  get serverName(): string | undefined {
    return (this.#server && (this.#socket as { servername?: string | false }).servername) || undefined
  }

  get verified(): boolean {
    return !this.#server && this.#socket.authorized
  }

  get peerChain(): readonly Uint8Array[] {
    const chain: Uint8Array[] = []
    let next: DetailedPeerCertificate | undefined = this.#socket.getPeerCertificate(true) ?? undefined
    // a root is its own issuer
    while (next?.raw && !chain.some(known => Buffer.compare(known, next!.raw) === 0)) {
      chain.push(next.raw)
      next = next.issuerCertificate
    }
    return chain
  }

  get channelBindings(): readonly ChannelBindingType[] {
    const exporter = this.#exports
    if (this.#endPoint === undefined) return exporter ? bindings.exporter : bindings.none
    return exporter ? bindings.both : bindings.endPoint
  }

  /** RFC 9266 §2: on TLS 1.2 there is an exporter only with the extended master secret, which Node does not show. */
  get #exports(): boolean {
    return this.#socket.getProtocol() === 'TLSv1.3'
  }

  get #endPoint(): Uint8Array | undefined {
    const socket: ServerSocket = this.#socket
    if (this.#server) return socket[shown] && prepared(socket[shown]).endPoint
    // not getPeerX509Certificate, which has one only the first time that it is asked (Node 24.21)
    const raw = (socket.getPeerCertificate() as PeerCertificate | null)?.raw
    return raw && endPoint(raw)
  }

  channelBinding(type: ChannelBindingType): Uint8Array | undefined {
    const socket = this.#socket
    if (socket.destroyed) return undefined
    switch (type) {
      case 'tls-exporter':
        // RFC 9266 §2: the context is empty, not absent
        return this.#exports ? socket.exportKeyingMaterial(32, 'EXPORTER-Channel-Binding', Buffer.alloc(0)) : undefined
      case 'tls-server-end-point':
        return this.#endPoint
      case 'tls-unique':
        // COMPAT: RFC 9266 §3 knows it not on TLS 1.3, but clients that use OpenSSL send the client's Finished message all the
        // same. On 1.2 it is not safe without the extended master secret (RFC 7627 §1), nor on a resumed session.
        if (socket.getProtocol() !== 'TLSv1.3' || socket.isSessionReused()) return undefined
        return this.#server ? socket.getPeerFinished() : socket.getFinished()
    }
  }
}
