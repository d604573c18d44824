import { AccountError } from '../../server/accounts.ts'
import type { Host } from '../../server/host.ts'
import type { Stream } from '../../server/stream.ts'
import type { StreamFeature } from '../../server/stream-feature.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed, StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { preparePassword } from '../../wire/sasl/password.ts'
import { admissions, answerBeforeLogin, checkSafe, isSafe, networkOf, type Permit } from './exports.ts'
import { Quota } from './quota.ts'
import { checkLength, type RegistrationSettings } from './settings.ts'
import { credentialsOf, type RegisterQuery, registerFeature, registerQuery, registrationForm } from './wire.ts'

const offer = registerFeature.write({})

/** Making an account before login (XEP-0077 §3.1.1, §8). */
export class Registration implements StreamFeature {
  readonly registers = 'stream-feature'
  readonly namespace = registerQuery.namespace
  readonly when = ['secure'] as const
  readonly #host: Host
  readonly #settings: RegistrationSettings
  readonly #quota: Quota
  readonly #registered = new WeakSet<Stream>()
  /** Addresses whose accounts are just being made. */
  readonly #underway = new Set<string>()

  constructor(host: Host, settings: RegistrationSettings) {
    this.#host = host
    this.#settings = settings
    this.#quota = new Quota(() => host.shared.now(), settings)
  }

  offer(stream: Stream): Element | undefined {
    const offered = this.#settings.open || this.#host.extensions(admissions).some(one => one.offered())
    return offered && isSafe(stream) ? offer : undefined
  }

  take(stream: Stream, iq: Element): Promise<void> {
    return answerBeforeLogin(stream, iq, (type, payload) => {
      const permit = this.#permit(stream)
      if (!this.#settings.open && permit === undefined)
        throw new StanzaError('service-unavailable', { text: 'Registration here needs an invitation.' })
      checkSafe(stream)
      const query = registerQuery.read(payload)
      return type === 'get' ? this.#form() : this.#attempt(stream, query, permit)
    })
  }

  #permit(stream: Stream): Permit | undefined {
    for (const admission of this.#host.extensions(admissions)) {
      const permit = admission.permit(stream)
      if (permit !== undefined) return permit
    }
    return undefined
  }

  /** §6: the form for those who know forms, the fields of old for all others. */
  #form(): Element {
    const { instructions } = this.#settings
    return registerQuery.write({
      registered: false,
      instructions,
      username: '',
      password: '',
      remove: false,
      more: [registrationForm.render()],
    })
  }

  async #attempt(stream: Stream, query: RegisterQuery, permit: Permit | undefined): Promise<undefined> {
    // §3.2, table 1: nobody is registered on a stream that has not logged in.
    if (query.remove) throw new StanzaError('unexpected-request', { text: 'Log in first.' })
    // §3.1.1
    if (this.#registered.has(stream)) throw new StanzaError('not-acceptable', { text: 'This stream has its account.' })
    const network = networkOf(stream.link.peer.host)
    const invited = permit !== undefined
    this.#quota.begin(network, invited)
    let made = false
    try {
      const { address, password } = this.#wish(query)
      await this.#once(address, () => this.#make(address, password, permit))
      made = true
      this.#registered.add(stream)
      stream.log('info', 'account registered', { account: address.full, invited })
    } finally {
      this.#quota.finished(network, invited, made)
    }
    return undefined
  }

  /** What somebody wants to be called, checked. §3.1: what is missing or will not do is `not-acceptable`. */
  #wish(query: RegisterQuery): { address: Jid; password: string } {
    try {
      const { username, password } = credentialsOf(query, registrationForm)
      const address = Jid.of(username, this.#host.domain.domain)
      checkLength(preparePassword(password), this.#settings.passwordLength)
      return { address, password }
    } catch (error) {
      if (error instanceof Malformed) throw new StanzaError('not-acceptable', { text: error.message })
      throw error
    }
  }

  async #once(address: Jid, make: () => Promise<void>): Promise<void> {
    const reserved = this.#settings.reserved.some(name => name.toLowerCase() === address.local)
    if (reserved || this.#underway.has(address.full)) throw conflict()
    this.#underway.add(address.full)
    try {
      await make()
    } finally {
      this.#underway.delete(address.full)
    }
  }

  async #make(address: Jid, password: string, permit: Permit | undefined): Promise<void> {
    if (await this.#taken(address)) throw conflict()
    await permit?.take(address)
    let made = false
    try {
      await this.#host.accounts.create(address, password, { again: this.#settings.reuse })
      made = true
    } catch (error) {
      // An operator was faster.
      throw error instanceof AccountError ? conflict() : error
    } finally {
      await permit?.settle(address, made)
    }
  }

  /** Whether somebody has this address, or had it: its tombstone keeps others from the trust that was in it. */
  async #taken(address: Jid): Promise<boolean> {
    if ((await this.#host.owners.find(address)) !== undefined) return true
    if (this.#settings.reuse) return false
    return (await this.#host.owners.removedAt(address)) !== undefined
  }
}

function conflict(): StanzaError {
  return new StanzaError('conflict', { text: 'This user name is taken. Choose another one.' })
}
