import type { Host } from '../../server/host.ts'
import { legacyCursor, type Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import { put, remove, type TableWrite, table } from '../../server/table.ts'
import type { Jid } from '../../wire/jid.ts'
import { jid, whole } from '../../wire/kinds.ts'
import type { Devices } from './devices.ts'

/**
 * Accounts with clients that have no cursor of their own, and up to which entry of the log those have everything. After a
 * crash it is what they may not have, because the process knew that and nobody else.
 */
export const attended = table('attended', { account: jid, to: whole }, ['account'])

/** Entries that are looked at together after a crash. */
const page = 250

/** What was written to clients without a cursor of their own, and what they have of it, for after a crash (DESIGN 6). */
export class Unconfirmed {
  readonly #host: Host
  readonly #devices: Devices
  /** What the table says. */
  readonly #written = new Map<string, number>()
  /** What the table said when the process began, of accounts that have not come into memory since. */
  readonly #unread = new Map<string, { readonly account: Jid; readonly to: number }>()

  /** Whether the table could not be read when the process began. */
  #missing = false
  /** One attempt at a time to read it after all: what one account has taken out of it must not come in again. */
  #reading: Promise<void> | undefined

  constructor(host: Host, devices: Devices) {
    this.#host = host
    this.#devices = devices
  }

  /** A session has come, or taken more: what it has is written where that is new, and not for each message. */
  tend(owner: Owner): void {
    const sessions = this.#sessions(owner)
    if (sessions.length === 0) {
      this.#left(owner)
      return
    }
    const to = Math.min(...sessions.map(taken))
    if (to <= (this.#written.get(owner.address.full) ?? -1)) return
    this.#written.set(owner.address.full, to)
    this.#write(put(attended, { account: owner.address, to }))
  }

  /** A session is over, and what it had not taken goes its way: what still has its turn to come does so first. */
  ended({ owner }: Session): void {
    if (owner.turns.idle) this.#left(owner)
    else owner.turns.queue(undefined, () => this.#left(owner), nothing)
  }

  #left(owner: Owner): undefined {
    if (this.#sessions(owner).length > 0 || !this.#written.delete(owner.address.full)) return
    this.#write(remove(attended, { account: owner.address, to: 0 }))
  }

  /**
   * Reads what the process before has left. Until it has, nobody may come. Sessions that were kept over a restart have it
   * all, in their outboxes or in the log.
   */
  async begin(): Promise<void> {
    try {
      await this.#read()
    } catch (error) {
      this.#failed(error)
      this.#missing = true
    }
  }

  async #read(): Promise<void> {
    const rows = await this.#host.service.read(attended)
    this.#missing = false
    for (const row of rows) {
      const owner = this.#host.owners.loaded(row.account)
      if (owner === undefined) this.#unread.set(row.account.full, row)
      else if (owner.sessions.length > 0) this.#written.set(row.account.full, row.to)
      else await this.#wait(owner, row.to).catch(error => this.#failed(error))
    }
  }

  /**
   * An account comes into memory: before anything else, what its clients may not have waits for whoever comes next. Rejects
   * with StorageError where that cannot be; the account is then to come another time.
   */
  loaded(owner: Owner): Promise<void> | undefined {
    // A disk that could not be read at the start may be by now.
    if (this.#missing) {
      this.#reading ??= this.#read().finally(() => {
        this.#reading = undefined
      })
      return this.#reading.then(() => this.loaded(owner))
    }
    const row = this.#unread.get(owner.address.full)
    if (row === undefined) return undefined
    this.#unread.delete(owner.address.full)
    return this.#wait(owner, row.to).catch(error => {
      this.#unread.set(owner.address.full, row)
      throw error
    })
  }

  /** The same for all accounts that nobody comes to. */
  async all(): Promise<void> {
    for (const { account } of [...this.#unread.values()]) {
      try {
        await this.#host.owners.find(account)
      } catch (error) {
        this.#failed(error)
      }
    }
  }

  async #wait(owner: Owner, to: number): Promise<void> {
    const end = owner.last
    for (let after = Math.max(to, owner.cursor(legacyCursor)); ; ) {
      const entries = await owner.entries({ after, before: end + 1, archived: true, limit: page })
      const lost = entries.filter(one => one.direction === 'in' && !one.undelivered)
      if (lost.length > 0) await owner.commit(...lost.map(({ id }) => ({ undelivered: { id, undelivered: false } })))
      if (entries.length < page) break
      after = entries.at(-1)!.id
    }
    if (!this.#written.has(owner.address.full)) this.#write(remove(attended, { account: owner.address, to: 0 }))
  }

  #failed(error: unknown): void {
    this.#host.shared.log('error', 'what clients may not have was not looked for', { reason: String(error) })
  }

  /** Those that are not available too: what is for their full JIDs comes to them (RFC 6121 §8.5.3.1). */
  #sessions(owner: Owner): readonly Session[] {
    return owner.sessions.filter(one => !this.#devices.knows(owner, one.device))
  }

  #write(change: TableWrite<{ account: Jid; to: number }>): void {
    // Whatever is kept from now on, for whoever has come, is kept with this or after it.
    this.#host.service.note(change)
  }
}

/** Up to which entry of the log everything that a session was sent has been taken. */
function taken({ outbox, owner }: Session): number {
  for (const { envelope } of outbox.waiting()) if (envelope?.logged !== undefined) return envelope.logged.id - 1
  return owner.delivered
}

function nothing(): void {}
