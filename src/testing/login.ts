import type { Link, StreamReader } from '../link/link.ts'
import type { ClientTls } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { StanzaError, StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { chooseMechanism, type SaslClientContext, saslClient } from '../wire/sasl/client.ts'
import { auth, readMechanismsFeature, readServerNonza, response } from '../wire/sasl/elements.ts'
import type { Account, Player } from './play.ts'

/** What a login needs besides the account. */
export interface LoginOptions extends Pick<SaslClientContext, 'crypto' | 'random'> {
  /** For STARTTLS, which must then be offered. PLAIN is never used in the clear. */
  readonly tls?: ClientTls
  /**
   * Asked when a resource could be bound: the full JID of a session that goes on (XEP-0198 §5), or undefined, and then one
   * is bound.
   */
  readonly resume?: (player: Player) => Promise<string | undefined>
}

/** A player on a stream of its own. */
export interface LoggedIn extends Player {
  readonly mechanism: string
  /** What carries the stream: to cut it, where that is wanted. */
  readonly link: Link
}

const bindingTypes = ['tls-exporter', 'tls-server-end-point'] as const

/** Negotiates a client's stream on a fresh link: STARTTLS where it is offered, SASL, resource binding. Rejects with the reason. */
export async function logIn(link: Link, account: Account, options: LoginOptions): Promise<LoggedIn> {
  const stream = new ClientStream(link)
  const [username, domain] = split(account.jid)
  link.start(stream)
  try {
    let features = await stream.open(domain)
    if (options.tls && !link.encrypted) {
      if (!features.child('starttls', ns.tls)) throw new Error('STARTTLS is not offered')
      await secure(stream, options.tls)
      features = await stream.open(domain)
    }
    const mechanism = await authenticate(stream, features, username, account.password, options)
    link.restart()
    features = await stream.open(domain)
    stream.jid = (await options.resume?.(stream)) ?? (await bind(stream, account.resource))
    return Object.assign(stream, { mechanism })
  } catch (error) {
    link.destroy()
    throw error
  }
}

function split(jid: string): [string, string] {
  const at = jid.indexOf('@')
  if (at < 1) throw new Error(`"${jid}" has no localpart`)
  return [jid.slice(0, at), jid.slice(at + 1)]
}

async function secure(stream: ClientStream, tls: ClientTls): Promise<void> {
  stream.link.write(new Element('starttls', ns.tls).xml(ns.client))
  const answer = await stream.receive()
  if (!answer.is('proceed', ns.tls)) throw new Error(`STARTTLS is refused: ${answer}`)
  await stream.link.secure(tls)
}

async function authenticate(
  stream: ClientStream,
  features: Element,
  username: string,
  password: string,
  options: LoginOptions,
): Promise<string> {
  const { link } = stream
  const feature = features.child('mechanisms', ns.sasl)
  const offered = feature ? readMechanismsFeature(feature) : []
  const announced = features
    .child('sasl-channel-binding', 'urn:xmpp:sasl-cb:0')
    ?.elements.map(one => one.attribute('type') ?? '')
  const chosen = chooseMechanism(offered, {
    secure: link.encrypted,
    password: true,
    plain: link.encrypted,
    channelBindings: link.encrypted ? bindingTypes.filter(type => link.channelBinding(type) !== undefined) : [],
    ...(announced && { announcedBindings: announced }),
  })
  if (!chosen) throw new Error(`no SASL mechanism fits among: ${offered.join(' ') || 'none'}`)
  const exchange = saslClient(chosen, {
    crypto: options.crypto,
    random: options.random,
    username,
    password,
    channelBinding: type =>
      bindingTypes.map(one => (one === type ? link.channelBinding(one) : undefined)).find(Boolean),
  })
  link.write(auth(chosen.name, await exchange.step()).xml(ns.client))
  for (;;) {
    const element = await stream.receive()
    const nonza = readServerNonza(element)
    if (nonza?.name === 'challenge') link.write(response(await exchange.step(nonza.data)).xml(ns.client))
    else if (nonza?.name === 'success') {
      await exchange.success(nonza.data)
      return chosen.name
    } else throw nonza?.name === 'failure' ? nonza.error : new Error(`no answer to SASL: ${element}`)
  }
}

async function bind(stream: ClientStream, resource: string | undefined): Promise<string> {
  const wish = resource === undefined ? '' : new Element('resource', ns.bind, [], [resource]).xml(ns.bind)
  stream.link.write(`<iq type="set" id="bind"><bind xmlns="${ns.bind}">${wish}</bind></iq>`)
  const answer = await stream.receive()
  const jid = answer.child('bind', ns.bind)?.child('jid')?.text
  if (answer.attribute('type') === 'error') throw StanzaError.from(answer)
  if (!jid) throw new Error(`no answer to resource binding: ${answer}`)
  return jid
}

/** Elements of a stream, read one by one. */
class ClientStream implements StreamReader, Player {
  readonly link: Link
  jid = ''
  readonly #queue: Element[] = []
  readonly #readers: { resolve(element: Element): void; reject(error: Error): void }[] = []
  #over: Error | undefined
  /** We closed our side: nobody reads what still comes, and we wait for the other side's end. */
  #leaving = false

  constructor(link: Link) {
    this.link = link
  }

  /** Opens a stream; what the server offers on it. */
  async open(domain: string): Promise<Element> {
    this.link.open({ to: domain, version: '1.0' })
    const features = await this.receive()
    if (features.is('error', ns.streams)) throw StreamError.from(features)
    if (!features.is('features', ns.streams)) throw new Error(`no stream features: ${features}`)
    return features
  }

  receive(): Promise<Element> {
    const element = this.#queue.shift()
    if (element) return Promise.resolve(element)
    if (this.#over) return Promise.reject(this.#over)
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  send(xml: string): void {
    this.link.write(xml)
  }

  disconnect(): Promise<void> {
    if (this.#over) return Promise.resolve()
    this.#leaving = true
    this.#queue.length = 0
    this.link.close()
    return new Promise(resolve => this.#readers.push({ resolve: () => {}, reject: () => resolve() }))
  }

  opened(): void {}

  element(element: Element): void {
    if (this.#leaving) return
    const reader = this.#readers.shift()
    if (reader) reader.resolve(element)
    else this.#queue.push(element)
  }

  closed(): void {
    this.#end(new Error('the server closed the stream'))
    this.link.close()
  }

  failed(error: StreamError): void {
    this.#end(error)
    this.link.destroy()
  }

  ended(error?: Error): void {
    this.#end(error ?? new Error('the connection is gone'))
  }

  #end(error: Error): void {
    this.#over ??= error
    for (const { reject } of this.#readers.splice(0)) reject(this.#over)
  }
}
