import type { Crypto, Random } from '../runtime/runtime.ts'
import { Malformed, type StanzaCondition, StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { base64, bool, int, oneOf } from '../wire/kinds.ts'
import type { ScramHash } from '../wire/sasl/crypto.ts'
import type { ScramKeys } from '../wire/sasl/server.ts'
import { deriveScramKeys, fakeScramKeys, passwordMatches, saltLength } from '../wire/sasl/server.ts'
import { type Soon, when } from '../wire/sasl/soon.ts'
import { utf8 } from '../wire/sasl/text.ts'
import { extensionPoint } from './feature.ts'
import type { Host } from './host.ts'
import { KnownKeys } from './known-keys.ts'
import type { Change, Owner } from './owner.ts'
import type { Session } from './session.ts'
import { put, storageWrite, table } from './table.ts'

const hashes = ['sha-1', 'sha-256', 'sha-512'] as const satisfies readonly ScramHash[]

/** What is kept of a password, once for each SCRAM hash: never the password. */
export const credentials = table(
  'credentials',
  { hash: oneOf(...hashes), salt: base64, iterations: int, storedKey: base64, serverKey: base64 },
  ['hash'],
)

/** What an account is beside its password; an account without a row may log in. */
export const standing = table('standing', { disabled: bool }, [], { loaded: true })

/** What changes together with an account's password: what the old one has opened. */
export const passwordChanges = extensionPoint<(owner: Owner) => readonly Change[]>('changes with a password')

/** What a person can mend about an account command; its message says how. */
export class AccountError extends Error {
  override readonly name = 'AccountError'
  /** What a stanza error says of it. */
  readonly condition: StanzaCondition

  constructor(message: string, condition: StanzaCondition = 'not-acceptable') {
    super(message)
    this.condition = condition
  }
}

/** The address was an account's that was removed. */
export class RemovedError extends AccountError {
  constructor(address: Jid, at: number) {
    const day = new Date(at).toISOString().slice(0, 10)
    super(
      `${address} was removed on ${day}. Others may take whoever has it now for the same person: ` +
        'make it again (--again) only where it is.',
      'conflict',
    )
  }
}

/** The accounts of one host: who may log in, and with what. */
export class Accounts {
  readonly #host: Host
  readonly #crypto: Crypto
  readonly #random: Random
  readonly #iterations: () => number
  /** Makes keys for users that do not exist; the same after a restart. */
  readonly #secret: Uint8Array
  /** How many passwords were set since the start. */
  passwordsSet = 0
  readonly #known = new KnownKeys()

  constructor(host: Host, crypto: Crypto, random: Random, iterations: () => number, secret: Uint8Array) {
    this.#host = host
    this.#crypto = crypto
    this.#random = random
    this.#iterations = iterations
    this.#secret = secret
  }

  /**
   * Makes an account. Throws AccountError where there is one, or where there was one, unless it is to be made `again`:
   * whoever gets the address of somebody who is gone gets what others still believe of it. Throws Malformed for a
   * password that cannot be one.
   */
  async create(address: Jid, password: string, { again = false } = {}): Promise<Owner> {
    this.#check(address)
    const changes = await this.#credentials(password)
    const { owners } = this.#host
    if ((await owners.find(address)) !== undefined) {
      throw new AccountError(`${address} exists already. Remove it first, or change its password.`, 'conflict')
    }
    const removed = again ? undefined : await owners.removedAt(address)
    if (removed !== undefined) throw new RemovedError(address, removed)
    return this.#known.changing(owners.create(address, changes.map(storageWrite)))
  }

  /** Sets another password. Throws AccountError where there is no such account. */
  async setPassword(address: Jid, password: string): Promise<void> {
    const changes: Change[] = await this.#credentials(password)
    const owner = await this.#existing(address)
    this.passwordsSet++
    const also = this.#host.extensions(passwordChanges).flatMap(one => one(owner))
    await this.#known.changing(owner.commit(...changes, ...also))
  }

  /**
   * With what keys of an account's password are to be made that are better than those it has for this hash: a salt and a
   * count. Undefined where those are as good. There are no new ones for SHA-1 where there are none: that would be worse.
   */
  async betterKeys(owner: Owner, hash: ScramHash): Promise<Pick<ScramKeys, 'salt' | 'iterations'> | undefined> {
    const kept = (await owner.read(credentials, { hash }))[0]
    const iterations = this.#iterations()
    if (kept === undefined ? hash === 'sha-1' : kept.iterations >= iterations) return undefined
    return { salt: this.#random.bytes(saltLength), iterations }
  }

  /**
   * Keeps better keys of the password that an account has, unless some password was set since `passwordsSet` was this:
   * they may be of an old one. Rejects with StorageError.
   */
  async keep(owner: Owner, keys: ScramKeys, passwordsSet: number): Promise<void> {
    if (this.passwordsSet === passwordsSet && !owner.leaving)
      await this.#known.changing(owner.commit(put(credentials, keys)))
  }

  /** Lets an account log in or not; its sessions end when it may not. */
  async setDisabled(address: Jid, disabled: boolean): Promise<void> {
    const owner = await this.#existing(address)
    await owner.commit(put(standing, { disabled }))
    if (!disabled) return
    for (const session of [...owner.sessions])
      session.fail(new StreamError('not-authorized', 'The account was disabled.'))
  }

  /**
   * Takes an account away: its sessions end, its features release what they hold (subscriptions are cancelled), its
   * data goes, and a tombstone stays so that nobody inherits the address's trust. The session that asks for it ends as
   * its last answer is out.
   */
  async remove(address: Jid, asking?: Session): Promise<void> {
    const owner = await this.#existing(address)
    // From here on nobody can log in to it.
    owner.leaving = true
    const end = new StreamError('not-authorized', 'The account was removed.')
    for (const session of [...owner.sessions]) {
      if (session === asking) session.close(end)
      else session.fail(end)
    }
    try {
      for (const { removed } of this.#host.features) await removed?.(owner)
      await this.#known.changing(this.#host.owners.remove(owner))
    } catch (error) {
      owner.leaving = false
      throw error
    }
  }

  /** Whether the account of this localpart must not log in. */
  disabled(local: string): Soon<boolean> {
    return when(this.#find(local), owner => owner === undefined || !mayLogIn(owner))
  }

  /** The keys of a user, or for nobody's name ones that look the same every time and never match. */
  scramKeys(username: string, hash: ScramHash): Soon<ScramKeys> {
    const name = prepared(username)
    return this.#known.of(`${hash} ${name}`, async () => {
      const owner = await this.#find(username)
      const kept = (await owner?.read(credentials, { hash }))?.[0]
      return kept ?? fakeScramKeys(this.#crypto, this.#secret, name, hash, this.#iterations())
    })
  }

  /** Whether the password is this user's; for nobody's name it costs the same. */
  async checkPassword(username: string, password: string): Promise<boolean> {
    return passwordMatches(this.#crypto, await this.scramKeys(username, 'sha-256'), password)
  }

  /** Bytes that are the same for the same name and purpose, also after a restart, and that nobody else can guess. */
  async derived(purpose: string, name: string): Promise<Uint8Array> {
    return this.#crypto.hmac('sha-256', this.#secret, utf8(`${purpose}\0${name}`))
  }

  /** The account, loaded. Throws AccountError where there is none. */
  async #existing(address: Jid): Promise<Owner> {
    this.#check(address)
    const owner = await this.#host.owners.find(address)
    if (owner === undefined || owner.leaving)
      throw new AccountError(`There is no account ${address}.`, 'item-not-found')
    return owner
  }

  #check(address: Jid): void {
    if (address.local !== '' && address.isBare && address.domain === this.#host.domain.domain) return
    throw new AccountError(`${address} is no account's address here. It looks like name@${this.#host.domain}.`)
  }

  #find(username: string): Soon<Owner | undefined> {
    try {
      return this.#host.owners.find(Jid.of(username, this.#host.domain.domain))
    } catch (error) {
      if (error instanceof Malformed) return undefined
      throw error
    }
  }

  async #credentials(password: string) {
    const keys = await Promise.all(
      hashes.map(hash =>
        deriveScramKeys(this.#crypto, hash, password, this.#random.bytes(saltLength), this.#iterations()),
      ),
    )
    return keys.map(row => put(credentials, row))
  }
}

/** Whether sessions of an account may begin now. */
export function mayLogIn(owner: Owner): boolean {
  return !owner.leaving && owner.rows(standing).get('')?.disabled !== true
}

/** All spellings of one account share a salt; what cannot be an account is its own. */
function prepared(username: string): string {
  return Jid.tryParse(`${username}@localhost`)?.local ?? username
}
