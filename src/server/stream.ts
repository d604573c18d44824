import { streamElement } from '../link/framing.ts'
import type { Link, StreamHeader, StreamReader } from '../link/link.ts'
import type { Timer } from '../runtime/runtime.ts'
import { StorageError } from '../storage/storage.ts'
import type { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import type { Announced } from '../wire/sasl/downgrade.ts'
import type { Carrier } from './carrier.ts'
import { kindOf } from './envelope.ts'
import type { Host } from './host.ts'
import type { LogFacts, LogLevel } from './log.ts'
import type { Attempt } from './login.ts'
import type { Session } from './session.ts'
import type { Phase, StreamFeature } from './stream-feature.ts'
import type { Streams } from './streams.ts'

/**
 * One client's stream (RFC 6120): it opens, its features are negotiated one by one, then it carries the stanzas of a
 * session. What may happen when is in the features themselves (`starttls.ts`, `authentication.ts`, `binding.ts`).
 */
export class Stream implements StreamReader, Carrier {
  readonly link: Link
  /** What its session writes while that has to wait. */
  #held: string[] | undefined
  readonly streams: Streams
  /** A short name for the log. */
  readonly name: string
  /** Set by the first header; it never changes after that. */
  host: Host | undefined
  /** The account's localpart, once it is proven. */
  username: string | undefined
  session: Session | undefined
  /** The device that the client proved or said to be when it logged in (DESIGN 6), by its `deviceName`: a SASL2 user agent; undefined for others. */
  device: string | undefined
  /** What was tried to log in with, until it is. */
  attempt: Attempt | undefined
  /** What the client was last told that it can log in with, until it has (XEP-0474). */
  announced: Announced | undefined
  /** The bare JID that the header names, before anything is proven: a hint (RFC 6120 §4.7.1). */
  from: Jid | undefined
  /** The namespace of a negotiation during which nothing else may be said. */
  exclusive: string | undefined
  lang: string | undefined
  /** When it began, in milliseconds since 1970. */
  readonly began: number
  /** Whether anything came since the last look (see `Streams.sweep`). */
  heard = true
  #open = false
  #over = false
  #busy = false
  #replaced = false
  #halted = false
  #deadline: Timer | undefined

  constructor(link: Link, streams: Streams, name: string) {
    this.link = link
    this.streams = streams
    this.name = name
    this.began = streams.now()
    this.#deadline = streams.timers.after(streams.config.timeouts.login, () => {
      this.fail(new StreamError('connection-timeout', 'Login took too long.'))
    })
  }

  get phase(): Phase {
    if (this.session !== undefined) return 'bound'
    if (this.username !== undefined) return 'authenticated'
    return this.link.encrypted || !this.streams.config.tls.required || !this.link.upgradable ? 'secure' : 'plain'
  }

  opened(header: StreamHeader): void {
    this.#try(() => {
      this.heard = true
      this.lang = header.lang
      const host = header.to === undefined ? undefined : this.streams.host(header.to)
      this.#openOurs(header, host)
      // RFC 6120 §4.8.1, §4.9.3.10: the content namespace decides what kind of stream it is.
      if (header.content !== undefined && header.content !== ns.client) throw new StreamError('invalid-namespace')
      // RFC 6120 §4.7.5: only 1.x can be spoken here.
      if (header.version === undefined || !header.version.startsWith('1.')) throw new StreamError('unsupported-version')
      if (host === undefined) throw new StreamError('host-unknown')
      // RFC 6120 §4.9.3.5
      if (!host.served) throw new StreamError('host-gone')
      if (this.host !== undefined && this.host !== host)
        throw new StreamError('host-unknown', 'The host cannot change.')
      this.host = host
      this.#checkFrom(host, header.from)
      this.offer()
    })
  }

  element(element: Element): void {
    if (this.#over || this.#halted) return
    this.heard = true
    const { session } = this
    if (session !== undefined && element.namespace === ns.client) {
      try {
        session.receive(element)
      } catch (error) {
        this.#failed(error)
      }
      return
    }
    this.#step(element)
  }

  /** A method of its own, so that stanzas make no closures. */
  #step(element: Element): void {
    this.#try(() => this.#negotiate(element))
  }

  /** The client has closed its stream: so do we (RFC 6120 §4.4). */
  closed(): void {
    if (this.#halted) return
    this.log('debug', 'stream closed by the client')
    // RFC 6120 §4.4: it reads on until our closing tag, and so takes what was written before that.
    this.drained()
    this.link.close()
    // XEP-0198 §7: who closes in good order does not come back for more.
    this.#end(false)
  }

  failed(error: StreamError): void {
    this.fail(error)
  }

  ended(error?: Error): void {
    this.log('debug', 'connection gone', { reason: error?.message })
    this.#end(true)
    this.streams.gone(this)
  }

  /** All that was written has been taken by the kernel: without XEP-0198 that is all one can know. */
  drained(): void {
    if (this.#held === undefined) this.session?.drained()
  }

  /** Whether the connection is gone, or about to be. */
  get gone(): boolean {
    return this.#over
  }

  get pending(): number {
    const { pending } = this.link
    return this.#held === undefined ? pending : this.#held.reduce((sum, xml) => sum + xml.length, pending)
  }

  /** Writes canonical XML of a first-level element. */
  write(xml: string, patient?: boolean): void {
    if (this.#held === undefined) this.link.write(xml, patient)
    else this.#held.push(xml)
  }

  /** From now on what is written waits for `release`, but for what is said on the link itself: a session begins, and its client has not heard of it. */
  hold(): void {
    this.#held ??= []
  }

  /** What waited is written, and nothing waits any more. */
  release(): void {
    const held = this.#held ?? []
    this.#held = undefined
    for (const xml of held) this.link.write(xml)
  }

  pause(): void {
    this.link.pause()
  }

  resume(): void {
    if (!this.#busy && !this.#halted) this.link.resume()
  }

  /** Reads nothing more from its client: what still comes has not been seen. */
  halt(): void {
    this.#halted = true
    this.link.pause()
  }

  /** Says why, and ends. The header goes first, where it has not gone yet (RFC 6120 §4.9.1.2). */
  fail(error: StreamError): void {
    if (this.#over) return
    const level = error.condition === 'internal-server-error' ? 'error' : 'info'
    this.rationed(level, 'stream ended with an error', { condition: error.condition, text: error.text })
    if (!this.#open) this.#openOurs({}, undefined)
    this.link.write(streamElement(error.element()))
    this.link.close()
    this.#end(false)
  }

  abandon(reason: string): void {
    if (this.#over) return
    this.rationed('warn', 'connection dropped', { reason })
    this.link.destroy()
    this.#end(true)
  }

  /** What was negotiated takes effect with a new stream on the same connection (RFC 6120 §4.3.3). */
  restart(): void {
    this.#open = false
    this.link.restart()
  }

  /** Its session goes on elsewhere, and this stream ends (XEP-0198 §5). */
  replaced(): void {
    this.session = undefined
    this.#replaced = true
    this.fail(new StreamError('conflict', 'The session goes on in another stream.'))
  }

  /** Whether it had a session that went on elsewhere: then it counts as logged in to its end. */
  get wasReplaced(): boolean {
    return this.#replaced
  }

  /** The stream has its session: no more deadline, and other features from now on. */
  bound(session: Session): void {
    this.session = session
    this.#settle()
    this.link.limit({ stanzaBytes: this.streams.config.limits.stanza })
    this.streams.loggedIn(this)
  }

  log(level: LogLevel, sentence: string, facts: LogFacts = {}): void {
    const who = this.session?.jid.full ?? (this.username && `${this.username}@${this.host?.domain}`)
    this.streams.log(level, sentence, { stream: this.name, peer: this.link.peer.host, who, ...facts })
  }

  /** A line that the other end can provoke as often as it likes: so many in a minute are written, the others counted. */
  rationed(level: LogLevel, sentence: string, facts: LogFacts = {}): void {
    if (this.streams.rations.grants(level, sentence, this.link.peer.host)) this.log(level, sentence, facts)
  }

  /** Writes a fault of ours into the log; returns the reference by which it is found there. */
  fault(thrown: unknown): string {
    const reference = this.streams.id()
    const fault = thrown instanceof Error ? thrown.stack : String(thrown)
    this.rationed('error', 'fault while handling a stream', { reference, fault })
    return reference
  }

  #openOurs(header: StreamHeader, host: Host | undefined): void {
    this.#open = true
    // RFC 6120 §4.7.1: an unknown host still gets a name that is ours.
    const from = (host ?? this.host)?.domain.full ?? this.streams.defaultHost.domain.full
    const lang = header.lang ?? 'en'
    this.link.open({ from, to: header.from, id: this.streams.id(), version: '1.0', lang, content: ns.client })
  }

  /** RFC 6120 §4.7.1: a client may say who it is; once it has logged in it must be that. */
  #checkFrom(host: Host, from: string | undefined): void {
    const named = from === undefined ? undefined : Jid.tryParse(from)?.bare
    this.from = named?.local ? named : undefined
    if (from === undefined) return
    if (this.username !== undefined) {
      if (named?.full === Jid.of(this.username, host.domain.domain).full) return
      throw new StreamError('invalid-from', 'The stream named somebody else.')
    }
    // XEP-0388 §2.1
    if (named !== undefined && named.domain !== host.domain.domain)
      throw new StreamError('invalid-from', 'The stream is to one host and from another.')
  }

  /** Writes `<stream:features/>`, as they are now. */
  offer(): void {
    const all = this.offers()
    for (const feature of this.#features) {
      const sum = feature.sum?.(this, all)
      if (sum !== undefined) all.push(sum)
    }
    this.link.write(this.streams.offers.xml(all))
  }

  /** What is in `<stream:features/>` now, but for what stands there about the rest. */
  offers(): Element[] {
    const { offers, config } = this.streams
    const { limits, timeouts } = config
    const all: Element[] = []
    for (const feature of this.#features) {
      const offer = feature.offer(this)
      if (offer !== undefined) all.push(offer)
    }
    const bytes = this.username === undefined ? limits.stanzaBeforeLogin : limits.stanza
    all.push(offers.limits(bytes, timeouts.idle))
    return all
  }

  get #features(): readonly StreamFeature[] {
    return this.streams.offers.features(this.host!, this.phase)
  }

  #negotiate(element: Element): Promise<void> | undefined {
    if (element.namespace === ns.streams && element.name === 'error') {
      this.rationed('info', 'the client reports an error', { condition: StreamError.from(element).condition })
      this.link.close()
      this.#end(false)
      return undefined
    }
    const { host, phase } = this
    if (host === undefined) throw new StreamError('not-authorized')
    if (this.exclusive !== undefined && element.namespace !== this.exclusive)
      throw new StreamError('policy-violation', 'Nothing else is said before this is over.')
    // Binding travels in an IQ (RFC 6120 §7.6.1): what counts is its payload.
    const stanza = element.namespace === ns.client && kindOf(element.name) !== undefined
    const namespace = stanza ? element.elements[0]?.namespace : element.namespace
    const feature = this.streams.offers.features(host, phase).find(one => one.namespace === namespace)
    if (feature !== undefined) return feature.take(this, element)
    // RFC 6120 §4.9.3.12: nothing else before login and binding.
    if (phase !== 'bound') throw new StreamError('not-authorized', 'Log in and bind a resource first.')
    throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing here.`)
  }

  /** Runs a step of negotiation; while it waits, the stream is not read. */
  #try(step: () => Promise<void> | undefined | void): void {
    if (this.#over) return
    let waiting: Promise<void> | undefined | void
    try {
      waiting = step()
    } catch (error) {
      this.#failed(error)
    }
    if (!(waiting instanceof Promise)) return
    this.#busy = true
    this.link.pause()
    waiting
      .catch(error => this.#failed(error))
      .finally(() => {
        this.#busy = false
        if (!this.#over) this.resume()
      })
  }

  #failed(thrown: unknown): void {
    if (thrown instanceof StreamError) {
      this.fail(thrown)
      return
    }
    if (thrown instanceof StorageError) {
      this.rationed('warn', 'the store failed a stream', { reason: thrown.message })
      // RFC 6120 §4.9.3.17
      this.fail(new StreamError('resource-constraint', 'The server cannot read or store this now. Try again later.'))
      return
    }
    const reference = this.fault(thrown)
    this.fail(
      new StreamError(
        'internal-server-error',
        `A fault of the server, not yours. Its operator finds it as ${reference}.`,
      ),
    )
  }

  /** The deadline counts no more; it takes no room either, as long as the connection lasts. */
  #settle(): void {
    this.streams.timers.cancel(this.#deadline)
    this.#deadline = undefined
  }

  /** `resumable`: whether the session may outlive this stream. */
  #end(resumable: boolean): void {
    if (this.#over) return
    this.#over = true
    this.#settle()
    this.streams.ended(this, resumable)
  }
}
