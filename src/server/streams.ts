import type { Link } from '../link/link.ts'
import type { Crypto, Runtime, ServerTls, Timer, Timers } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { StanzaError, StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import { authentication, channelBindings } from './authentication.ts'
import { binding, endings } from './binding.ts'
import { Envelope } from './envelope.ts'
import { Failures } from './failures.ts'
import type { Host } from './host.ts'
import type { Log } from './log.ts'
import { Offers } from './offers.ts'
import type { Rations } from './rations.ts'
import type { Road } from './road.ts'
import type { Sent } from './sent.ts'
import type { Session } from './session.ts'
import type { Config } from './settings.ts'
import { starttls } from './starttls.ts'
import { Stream } from './stream.ts'
import { Unsent } from './unsent.ts'

/** XEP-0368 §4 */
const protocols = ['xmpp-client'] as const

/** How long a client may take to answer a ping before it counts as gone, in milliseconds. */
const pingPatience = 60_000

/** How long a session is kept for its client. */
interface Patience {
  readonly timer: Timer
  /** By the clock that never goes back. */
  readonly until: number
}

/** All client streams of a server: what they share, how many there may be, and what happens when one ends. */
export class Streams {
  /** As it is in effect now: whoever needs a setting reads it when it is needed. */
  config: Config
  readonly timers: Timers
  readonly crypto: Crypto
  readonly road: Road
  readonly log: Log
  /** For lines that others can provoke as often as they like. */
  readonly rations: Rations
  readonly failures: Failures
  /** What waits for slow readers. */
  readonly unsent: Unsent
  readonly offers = new Offers([starttls, authentication, channelBindings, binding])
  readonly #runtime: Runtime
  readonly #hosts: ReadonlyMap<string, Host>
  readonly #all = new Set<Stream>()
  /** Those whose carrier is still there, ended streams included. */
  readonly #carried = new Set<Stream>()
  #allGone: (() => void) | undefined
  /** Sessions whose clients may come back, and until when. */
  readonly #waiting = new Map<Session, Patience>()
  /** Sessions that are over while something that they sent still has its way to go. */
  readonly leaving = new Set<Session>()
  /** Streams that are not read any more, because the server ends and their sessions do not. */
  readonly #halted: Stream[] = []
  /** What whoever still comes is told: the server ends. */
  #ending: StreamError | undefined
  /** Whether a snapshot was taken: no session ends any more. */
  #frozen = false
  readonly #addresses = new Map<string, number>()
  /** How many have logged in and bound a resource since the start. */
  logins = 0
  #notLoggedIn = 0
  #count = 0
  #sweeping: Timer | undefined

  constructor(
    config: Config,
    runtime: Runtime,
    hosts: ReadonlyMap<string, Host>,
    road: Road,
    log: Log,
    rations: Rations,
  ) {
    this.config = config
    this.rations = rations
    this.timers = runtime.timers
    this.crypto = runtime.crypto
    this.road = road
    this.log = log
    this.#runtime = runtime
    this.#hosts = hosts
    this.unsent = new Unsent(runtime.timers, {
      limits: () => this.config.limits,
      readers: () => this.#sessions(),
      relieved: (closed, bytes) => this.log('warn', 'too much waited for slow readers', { bytes, closed }),
    })
    this.failures = new Failures(
      () => runtime.clock.elapsed(),
      () => this.config.login.failuresForgotten,
      key => this.config.login[key.startsWith('address ') ? 'failuresPerAddress' : 'failuresPerAccount'],
    )
  }

  /** How TLS begins, with the settings of this moment. */
  get tls(): ServerTls {
    return {
      role: 'server',
      // A client may ask for the name of an SRV target; what counts is the stream's `to`.
      identity: name => (this.#hosts.get(name ?? '') ?? this.defaultHost).identity,
      names: this.#hosts.size === 1 ? [] : [...this.#hosts.keys()],
      alpn: protocols,
      timeout: this.config.timeouts.handshake,
    }
  }

  all(): Iterable<Stream> {
    return this.#all
  }

  /** Ends all streams of a host, however far they have come. */
  endAll(host: Host, error: StreamError): void {
    for (const stream of [...this.#all]) if (stream.host === host) stream.fail(error)
  }

  get size(): number {
    return this.#all.size
  }

  get defaultHost(): Host {
    return this.#hosts.values().next().value!
  }

  /** The host that a stream header asks for, or undefined. */
  host(to: string): Host | undefined {
    const jid = Jid.tryParse(to)
    return jid?.full === jid?.domain ? this.#hosts.get(jid?.domain ?? '') : undefined
  }

  id(): string {
    return this.#runtime.random.id()
  }

  /** Milliseconds since 1970. */
  now(): number {
    return this.#runtime.clock.now()
  }

  random(count: number): Uint8Array {
    return this.#runtime.random.bytes(count)
  }

  /** Whether one more connection from this address is within the limits; counts it if so. See `release`. */
  admit(address: string): boolean {
    const { connectionsPerAddress, connectionsBeforeLogin } = this.config.limits
    const count = this.#addresses.get(address) ?? 0
    if (count >= connectionsPerAddress || this.#notLoggedIn >= connectionsBeforeLogin) {
      const sentence = 'connection refused: too many'
      if (this.rations.grants('warn', sentence, address)) {
        this.log('warn', sentence, { peer: address, fromThisAddress: count, notLoggedIn: this.#notLoggedIn })
      }
      return false
    }
    this.#addresses.set(address, count + 1)
    this.#notLoggedIn++
    return true
  }

  /** An admitted connection ended before it had a stream. */
  release(address: string): void {
    this.#notLoggedIn--
    this.#leave(address)
  }

  /** Serves a client on this link, which `admit` has let in. */
  accept(link: Link): Stream {
    const stream = new Stream(link, this, `c${++this.#count}`)
    this.#all.add(stream)
    this.#carried.add(stream)
    link.start(stream)
    // Its handshake began before the end did.
    if (this.#ending !== undefined) stream.fail(this.#ending)
    return stream
  }

  loggedIn(_stream: Stream): void {
    this.#notLoggedIn--
    this.logins++
  }

  /** The carrier of a stream is gone. */
  gone(stream: Stream): void {
    this.#carried.delete(stream)
    if (this.#carried.size === 0) this.#allGone?.()
  }

  /** A stream is over; its session may stay where it is `resumable` and the stream did not end in good order. */
  ended(stream: Stream, resumable: boolean): void {
    if (!this.#all.delete(stream)) return
    this.#leave(stream.link.peer.host)
    const { session } = stream
    if (session === undefined) {
      if (!stream.wasReplaced) this.#notLoggedIn--
    } else if (resumable && session.resumable) this.#keep(session)
    else this.endSession(session)
  }

  /** XEP-0198 §7: a session whose stream is unfinished stays for a while, and nobody sees it leave. */
  #keep(session: Session): void {
    session.detach()
    // What was not counted cannot be written again.
    this.#undelivered(session.outbox.takeBefore())
    this.log('info', 'session waits for its client', { who: session.jid.full })
    this.keep(session, session.managed!.counts.resumable)
  }

  /** Keeps a session without a stream for so many milliseconds; its client may resume it. */
  keep(session: Session, milliseconds: number): void {
    const timer = this.timers.after(milliseconds, () => this.endSession(session))
    this.#waiting.set(session, { timer, until: this.#runtime.clock.elapsed() + milliseconds })
  }

  /** A session that is still connected leaves its stream, and waits for its client. */
  detach(session: Session): void {
    if (!session.attached) return
    for (const stream of this.#all) if (stream.session === session) stream.replaced()
    this.#keep(session)
  }

  /** A session that waited for its client goes on in this stream. */
  resumed(session: Session, stream: Stream): void {
    this.timers.cancel(this.#waiting.get(session)?.timer)
    this.#waiting.delete(session)
    stream.bound(session)
    this.log('info', 'session resumed', { who: session.jid.full, stream: stream.name })
  }

  /** A session is over: contacts see it leave, and what its client did not take goes the undelivered road. */
  endSession(session: Session): void {
    if (session.ended || this.#frozen) return
    session.ended = true
    this.timers.cancel(this.#waiting.get(session)?.timer)
    this.#waiting.delete(session)
    session.streamEnded()
    const { owner } = session
    owner.sessions = owner.sessions.filter(one => one !== session)
    // RFC 6121 §4.5.2: however it ended; what it said last may still wait for its turn.
    if (session.seen || !session.turns.idle) {
      const stanza = new Element('presence', ns.client, ['from', session.jid.full, 'type', 'unavailable'])
      this.road.send(new Envelope(stanza, 'presence', 'unavailable', session.jid, undefined, owner, session))
    }
    if (session.settled() !== undefined || !session.turns.idle) {
      this.leaving.add(session)
      // What it says last, that it leaves, is behind all that it said.
      session.turns
        .through()
        .then(() => session.settled())
        .then(() => this.leaving.delete(session))
    }
    owner.host.shared.requests.gone(session.jid)
    try {
      for (const end of owner.host.extensions(endings)) end(session)
    } finally {
      this.#undelivered(session.outbox.take())
      this.log('info', 'session ended', { who: session.jid.full })
    }
  }

  #undelivered(all: readonly Sent[]): void {
    for (const { envelope } of all) if (envelope !== undefined) this.road.undeliverable(envelope)
  }

  *#sessions(): Iterable<Session> {
    for (const host of this.#hosts.values()) for (const owner of host.owners.all()) yield* owner.sessions
  }

  /** Looks after idle streams and owners from now on, until `stop`. */
  start(): void {
    this.#sweeping = this.timers.after(this.config.timeouts.idle, () => {
      this.#sweep()
      this.start()
    })
  }

  /** Ends all streams with this error; resolves when their connections are gone, or after so many milliseconds. */
  async stop(error: StreamError, patience: number): Promise<void> {
    this.timers.cancel(this.#sweeping)
    this.#ending = error
    for (const stream of this.#halted.splice(0)) this.#carried.add(stream)
    for (const stream of [...this.#all]) stream.fail(error)
    for (const session of [...this.#waiting.keys()]) this.endSession(session)
    await this.departed(patience)
  }

  /** Reads nothing more: whose session may be resumed hears nothing of it, all others are told this error. */
  halt(error: StreamError): void {
    this.timers.cancel(this.#sweeping)
    this.#ending = error
    for (const stream of [...this.#all]) {
      if (stream.session?.resumable !== true) {
        stream.fail(error)
        continue
      }
      stream.halt()
      this.#carried.delete(stream)
      this.#halted.push(stream)
    }
  }

  /**
   * Sessions that may be resumed, and for how many milliseconds from now. They are as they are until `thaw`: nothing more
   * is written to their clients, and none of them ends.
   */
  freeze(): ReadonlyMap<Session, number> {
    this.#frozen = true
    const kept = new Map<Session, number>()
    for (const { session } of this.#all) {
      if (session?.resumable !== true) continue
      kept.set(session, session.managed!.counts.resumable)
      session.detach()
    }
    const now = this.#runtime.clock.elapsed()
    for (const [session, { timer, until }] of this.#waiting) {
      this.timers.cancel(timer)
      kept.set(session, Math.max(0, Math.ceil(until - now)))
    }
    return kept
  }

  /** What `freeze` gave is of no use: sessions end as ever. */
  thaw(): void {
    this.#frozen = false
  }

  /** Lets go of halted streams without closing them: for their clients the connection breaks, and they come back. */
  cut(): void {
    for (const stream of this.#halted.splice(0)) {
      this.#all.delete(stream)
      stream.link.destroy()
    }
  }

  /** Resolves when the connections of all that were told to end are gone; what is left after so many milliseconds is cut. */
  async departed(patience: number): Promise<void> {
    if (this.#carried.size === 0) return
    await new Promise<void>(done => {
      const timer = this.timers.after(patience, () => {
        for (const stream of this.#carried) stream.link.destroy()
        done()
      })
      this.#allGone = () => {
        this.timers.cancel(timer)
        done()
      }
    })
  }

  /** Who was silent for the whole idle time is asked whether it is still there; no answer, and it is not. */
  #sweep(): void {
    for (const stream of this.#all) {
      const { session } = stream
      if (session !== undefined && !stream.heard) this.#ask(stream, session)
      stream.heard = false
    }
    for (const host of this.#hosts.values()) {
      host.owners.sweep()
      for (const chore of host.chores) chore.run()
    }
  }

  #ask(stream: Stream, session: Session): void {
    const ping = new Element('ping', 'urn:xmpp:ping')
    session.owner.host.request(session, 'get', ping, pingPatience).catch(error => {
      // RFC 6120 §4.9.3.3; an error for an answer is an answer.
      if (error instanceof StanzaError && error.condition !== 'remote-server-timeout') return
      if (session.resumable) stream.abandon('silence')
      else stream.fail(new StreamError('connection-timeout', 'Nothing was heard for too long.'))
    })
  }

  #leave(address: string): void {
    const count = (this.#addresses.get(address) ?? 1) - 1
    if (count === 0) this.#addresses.delete(address)
    else this.#addresses.set(address, count)
  }
}
