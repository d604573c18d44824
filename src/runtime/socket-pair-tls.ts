import type {
  Certificate,
  ChannelBindingType,
  ClientTls,
  Random,
  Security,
  ServerTls,
  Timer,
  TlsIdentity,
} from './runtime.ts'

/** The client's first word. */
export interface Hello {
  readonly word: 'hello'
  readonly name: string
  readonly alpn: readonly string[] | undefined
  readonly identity: TlsIdentity | undefined
}

/** The server's answer: both ends have all they need. */
export interface Welcome {
  readonly word: 'welcome'
  readonly chain: string
  readonly alpn: string | undefined
  readonly secret: Uint8Array
}

/** The server's no. */
export interface Refusal {
  readonly word: 'refusal'
  readonly reason: string
}

interface Outcome {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
  readonly timer: Timer
}

interface Step {
  readonly answer?: Welcome | Refusal
  readonly refused?: string
  readonly security?: Security
}

const encoder = new TextEncoder()

/** One end of a handshake that only exchanges names: nothing is encrypted, but both ends know what real TLS would tell. */
export class Handshake {
  readonly outcome: Outcome
  readonly #options: ServerTls | ClientTls

  constructor(options: ServerTls | ClientTls, outcome: Outcome) {
    this.#options = options
    this.outcome = outcome
  }

  /** What the client begins with. */
  hello(): Hello | undefined {
    const options = this.#options
    if (options.role === 'server') return undefined
    return { word: 'hello', name: options.name, alpn: options.alpn, identity: options.identity }
  }

  take(item: Hello | Welcome | Refusal, random: Random): Step {
    const options = this.#options
    if (item.word === 'refusal') return { refused: item.reason }
    if (options.role === 'server')
      return item.word === 'hello' ? greet(options, item, random) : { refused: 'two servers' }
    return item.word === 'welcome' ? trust(options, item) : { refused: 'two clients' }
  }
}

function greet(options: ServerTls, hello: Hello, random: Random): Step {
  // an IP address is not sent as SNI (RFC 6066 §3)
  const name = /^[\d.]+$|:/.test(hello.name) ? undefined : hello.name
  const identity = options.identity(name)
  if (!identity) return refuse(`nobody here is named ${name}`)
  const alpn = hello.alpn && options.alpn?.find(protocol => hello.alpn!.includes(protocol))
  if (hello.alpn && options.alpn && alpn === undefined) return refuse('no application protocol')
  const welcome: Welcome = { word: 'welcome', chain: certificate(identity).chain, alpn, secret: random.bytes(32) }
  const shown = options.requestCertificate && hello.identity ? [certificate(hello.identity).chain] : []
  return { answer: welcome, security: security(welcome, shown, false, name) }
}

function refuse(reason: string): Step {
  return { answer: { word: 'refusal', reason }, refused: reason }
}

/** Names are not checked: a simulated certificate is just its text. */
function trust(options: ClientTls, welcome: Welcome): Step {
  const verified = options.authorities === undefined || options.authorities.includes(welcome.chain.trim())
  if (!verified && options.unverified !== true) return { refused: 'self-signed certificate' }
  return { security: security(welcome, [welcome.chain], verified, undefined) }
}

function certificate(identity: TlsIdentity): Certificate {
  return (identity as unknown as { certificate: Certificate }).certificate
}

function security(welcome: Welcome, chain: string[], verified: boolean, serverName: string | undefined): Security {
  return {
    protocol: 'TLSv1.3',
    cipher: 'TLS_AES_128_GCM_SHA256',
    alpn: welcome.alpn,
    serverName,
    peerChain: chain.map(text => encoder.encode(text)),
    verified,
    channelBindings: bindings,
    channelBinding: type => binding(type, welcome.secret, welcome.chain),
  }
}

const bindings: readonly ChannelBindingType[] = ['tls-exporter', 'tls-server-end-point']

/** The same at both ends, another one on each connection; the end point another one for each certificate. */
function binding(type: ChannelBindingType, secret: Uint8Array, chain: string): Uint8Array | undefined {
  if (type === 'tls-exporter') return secret.slice()
  if (type !== 'tls-server-end-point') return undefined
  const folded = new Uint8Array(32)
  for (const [i, byte] of encoder.encode(chain).entries()) folded[i % 32] = (folded[i % 32]! * 31 + byte) & 255
  return folded
}

/** What both ends of a connection know that was encrypted before anybody looked. */
export function securityOf(secret: Uint8Array): Security {
  return security({ word: 'welcome', chain: '', alpn: undefined, secret }, [], true, undefined)
}
