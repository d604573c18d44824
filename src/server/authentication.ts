import type { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import { channelBindingFeature, channelBindingTypes } from '../wire/sasl/channel-binding.ts'
import { challenge, failure, mechanismsFeature, readClientNonza, success } from '../wire/sasl/elements.ts'
import type { SaslServer, SaslServerContext } from '../wire/sasl/server.ts'
import { SaslError, saslServer } from '../wire/sasl/server.ts'
import type { Stream } from './stream.ts'
import type { StreamFeature } from './stream-feature.ts'

/** RFC 6120 §6.4.5: a client gets some tries on one stream before it has to begin again. */
const triesAtMost = 5

/** What one stream has tried so far. */
interface Attempt {
  exchange: SaslServer | undefined
  /** Whom the running exchange is about: nothing is proven yet. */
  username: string | undefined
  tries: number
}

/**
 * COMPAT: taken, but not announced. slixmpp before 1.9 knows no other channel binding, and asks for this one on TLS 1.3
 * too, where the Finished message of a full handshake binds as well as it does on 1.2 with the extended master secret.
 */
const unannouncedBindings = ['tls-unique'] as const

/** SASL (RFC 6120 §6). */
export class Authentication implements StreamFeature {
  readonly registers = 'stream-feature'
  readonly namespace = ns.sasl
  readonly when = ['secure'] as const
  readonly #attempts = new WeakMap<Stream, Attempt>()

  offer(stream: Stream): Element | undefined {
    const mechanisms = offered(stream)
    return mechanisms.length === 0 ? undefined : mechanismsFeature(mechanisms)
  }

  async take(stream: Stream, element: Element): Promise<void> {
    const state = this.#attempts.get(stream) ?? { exchange: undefined, username: undefined, tries: 0 }
    this.#attempts.set(stream, state)
    try {
      const nonza = readClientNonza(element)
      if (nonza === undefined) throw new StreamError('unsupported-stanza-type')
      if (nonza.name === 'abort') throw new SaslError('aborted')
      if (nonza.name === 'auth') state.exchange = this.#begin(stream, state, nonza.mechanism)
      if (state.exchange === undefined) throw new SaslError('malformed-request', 'No exchange has begun.')
      const step = await state.exchange.step(nonza.data)
      if ('challenge' in step) {
        stream.write(challenge(step.challenge).xml(ns.client))
        return
      }
      await this.#succeed(stream, mechanismOf(state), step.success)
    } catch (error) {
      await this.#fail(stream, state, error)
    }
  }

  #begin(stream: Stream, state: Attempt, mechanism: string): SaslServer {
    checkNotBlocked(stream, addressKey(stream))
    if (!offered(stream).includes(mechanism)) {
      // RFC 6120 §6.5.4: where encryption would make it possible, say so.
      throw new SaslError(mechanism === 'PLAIN' && !stream.link.encrypted ? 'encryption-required' : 'invalid-mechanism')
    }
    return saslServer(mechanism, contextOf(stream, state))
  }

  async #succeed(
    stream: Stream,
    mechanism: string | undefined,
    result: { username: string | undefined; data?: Uint8Array },
  ): Promise<void> {
    const accounts = stream.host!.accounts
    // RFC 6120 §6.5.2, and never before the password was right.
    if (await accounts.disabled(result.username!)) throw new SaslError('account-disabled')
    stream.username = Jid.of(result.username!, stream.host!.domain.domain).local
    stream.log('info', 'login', { mechanism })
    this.#attempts.delete(stream)
    stream.write(success(result.data).xml(ns.client))
    stream.restart()
  }

  async #fail(stream: Stream, state: Attempt, error: unknown): Promise<void> {
    if (error instanceof StreamError) throw error
    const mechanism = mechanismOf(state)
    state.exchange = undefined
    state.tries++
    stream.write(failure(error).xml(ns.client))
    if (error instanceof SaslError) {
      if (error.condition === 'not-authorized') {
        stream.streams.failures.count(addressKey(stream))
        if (state.username !== undefined) stream.streams.failures.count(accountKey(stream, state.username))
      }
      const facts = { mechanism, user: state.username, condition: error.condition, reason: error.text }
      stream.rationed('info', 'login refused', facts)
    } else {
      stream.rationed('error', 'login failed', {
        mechanism,
        fault: error instanceof Error ? error.stack : String(error),
      })
    }
    // RFC 6120 §6.4.5
    if (state.tries >= triesAtMost) throw new StreamError('policy-violation', 'Too many failed logins on one stream.')
  }
}

/** XEP-0440: which channel bindings this connection has. */
export const channelBindings: StreamFeature = {
  registers: 'stream-feature',
  namespace: 'urn:xmpp:sasl-cb:0',
  when: ['secure'],
  offer(stream) {
    const types = bindingsOf(stream)
    return types.length === 0 ? undefined : channelBindingFeature(types)
  },
  take() {
    throw new StreamError('unsupported-stanza-type')
  },
}

function bindingsOf({ link }: Stream): readonly string[] {
  return channelBindingTypes.filter(type => link.channelBinding(type) !== undefined)
}

/** What is offered here: the -PLUS of each SCRAM where there is a channel binding, PLAIN only inside TLS. */
function offered(stream: Stream): readonly string[] {
  const configured: readonly string[] = stream.streams.config.login.mechanisms
  const scram = configured.filter(name => name.startsWith('SCRAM-'))
  const plus = bindingsOf(stream).length === 0 ? [] : scram.map(name => `${name}-PLUS`)
  const plain = configured.includes('PLAIN') && stream.link.encrypted ? ['PLAIN'] : []
  return [...plus, ...scram, ...plain]
}

function mechanismOf(state: Attempt): string | undefined {
  return state.exchange?.mechanism
}

function addressKey(stream: Stream): string {
  return `address ${stream.link.peer.host}`
}

function accountKey(stream: Stream, username: string): string {
  return `account ${username}@${stream.host!.domain.domain}`
}

/** The same for an account that does not exist: nothing is given away. */
function checkNotBlocked(stream: Stream, key: string): void {
  if (stream.streams.failures.blocked(key)) {
    throw new SaslError('temporary-auth-failure', 'Too many failed logins. Try again later.')
  }
}

function contextOf(stream: Stream, state: Attempt): SaslServerContext {
  const { link, streams } = stream
  const host = stream.host!
  const about = (username: string) => {
    state.username = username
    checkNotBlocked(stream, accountKey(stream, username))
  }
  return {
    crypto: streams.crypto,
    random: count => streams.random(count),
    scramKeys(username, hash) {
      about(username)
      return host.accounts.scramKeys(username, hash)
    },
    checkPassword(username, password) {
      about(username)
      return host.accounts.checkPassword(username, password)
    },
    certificateJids: [],
    channelBinding: type => {
      const known = [...channelBindingTypes, ...unannouncedBindings].find(one => one === type)
      return known && link.channelBinding(known)
    },
    unannouncedBindings,
    plusOffered: bindingsOf(stream).length > 0,
    jid: username => Jid.of(username, host.domain.domain).full,
  }
}
