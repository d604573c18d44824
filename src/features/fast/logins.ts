import { Composed } from '../../server/composed.ts'
import { deviceName } from '../../server/device.ts'
import type { Host } from '../../server/host.ts'
import { offeredBindings } from '../../server/login.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Stream } from '../../server/stream.ts'
import { put } from '../../server/table.ts'
import type { Codec } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { checkAuthorization } from '../../wire/sasl/authorization.ts'
import {
  hashedTokenMechanism,
  hashedTokenMechanismsFor,
  provenToken,
  readInitiatorMessage,
} from '../../wire/sasl/hashed-token.ts'
import { SaslError, type SaslServer, type SaslStep, saslExchange } from '../../wire/sasl/server.ts'
import type { Sasl2Login, SaslInline } from '../sasl2/exports.ts'
import type { FastSettings } from './settings.ts'
import { revocation, room, seedLength, type Token, tokens, tokensOf, tokenText, used } from './tokens.ts'
import { fast, fastFeature, requestToken, tokenElement } from './wire.ts'

/** A login in which a token was proved. */
interface Proof {
  readonly device: string
  readonly token: Token
  readonly invalidate: boolean
}

/** FAST's part in logins by SASL2 (XEP-0484): tokens are given out, proved, renewed and taken back. */
export class TokenLogins implements SaslInline {
  readonly #host: Host
  readonly #config: FastSettings
  readonly #proofs = new WeakMap<Sasl2Login, Proof>()
  readonly #mechanismsFor = new Composed<readonly string[]>()
  readonly #offered = new Composed<Element>()

  constructor(host: Host, config: FastSettings) {
    this.#host = host
    this.#config = config
  }

  offer(stream: Stream): Element | undefined {
    const mechanisms = this.#mechanisms(stream)
    return mechanisms.length === 0 ? undefined : this.#offered.of([mechanisms], () => fastFeature.write({ mechanisms }))
  }

  /** Throws SaslError `malformed-request`. */
  check(login: Sasl2Login): void {
    const asked = read(fast, login.request)
    read(requestToken, login.request)
    // §4.1: tokens are of a client, so it must say which it is.
    if (asked !== undefined && hashedTokenMechanism(login.mechanism) && login.agent?.id === undefined)
      throw new SaslError('malformed-request', 'A login with a token needs a user agent with an id.')
  }

  exchange(login: Sasl2Login): SaslServer | undefined {
    const { mechanism, request, stream } = login
    if (!fast.of(request) || !this.#mechanisms(stream).includes(mechanism)) return undefined
    return saslExchange(mechanism, { respond: message => this.#prove(login, message) })
  }

  /** Throws SaslError where a token that is to be invalidated cannot be. */
  run(login: Sasl2Login): readonly Element[] | Promise<readonly Element[]> {
    const proof = this.#proofs.get(login)
    const mechanism = this.#due(login, proof)
    return mechanism === undefined && !proof?.invalidate ? [] : this.#renew(login, proof, mechanism)
  }

  async #prove(login: Sasl2Login, bytes: Uint8Array): Promise<SaslStep> {
    const { context, mechanism } = login
    const { crypto } = context
    const { username, ...message } = readInitiatorMessage(bytes)
    login.about(username)
    checkAuthorization(context, username, undefined)
    const account = Jid.parse(context.jid(username))
    const id = login.agent!.id!
    const device = await deviceName(crypto, account, id)
    const owner = await this.#host.owners.find(account)
    const candidates = owner === undefined ? [undefined, undefined] : tokensOf(owner, device)
    const known = candidates.map(token => (token?.mechanism === mechanism ? token : undefined))
    // As much is reckoned for accounts, devices and tokens that do not exist.
    const texts: string[] = []
    for (const token of known) texts.push(await tokenText(crypto, token?.seed ?? context.random(seedLength), id))
    const { binding } = hashedTokenMechanism(mechanism)!
    const data = binding === undefined ? undefined : context.channelBinding(binding)
    const proven = await provenToken(crypto, { username, ...message }, texts, data)
    const seed = proven && known[proven.index]?.seed
    // Another login may have changed it meanwhile: what is decided and noted from here on waits for nothing.
    const token = seed && tokensOf(owner!, device).find(one => one !== undefined && crypto.equal(one.seed, seed))
    // No text: which of account, device and token is unknown is nobody's to hear (RFC 6120 §6.5.10).
    if (token === undefined) throw new SaslError('not-authorized')
    this.#accept(login, owner!, { device, token, invalidate: fast.of(login.request)?.invalidate ?? false })
    return { success: { username, data: proven!.answer } }
  }

  #accept(login: Sasl2Login, owner: Owner, proof: Proof): void {
    const { token } = proof
    const now = this.#now
    // §4.2
    if (token.expires.getTime() <= now) throw new SaslError('credentials-expired')
    const count = fast.of(login.request)?.count
    // §3.4: it was processed before. Without early data, which is not offered here, a client need not count.
    if (count !== undefined && count <= (token.count ?? -1)) throw new SaslError('not-authorized')
    this.#proofs.set(login, proof)
    // Nobody waits for the disk. Lost in a crash, it leaves the older token of the device in force until the newer is
    // used again, and a count that only early data could come back with: neither locks a client out, or lets one in
    // that does not have a token.
    this.#commit(owner, used(token, count, now))?.catch(error => {
      const facts = { account: owner.address.full, reason: String(error) }
      this.#host.shared.log('error', 'use of a token not stored', facts)
    })
  }

  /** For which mechanism there is to be a new token. */
  #due(login: Sasl2Login, proof: Proof | undefined): string | undefined {
    const { agent, request, stream } = login
    if (agent?.id === undefined) return undefined
    const asked = requestToken.of(request)
    const wanted = asked?.mechanism ?? (proof?.invalidate ? undefined : proof?.token.mechanism)
    // §3.2: what is not on offer here is not given. That is no reason to refuse a login.
    if (wanted === undefined || !this.#mechanisms(stream).includes(wanted)) return undefined
    const now = this.#now
    const expires = this.#expiry(proof?.token.since.getTime() ?? now)
    if (asked !== undefined) return expires > now ? wanted : undefined
    const { issued, expires: until } = proof!.token
    const old = now - issued.getTime() >= Math.min(this.#config.rotate, this.#config.lifetime / 2)
    return old && expires > until.getTime() ? wanted : undefined
  }

  /**
   * Gives out a new token, and takes back what is to be. Both are durable before the client hears of them: a token that it
   * holds works after a crash too, for it may have thrown away the old one (§3.5) and hold no password; and one that is
   * said to be invalid stays so (§3.6). This is the rare login: tokens are renewed once in `rotate`.
   */
  async #renew(
    login: Sasl2Login,
    proof: Proof | undefined,
    mechanism: string | undefined,
  ): Promise<readonly Element[]> {
    const { owner, agent, context } = login
    const { crypto } = context
    const id = agent!.id!
    const device = proof?.device ?? (await deviceName(crypto, owner.address, id))
    const now = this.#now
    const changes: Change[] = proof?.invalidate ? [...revocation(owner, device)] : []
    const answer: Element[] = []
    if (mechanism !== undefined) {
      const since = proof?.token.since ?? new Date(now)
      const expires = new Date(this.#expiry(since.getTime()))
      const seed = context.random(seedLength)
      const { software, device: description } = agent!
      // §5.1: the current one stays until this one is used; what was given out and not used is none any more.
      const row: Token = {
        ...{ device, slot: 'new', mechanism, seed, issued: new Date(now), expires, since },
        ...{ used: undefined, count: undefined, software, description },
      }
      const text = await tokenText(crypto, seed, id)
      changes.push(...room(owner, device, this.#config.devices, now), put(tokens, row))
      answer.push(tokenElement.write({ token: text, expiry: expires }))
    }
    try {
      await this.#commit(owner, changes)
      return answer
    } catch (error) {
      const facts = { account: owner.address.full, reason: String(error) }
      this.#host.shared.log('error', 'token not stored', facts)
      if (proof?.invalidate) throw new SaslError('temporary-auth-failure')
      return []
    }
  }

  /** When a token that is given out now expires, in milliseconds since 1970, where its device last proved something else `since`. */
  #expiry(since: number): number {
    const { lifetime, password } = this.#config
    const expires = this.#now + lifetime
    return password === 0 ? expires : Math.min(expires, since + password)
  }

  #mechanisms(stream: Stream): readonly string[] {
    const { enabled, unbound } = this.#config
    // §6
    if (!enabled || !stream.link.encrypted) return []
    const bindings = offeredBindings(stream)
    return this.#mechanismsFor.of([bindings, unbound], () => {
      const all = hashedTokenMechanismsFor(bindings)
      return unbound ? all : all.filter(name => hashedTokenMechanism(name)?.binding !== undefined)
    })
  }

  #commit(owner: Owner, changes: readonly Change[]): Promise<void> | undefined {
    return changes.length === 0 ? undefined : owner.commit(...changes)
  }

  get #now(): number {
    return this.#host.shared.now()
  }
}

function read<T>(codec: Codec<T>, request: Element): T | undefined {
  try {
    return codec.of(request)
  } catch (error) {
    throw error instanceof Malformed ? new SaslError('malformed-request', error.message) : error
  }
}
