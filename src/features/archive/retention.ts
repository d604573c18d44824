import type { Host } from '../../server/host.ts'
import type { OwnerId, Storage } from '../../server/owner.ts'
import { Jid } from '../../wire/jid.ts'

/** Messages that one commit takes away: others want to write too. */
const slice = 2000
/** Accounts that are looked up at once. */
const page = 500
/** How often the archives are looked through, in milliseconds. */
const often = 3_600_000

/** What stays: read whenever it counts. */
export interface Limits {
  /** Milliseconds; 0 is for ever. */
  readonly keep: number
  /** Messages of one archive; 0 is all. */
  readonly maximum: number
}

/**
 * Takes out of a log's archive what has a smaller id than this, the oldest first, so that it never has holes
 * (XEP-0313 §3.2). What somebody must still get stays in the log until then. Rejects with StorageError.
 */
export async function purge(storage: Storage, owner: OwnerId, before: number): Promise<void> {
  while ((await storage.log(owner, { before, archived: true, limit: 1 })).length > 0)
    await storage.commit(owner, [{ write: 'purge', before, limit: slice }])
}

/** Lets go of what has become too old or too much, in the archives of all accounts of a host. */
export class Retention {
  readonly #host: Host
  readonly #limits: Limits
  #last = 0
  #running = false

  constructor(host: Host, limits: Limits) {
    this.#host = host
    this.#limits = limits
  }

  /** Looks through the archives where that is due. */
  tend(): void {
    const { keep, maximum } = this.#limits
    const { log, now } = this.#host.shared
    if ((keep === 0 && maximum === 0) || this.#running || Math.abs(now() - this.#last) < often) return
    this.#last = now()
    this.#running = true
    const host = this.#host.domain.full
    this.#all()
      .then(() => log('debug', 'archives looked through', { host }))
      .catch(error => log('error', 'archives could not be looked through', { host, reason: String(error) }))
      .finally(() => (this.#running = false))
  }

  async #all(): Promise<void> {
    const { storage } = this.#host.shared.keeping
    const host = this.#host.domain.full
    let after: string | undefined
    for (;;) {
      const addresses = await storage.owners(host, 'account', { limit: page, ...(after !== undefined && { after }) })
      for (const address of addresses) await this.#one(storage, address)
      if (addresses.length < page) return
      after = addresses.at(-1)
    }
  }

  async #one(storage: Storage, address: string): Promise<void> {
    const { keep, maximum } = this.#limits
    const id = this.#host.owners.loaded(Jid.parse(address))?.id ?? (await storage.find(address))
    if (id === undefined) return
    if (keep > 0) await purge(storage, id, Math.max(0, (this.#host.shared.now() - keep) * 1000))
    const oldest = maximum > 0 ? await storage.logBehind(id, maximum - 1) : undefined
    if (oldest !== undefined) await purge(storage, id, oldest)
  }
}
