import { randomBytes } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { connect as connectTcp, type Socket } from 'node:net'
import { connect, createSecureContext, type SecureContext, type TLSSocket } from 'node:tls'
import { escapeText } from '../../src/wire/element.ts'
import { password, type User } from './peer.ts'
import type { ScramHash, ScramKeys } from './scram.ts'

/** Where to connect with direct TLS, and whose certificate to expect. */
export interface Target {
  readonly host: string
  readonly port: number
  readonly authority: string
  /** Whether that port is one for streams without TLS. */
  readonly plain?: boolean
  /** The password of all accounts; of each its own where missing. */
  readonly password?: string
}

const passwordOf = (target: Target, name: string) => target.password ?? password(name)

/** Milliseconds, twice: a process that was stopped for a while has not read what came meanwhile when its timer goes off. */
const patience = [20_000, 10_000]

/** What opens a client's stream. */
export function streamHeader(host: string): string {
  return `<?xml version='1.0'?><stream:stream to='${host}' version='1.0' xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams'>`
}

/**
 * One client stream as text, for load and tests that look at bytes: no XML is read, what is waited for is found by
 * its text. Bytes that come while nobody waits are kept until somebody does, or go to `onData` once that is set.
 */
export class TextStream {
  readonly socket: Socket
  #received = ''
  #wake: (() => void) | undefined
  #failure: Error | undefined
  /** What came at the end of the login: the roster, and presence. */
  fetched = ''
  /** Takes all that comes from now on. */
  onData: ((chunk: Buffer) => void) | undefined

  constructor(socket: Socket) {
    this.socket = socket
    socket.setNoDelay(true)
    socket.on('data', (chunk: Buffer) => {
      if (this.onData) return this.onData(chunk)
      this.#received += chunk.toString('latin1')
      this.#wake?.()
    })
    socket.on('error', error => this.#fail(error))
    socket.on('close', () => this.#fail(new Error(`connection closed; last: ${this.#received.slice(-500)}`)))
  }

  #fail(error: Error): void {
    this.#failure ??= error
    this.#wake?.()
  }

  get failed(): Error | undefined {
    return this.#failure
  }

  /** Writes, then waits until one of the texts has come; what came up to its end. Rejects after 30 seconds of silence. */
  async ask(xml: string, ...answers: readonly string[]): Promise<string> {
    if (xml) this.socket.write(xml)
    for (let late = 0; ; ) {
      for (const answer of answers) {
        const at = this.#received.indexOf(answer)
        if (at < 0) continue
        const end = at + answer.length
        const text = this.#received.slice(0, end)
        this.#received = this.#received.slice(end)
        return text
      }
      if (this.#failure) throw this.#failure
      if (late === patience.length)
        throw new Error(`waited for ${answers.join(' or ')}, received: ${this.#received.slice(-500)}`)
      late = (await this.#more(patience[late]!)) ? 0 : late + 1
    }
  }

  /** Waits until more has come, or so many milliseconds; whether it has. */
  #more(atMost: number): Promise<boolean> {
    return new Promise(resolve => {
      const over = (has: boolean) => {
        clearTimeout(timer)
        this.#wake = undefined
        resolve(has)
      }
      const timer = setTimeout(over, atMost, false)
      this.#wake = () => over(true)
    })
  }

  /** Hands what nobody has waited for, and all that comes from now on, to whoever reads it. */
  divert(take: (chunk: Buffer) => void): void {
    const rest = this.#received
    this.#received = ''
    this.onData = take
    if (rest !== '') take(Buffer.from(rest, 'latin1'))
  }

  /** Opens a stream and reads its features. */
  open(host: string): Promise<string> {
    return this.ask(streamHeader(host), '</stream:features>')
  }

  end(): void {
    this.onData = () => {}
    if (!this.socket.destroyed) this.socket.end('</stream:stream>')
  }
}

/** Made once: it costs a third of a millisecond each time. */
let trusted: { file: string; context: SecureContext } | undefined

/**
 * Connects with TLS 1.3 and verifies the certificate. Keys are agreed on by X25519 with every server: Node would take
 * ML-KEM along where the other end knows it, which costs both ends a tenth of a millisecond, and not all of them do.
 */
export function secureConnection({ host, port, authority }: Target, alpn?: string): Promise<TLSSocket> {
  if (trusted?.file !== authority) {
    const context = createSecureContext({
      ca: readFileSync(authority, 'utf8'),
      minVersion: 'TLSv1.3',
      ecdhCurve: 'X25519',
    })
    trusted = { file: authority, context }
  }
  const options = {
    host: '127.0.0.1',
    port: port,
    servername: host,
    secureContext: trusted.context,
  }
  return new Promise((resolve, reject) => {
    const socket = connect({ ...options, ...(alpn && { ALPNProtocols: [alpn] }) })
    socket.once('error', reject)
    socket.once('secureConnect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

/** Connects as the target wants it: with TLS 1.3, or without. */
export function connection(target: Target, alpn?: string): Promise<Socket> {
  if (!target.plain) return secureConnection(target, alpn)
  return new Promise((resolve, reject) => {
    const socket = connectTcp(target.port, '127.0.0.1')
    socket.once('error', reject)
    socket.once('connect', () => {
      socket.off('error', reject)
      resolve(socket)
    })
  })
}

const saslNamespace = 'urn:ietf:params:xml:ns:xmpp-sasl'

/** Logs in with PLAIN over direct TLS and binds `resource`; resolves when initial presence has been taken. */
export async function logIn(target: Target, name: string, resource: string): Promise<TextStream> {
  const stream = new TextStream(await connection(target, 'xmpp-client'))
  await stream.open(target.host)
  const plain = Buffer.from(`\0${name}\0${passwordOf(target, name)}`).toString('base64')
  const auth = `<auth xmlns='${saslNamespace}' mechanism='PLAIN'>${plain}</auth>`
  const outcome = await stream.ask(auth, '<success', '</failure>')
  if (!outcome.endsWith('<success')) throw new Error(`${name}: ${outcome}`)
  await stream.open(target.host)
  await begin(stream, target, name, resource)
  return stream
}

/**
 * Logs in by SCRAM without channel binding and binds `resource`; resolves when initial presence has been taken. Rejects where the server's signature is wrong.
 */
export async function logInByScram(
  target: Target,
  name: string,
  hash: ScramHash,
  keys: ScramKeys,
  resource = 'bench',
): Promise<TextStream> {
  const stream = await provenByScram(target, name, hash, keys)
  await begin(stream, target, name, resource)
  return stream
}

/** The same up to where a resource can be bound, or a session resumed. */
export async function provenByScram(
  target: Target,
  name: string,
  hash: ScramHash,
  keys: ScramKeys,
): Promise<TextStream> {
  const stream = new TextStream(await connection(target, 'xmpp-client'))
  await stream.open(target.host)
  const first = `n=${name},r=${randomBytes(18).toString('base64')}`
  const initial = Buffer.from(`n,,${first}`).toString('base64')
  const auth = `<auth xmlns='${saslNamespace}' mechanism='SCRAM-${hash}'>${initial}</auth>`
  const challenge = content(await stream.ask(auth, '</challenge>', '</failure>'), 'challenge')
  const { message, signature } = await keys.answer(hash, passwordOf(target, name), first, challenge)
  const response = `<response xmlns='${saslNamespace}'>${Buffer.from(message).toString('base64')}</response>`
  const success = content(await stream.ask(response, '</success>', '</failure>'), 'success')
  if (success !== `v=${signature}`) throw new Error(`${name}: the server's signature is wrong: ${success}`)
  await stream.open(target.host)
  return stream
}

/** The text of an element in base64, decoded. */
function content(xml: string, element: string): string {
  const [, text] = new RegExp(`<${element}[^>]*>([^<]*)</${element}>$`).exec(xml) ?? []
  if (text === undefined) throw new Error(xml.slice(-500))
  return Buffer.from(text, 'base64').toString()
}

/** From the features of the stream after SASL to the end of a login. */
async function begin(stream: TextStream, target: Target, name: string, resource: string): Promise<void> {
  const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>${resource}</resource></bind>`
  const bound = await stream.ask(`<iq type='set' id='bind'>${bind}</iq>`, '</iq>')
  if (!bound.includes(`${name}@${target.host}/${resource}`)) throw new Error(`${name}: ${bound}`)
  const roster = `<iq type='get' id='roster'><query xmlns='jabber:iq:roster'/></iq>`
  // The answer to the last request says that the presence before it has been worked off.
  const ping = `<iq type='get' id='ready' to='${target.host}'><ping xmlns='urn:xmpp:ping'/></iq>`
  stream.fetched = await stream.ask(`${roster}<presence/>${ping}`, `id='ready'`, `id="ready"`)
  // They are asked of two, and the order of their answers is open (RFC 6120 §10.1).
  if (/id=['"]roster['"]/.test(stream.fetched)) return
  stream.fetched += await stream.ask('', `id='roster'`, `id="roster"`)
  stream.fetched += await stream.ask('', '</iq>')
}

/** Makes accounts by in-band registration (XEP-0077), 16 at once; one that exists already is fine. */
export async function registerAll(target: Target, users: readonly User[]): Promise<void> {
  const left = [...users]
  const worker = async () => {
    for (let user = left.pop(); user !== undefined; user = left.pop()) {
      const again = user
      // On a busy machine some give up waiting for their own database.
      await register(target, again).catch(() => register(target, again))
    }
  }
  await Promise.all(Array.from({ length: 16 }, worker))
}

async function register(target: Target, { name, password }: User): Promise<void> {
  const stream = new TextStream(await secureConnection(target, 'xmpp-client'))
  try {
    await stream.open(target.host)
    const fields = `<username>${name}</username><password>${escapeText(password)}</password>`
    const set = `<iq type='set' id='register'><query xmlns='jabber:iq:register'>${fields}</query></iq>`
    // The first empty element is the result itself, or the condition of the error.
    const answer = await stream.ask(set, '/>')
    if (!/type=.result/.test(answer) && !answer.includes('conflict')) throw new Error(`${name}: ${answer}`)
  } finally {
    stream.end()
  }
}
