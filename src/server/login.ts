import { StorageError } from '../storage/storage.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { channelBindingTypes } from '../wire/sasl/channel-binding.ts'
import type { Announced } from '../wire/sasl/downgrade.ts'
import type { SaslServer, SaslServerContext, SaslStep } from '../wire/sasl/server.ts'
import { SaslError, saslServer } from '../wire/sasl/server.ts'
import { type Soon, when } from '../wire/sasl/soon.ts'
import { Composed } from './composed.ts'
import type { Stream } from './stream.ts'

/** RFC 6120 §6.4.5: a client gets some tries on one stream before it has to begin again. */
const triesAtMost = 5

/**
 * COMPAT: taken, but not announced. slixmpp before 1.9 knows no other channel binding, and asks for this one on TLS 1.3
 * too, where the Finished message of a full handshake binds as well as it does on 1.2 with the extended master secret.
 */
const unannouncedBindings = ['tls-unique'] as const

/** What an exchange proved. */
export type Proven = Extract<SaslStep, { success: unknown }>['success']

/**
 * One stream's tries to log in, in whichever words they are spoken (RFC 6120 §6, XEP-0388): which mechanisms there are,
 * who has to wait, what counts as a failure, and when it is too much. It writes nothing: the words are the caller's.
 */
export class Attempt {
  readonly #stream: Stream
  #exchange: SaslServer | undefined
  /** Whom the running exchange is about: nothing is proven yet. */
  #username: string | undefined
  #tries = 0

  private constructor(stream: Stream) {
    this.#stream = stream
  }

  /** That of this stream. */
  static of(stream: Stream): Attempt {
    stream.attempt ??= new Attempt(stream)
    return stream.attempt
  }

  /**
   * Begins an exchange: one of the caller's own, or with a mechanism that is on offer. Throws SaslError where there is
   * no such mechanism or this address has to wait.
   */
  begin(mechanism: string, context: SaslServerContext, own?: () => SaslServer | undefined): void {
    this.#exchange = undefined
    this.#username = undefined
    const stream = this.#stream
    checkNotBlocked(stream, addressKey(stream))
    const exchange = own?.()
    if (exchange === undefined && !offeredMechanisms(stream).includes(mechanism)) {
      // RFC 6120 §6.5.4: where encryption would make it possible, say so.
      throw new SaslError(mechanism === 'PLAIN' && !stream.link.encrypted ? 'encryption-required' : 'invalid-mechanism')
    }
    this.#exchange = exchange ?? saslServer(mechanism, context)
  }

  /** One message of the client; undefined where it sent none. Throws, or rejects with, SaslError, after which `failed` is due. */
  step(data: Uint8Array | undefined): Soon<SaslStep> {
    if (this.#exchange === undefined) throw new SaslError('malformed-request', 'No exchange has begun.')
    return this.#exchange.step(data)
  }

  /** The mechanism of the exchange that runs. */
  get mechanism(): string | undefined {
    return this.#exchange?.mechanism
  }

  /** The bare JID of who proved this. Throws, or rejects with, SaslError where the account may not log in. */
  account({ username }: Proven): Soon<Jid> {
    const { accounts, domain } = this.#stream.host!
    return when(accounts.disabled(username!), disabled => {
      // RFC 6120 §6.5.2, and never before the password was right.
      if (disabled) throw new SaslError('account-disabled')
      return Jid.of(username!, domain.domain)
    })
  }

  /** The stream is this account's from now on. */
  succeeded(account: Jid): void {
    const stream = this.#stream
    stream.username = account.local
    stream.attempt = undefined
    stream.announced = undefined
    stream.log('info', 'login', { mechanism: this.mechanism })
  }

  /** The exchange is over because of this, and the client has been told. Throws StreamError where it was one time too many. */
  failed(error: unknown): void {
    const stream = this.#stream
    const { mechanism } = this
    this.#exchange = undefined
    this.#tries++
    if (error instanceof SaslError) {
      if (error.condition === 'not-authorized') {
        stream.streams.failures.count(addressKey(stream))
        if (this.#username !== undefined) stream.streams.failures.count(accountKey(stream, this.#username))
      }
      const facts = { mechanism, user: this.#username, condition: error.condition, reason: error.text }
      stream.rationed('info', 'login refused', facts)
    } else if (error instanceof StorageError) {
      stream.rationed('warn', 'login failed', { mechanism, user: this.#username, reason: error.message })
    } else {
      const fault = error instanceof Error ? error.stack : String(error)
      stream.rationed('error', 'login failed', { mechanism, fault })
    }
    // RFC 6120 §6.4.5
    if (this.#tries >= triesAtMost) throw new StreamError('policy-violation', 'Too many failed logins on one stream.')
  }

  /**
   * Whom the exchange is about: said before anything of that account is looked up. Throws SaslError where guessers of
   * its password have to wait; the same for an account that does not exist, so that nothing is given away.
   */
  about(username: string): void {
    this.#username = username
    checkNotBlocked(this.#stream, accountKey(this.#stream, username))
  }

  /** What exchanges ask of this stream and its host. `about` hears whom they are about, and may throw SaslError. */
  context(about: (username: string) => void = username => this.about(username)): SaslServerContext {
    const { link, streams } = this.#stream
    const host = this.#stream.host!
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
      plusOffered: offeredBindings(this.#stream).length > 0,
      announced: this.#stream.announced,
      jid: username => Jid.of(username, host.domain.domain).full,
    }
  }
}

/** The mechanisms that a stream offers, best first: the -PLUS of each SCRAM where there is a channel binding, PLAIN only inside TLS. */
export function offeredMechanisms(stream: Stream): readonly string[] {
  const configured: readonly string[] = stream.streams.config.login.mechanisms
  const bindings = offeredBindings(stream)
  const { encrypted } = stream.link
  return offered.of([configured, bindings, encrypted], () => {
    const scram = configured.filter(name => name.startsWith('SCRAM-'))
    const plus = bindings.length === 0 ? [] : scram.map(name => `${name}-PLUS`)
    const plain = configured.includes('PLAIN') && encrypted ? ['PLAIN'] : []
    return [...plus, ...scram, ...plain]
  })
}

const offered = new Composed<readonly string[]>()

/** The same, for a stream that announces them now: its client may compare what it saw (XEP-0474). */
export function announcedMechanisms(stream: Stream): readonly string[] {
  const mechanisms = offeredMechanisms(stream)
  const channelBindings = offeredBindings(stream)
  stream.announced = announcements.of([mechanisms, channelBindings], () => ({ mechanisms, channelBindings }))
  return mechanisms
}

const announcements = new Composed<Announced>()

/** The channel bindings that a stream's connection has (XEP-0440): of the same ones always the same array. */
export function offeredBindings({ link }: Stream): readonly string[] {
  return link.channelBindings
}

function addressKey(stream: Stream): string {
  return `address ${stream.link.peer.host}`
}

function accountKey(stream: Stream, username: string): string {
  return `account ${username}@${stream.host!.domain.domain}`
}

function checkNotBlocked(stream: Stream, key: string): void {
  if (stream.streams.failures.blocked(key)) {
    throw new SaslError('temporary-auth-failure', 'Too many failed logins. Try again later.')
  }
}
