import { Composed } from '../../server/composed.ts'
import { feature } from '../../server/feature.ts'
import { Attempt, announcedMechanisms } from '../../server/login.ts'
import type { Stream } from '../../server/stream.ts'
import type { StreamFeature } from '../../server/stream-feature.ts'
import type { Element } from '../../wire/element.ts'
import { StreamError } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import { SaslError } from '../../wire/sasl/server.ts'
import { saslInline, WithoutPrejudice } from './exports.ts'
import { Login } from './login.ts'
import { authentication, failure, sasl2 } from './wire.ts'

/** SASL in words that can be extended: a login takes with it what a client wants next, and ends without a new stream (XEP-0388). */
export default feature({
  name: 'sasl2',
  xeps: [{ number: 388, version: '1.0.4' }],
  start: () => [new Sasl2()],
})

class Sasl2 implements StreamFeature {
  readonly registers = 'stream-feature'
  readonly namespace = sasl2
  readonly when = ['plain', 'secure', 'authenticated', 'bound'] as const
  readonly #offered = new Composed<Element>()
  readonly #logins = new WeakMap<Stream, Login>()
  /** §4.8: streams on which nobody can authenticate any more, though nobody has logged in. */
  readonly #spent = new WeakSet<Stream>()

  offer(stream: Stream): Element | undefined {
    // §3: only inside TLS. §2.1: never without a mechanism.
    const mechanisms = stream.username === undefined && offers(stream) ? announcedMechanisms(stream) : []
    if (mechanisms.length === 0) return undefined
    const inline: Element[] = []
    const more: Element[] = []
    for (const part of stream.host!.extensions(saslInline)) {
      const offer = part.offer?.(stream)
      if (offer !== undefined) inline.push(offer)
      if (part.announce !== undefined) more.push(...part.announce(stream))
    }
    return this.#offered.of([mechanisms, inline.length, ...inline, ...more], () =>
      authentication(mechanisms, inline, more),
    )
  }

  async take(stream: Stream, element: Element): Promise<void> {
    const login = this.#logins.get(stream)
    if (stream.username !== undefined || stream.session !== undefined) {
      // §4.8
      throw new StreamError('policy-violation', 'This stream has logged in.')
    }
    try {
      if (await this.#taken(stream, login, element)) this.#over(stream)
    } catch (error) {
      if (error instanceof StreamError || stream.session !== undefined) throw error
      this.#failed(stream, error)
    }
  }

  /** Resolves with whether the login has come to its end. */
  #taken(stream: Stream, login: Login | undefined, element: Element): Promise<boolean> {
    if (!offers(stream)) throw new SaslError('encryption-required')
    switch (element.name) {
      case 'authenticate':
        return this.#begun(stream, login, element)
      case 'abort':
        throw new SaslError('aborted')
      case 'response':
      case 'next':
      case 'task-data':
        if (login === undefined) throw new SaslError('malformed-request', 'No exchange has begun.')
        if (element.name === 'response') return login.respond(element)
        return element.name === 'next' ? login.next(element) : login.taskData(element)
      default:
        throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing here.`)
    }
  }

  #begun(stream: Stream, login: Login | undefined, element: Element): Promise<boolean> {
    if (this.#spent.has(stream)) throw new StreamError('policy-violation', 'Log in on another stream.')
    // §2.4
    if (login !== undefined) throw new StreamError('policy-violation', 'A login is under way.')
    const begun = new Login(stream, element)
    this.#logins.set(stream, begun)
    stream.exclusive = sasl2
    return begun.begin()
  }

  #failed(stream: Stream, error: unknown): void {
    if (this.#logins.get(stream)?.continued === true) this.#spent.add(stream)
    this.#over(stream)
    stream.link.write(failure(error).xml(ns.client))
    if (!(error instanceof WithoutPrejudice)) Attempt.of(stream).failed(error)
  }

  #over(stream: Stream): void {
    this.#logins.delete(stream)
    stream.exclusive = undefined
  }
}

function offers({ link }: Stream): boolean {
  return link.encrypted
}
