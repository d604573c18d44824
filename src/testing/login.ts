import type { Link } from '../link/link.ts'
import type { ClientTls } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import { type SaslClientContext, saslClient } from '../wire/sasl/client.ts'
import { auth, readMechanismsFeature, readServerNonza, response } from '../wire/sasl/elements.ts'
import { ClientStream } from './client-stream.ts'
import { announcedIn, bindingTypes, chosenMechanism } from './login-mechanism.ts'
import { type Sasl2Wish, sasl2LogIn } from './login-sasl2.ts'
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
  /** Logs in by SASL2 (XEP-0388), with this in the same breath. Nothing is bound unless it says so. */
  readonly sasl2?: Sasl2Wish
}

/** A client that has logged in. */
export interface LoggedIn extends Player {
  /** What carries the stream: to cut it, where that is wanted. */
  readonly link: Link
  readonly mechanism: string
  /** Round trips from the stream's begin behind TLS to the end of the login. */
  readonly flights: number
  /** What the server offered before the login. */
  readonly offered: Element
  /** What a login by SASL2 was answered with. */
  readonly success?: Element
}

/** Negotiates a client's stream on a fresh link: STARTTLS where it is offered, SASL, resource binding; or SASL2. Rejects with the reason. */
export async function logIn(link: Link, account: Account, options: LoginOptions): Promise<LoggedIn> {
  const stream = new ClientStream(link)
  const [username, domain] = split(account.jid)
  link.start(stream)
  try {
    if (options.tls && !link.encrypted) {
      const features = await stream.open(domain)
      if (!features.child('starttls', ns.tls)) throw new Error('STARTTLS is not offered')
      await stream.secure(options.tls)
    }
    const context = saslContext(link, username, account.password, options)
    if (options.sasl2 !== undefined) {
      const done = await sasl2LogIn(stream, account.jid, context, options.sasl2)
      return Object.assign(stream, done)
    }
    const offered = await stream.open(domain)
    const mechanism = await authenticate(stream, offered, context)
    link.restart()
    await stream.open(domain)
    stream.jid = (await options.resume?.(stream)) ?? (await bind(stream, account.resource))
    return Object.assign(stream, { mechanism, offered })
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

function saslContext(link: Link, username: string, password: string, options: LoginOptions): SaslClientContext {
  return {
    crypto: options.crypto,
    random: options.random,
    username,
    password,
    channelBinding: type =>
      bindingTypes.map(one => (one === type ? link.channelBinding(one) : undefined)).find(Boolean),
  }
}

async function authenticate(stream: ClientStream, features: Element, context: SaslClientContext): Promise<string> {
  const feature = features.child('mechanisms', ns.sasl)
  const announced = announcedIn(features, feature ? readMechanismsFeature(feature) : [])
  const chosen = chosenMechanism(stream.link, announced)
  const exchange = saslClient(chosen, { ...context, announced })
  stream.send(auth(chosen.name, await exchange.step()).xml(ns.client))
  for (;;) {
    const element = await stream.receive()
    const nonza = readServerNonza(element)
    if (nonza?.name === 'challenge') stream.send(response(await exchange.step(nonza.data)).xml(ns.client))
    else if (nonza?.name === 'success') {
      await exchange.success(nonza.data)
      return chosen.name
    } else throw nonza?.name === 'failure' ? nonza.error : new Error(`no answer to SASL: ${element}`)
  }
}

async function bind(stream: ClientStream, resource: string | undefined): Promise<string> {
  const wish = resource === undefined ? '' : new Element('resource', ns.bind, [], [resource]).xml(ns.bind)
  stream.send(`<iq type="set" id="bind"><bind xmlns="${ns.bind}">${wish}</bind></iq>`)
  const answer = await stream.receive()
  const jid = answer.child('bind', ns.bind)?.child('jid')?.text
  if (answer.attribute('type') === 'error') throw StanzaError.from(answer)
  if (!jid) throw new Error(`no answer to resource binding: ${answer}`)
  return jid
}
