import { AccountError } from '../../server/accounts.ts'
import type { Host } from '../../server/host.ts'
import type { TableWrite } from '../../server/table.ts'
import { put, remove, table } from '../../server/table.ts'
import { StanzaError } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { date, int, jid, list, text } from '../../wire/kinds.ts'
import type { Permit } from '../registration/exports.ts'

/**
 * Invitations of a host. Of the token only its hash is kept: it is long and random, so one round is enough. `claims` are
 * accounts that are being made with it: after a crash they tell which uses are spent.
 */
export const invitations = table(
  'invitations',
  { hash: text, created: date, expires: date, uses: int, used: int, claims: list(jid) },
  ['hash'],
)

export type Invitation = typeof invitations extends { read(row: never): infer R } ? R : never

/** An expired invitation is kept while a stream that has shown it may still be registering: no login takes a day. */
const grace = 86_400_000

/** The invitations of one host, in memory as they are in the store. */
export class Invitations {
  readonly #host: Host
  readonly #maximum: () => number
  #rows: ReadonlyMap<string, Invitation> = new Map()
  #loaded: Promise<void> | undefined

  constructor(host: Host, maximum: () => number) {
    this.#host = host
    this.#maximum = maximum
  }

  /** Reads them from the store where that was not done, or memory cannot be trusted. Rejects with StorageError. */
  load(): Promise<void> {
    this.#loaded ??= this.#load().catch(error => {
      this.#loaded = undefined
      throw error
    })
    return this.#loaded
  }

  /** Whether anybody could register with one of them now, as far as is known. */
  get offered(): boolean {
    for (const row of this.#rows.values()) if (this.#valid(row)) return true
    return false
  }

  /** Those that can still be used, oldest first. */
  async list(): Promise<readonly Invitation[]> {
    await this.load()
    return [...this.#rows.values()].filter(row => this.#valid(row)).sort((a, b) => +a.created - +b.created)
  }

  /** Makes one; the token is told here and never again. Throws AccountError where there are too many. */
  async create(lasting: number, uses: number): Promise<{ token: string; invitation: Invitation }> {
    const token = this.#host.shared.id()
    const hash = await this.#hash(token)
    await this.load()
    const now = this.#host.shared.now()
    const gone = [...this.#rows.values()].filter(row => +row.expires + grace < now)
    if (this.#rows.size - gone.length >= this.#maximum()) {
      throw new AccountError(`${this.#host.domain} has ${this.#maximum()} invitations already. Revoke some first.`)
    }
    const expires = new Date(now + lasting)
    const invitation: Invitation = { hash, created: new Date(now), expires, uses, used: 0, claims: [] }
    await this.#commit([...gone.map(row => remove(invitations, row)), put(invitations, invitation)])
    return { token, invitation }
  }

  /** Takes one back, found by its id; false where there is none. */
  async revoke(id: string): Promise<boolean> {
    await this.load()
    const row = [...this.#rows.values()].find(one => idOf(one) === id)
    if (row === undefined) return false
    await this.#commit([remove(invitations, row)])
    return true
  }

  /** The permit that this token gives now, or undefined. */
  async permit(token: string): Promise<Permit | undefined> {
    const hash = await this.#hash(token)
    await this.load()
    const row = this.#rows.get(hash)
    if (row === undefined || !this.#valid(row)) return undefined
    return { take: address => this.#take(hash, address), settle: (address, made) => this.#settle(hash, address, made) }
  }

  /** XEP-0445 §4: expiry was looked at when the token was shown, and is not again. */
  async #take(hash: string, address: Jid): Promise<void> {
    await this.load()
    const row = this.#rows.get(hash)
    if (row === undefined || row.used + row.claims.length >= row.uses) throw noSuchToken()
    await this.#commit([put(invitations, { ...row, claims: [...row.claims, address] })])
  }

  /** XEP-0445 §4: it counts as used once the account is there. */
  async #settle(hash: string, address: Jid, made: boolean): Promise<void> {
    const row = this.#rows.get(hash)
    if (row === undefined) return
    const claims = row.claims.filter(one => !one.equals(address))
    try {
      await this.#commit([settled({ ...row, claims, used: row.used + Number(made) })])
    } catch (error) {
      // The claim still stands in the store, and is settled when that is read again.
      this.#host.shared.log('error', 'use of an invitation not stored', {
        invitation: idOf(row),
        reason: String(error),
      })
    }
  }

  async #load(): Promise<void> {
    const rows = new Map((await this.#host.service.read(invitations)).map(row => [row.hash, row]))
    const changes: TableWrite<Invitation>[] = []
    for (const row of rows.values()) {
      if (row.claims.length === 0) continue
      let { used } = row
      for (const address of row.claims) if ((await this.#host.owners.find(address)) !== undefined) used++
      changes.push(settled({ ...row, claims: [], used }))
    }
    this.#rows = rows
    if (changes.length > 0) await this.#commit(changes)
  }

  /** Memory changes at once, so that two at the same time see each other. */
  async #commit(changes: readonly TableWrite<Invitation>[]): Promise<void> {
    const rows = new Map(this.#rows)
    for (const { values, remove: gone } of changes) {
      if (gone) rows.delete(values.hash)
      else rows.set(values.hash, values)
    }
    this.#rows = rows
    try {
      await this.#host.service.commit(...changes)
    } catch (error) {
      this.#loaded = undefined
      throw error
    }
  }

  #valid({ expires, used, claims, uses }: Invitation): boolean {
    return +expires > this.#host.shared.now() && used + claims.length < uses
  }

  async #hash(token: string): Promise<string> {
    const digest = await this.#host.shared.crypto.hash('sha-256', new TextEncoder().encode(token))
    return Array.from(digest, byte => byte.toString(16).padStart(2, '0')).join('')
  }
}

/** What operators call an invitation: it tells nothing of the token. */
export function idOf({ hash }: Invitation): string {
  return hash.slice(0, 8)
}

/** The same for a token that never was, is used up, expired or revoked. */
export function noSuchToken(): StanzaError {
  return new StanzaError('item-not-found', { text: 'The token is unknown, expired or used up.' })
}

/** One that is used up goes; while somebody may still give a use back, it stays. */
function settled(row: Invitation): TableWrite<Invitation> {
  return row.used >= row.uses && row.claims.length === 0 ? remove(invitations, row) : put(invitations, row)
}
