import type { OwnerId, OwnerKind, Write } from '../storage/storage.ts'
import type { Jid } from '../wire/jid.ts'
import type { Soon } from '../wire/sasl/soon.ts'
import type { LoadRegistration } from './feature.ts'
import type { Host } from './host.ts'
import type { Keeping } from './owner.ts'
import { Owner } from './owner.ts'
import type { Table } from './table.ts'

/** The owners of one host: found in the store, held in memory while they are needed, let go when they are idle. */
export class Owners {
  readonly #host: Host
  readonly #kind: OwnerKind
  readonly #keeping: Keeping
  readonly #tables: readonly Table[]
  readonly #loads: readonly LoadRegistration[]
  readonly #loaded = new Map<string, Owner>()
  readonly #loading = new Map<string, Promise<Owner | undefined>>()

  constructor(
    host: Host,
    kind: OwnerKind,
    keeping: Keeping,
    tables: readonly Table[],
    loads: readonly LoadRegistration[],
  ) {
    this.#host = host
    this.#kind = kind
    this.#keeping = keeping
    this.#tables = tables.filter(table => table.loaded)
    this.#loads = loads
  }

  /** How many are in memory. */
  get size(): number {
    return this.#loaded.size
  }

  /** The owner with this bare JID, where memory holds it; it may be stale. */
  loaded(address: Jid): Owner | undefined {
    return this.#loaded.get(address.full)
  }

  all(): Iterable<Owner> {
    return this.#loaded.values()
  }

  /** The owner with this bare JID, at once or from the store; undefined where there is none. Rejects with StorageError. */
  find(address: Jid): Soon<Owner | undefined> {
    const owner = this.#loaded.get(address.full)
    if (owner !== undefined && !owner.stale) return owner
    if (owner !== undefined) return this.reload(owner).then(() => owner)
    return this.#once(address.full, async () => {
      const id = await this.#keeping.storage.find(address.full)
      return id === undefined ? undefined : this.#load(address, id)
    })
  }

  /** Makes an owner; rejects with StorageError where there is one already. */
  async create(address: Jid, writes: readonly Write[] = []): Promise<Owner> {
    const key = address.full
    const id = await this.#keeping.storage.create(key, this.#kind, writes)
    // Whoever looks for it meanwhile gets the same one; who looked too early has found nothing, or fails alone.
    await this.#loading.get(key)?.catch(() => undefined)
    return this.#loaded.get(key) ?? (await this.#once(key, () => this.#load(address, id)))!
  }

  /** Fills the memory of an owner anew, after a commit has failed. */
  async reload(owner: Owner): Promise<void> {
    await this.#once(owner.address.full, async () => {
      if (owner.stale) await this.#fill(owner)
      return owner
    })
  }

  /** When an owner with this address was last removed, in milliseconds since 1970, or undefined. Rejects with StorageError. */
  removedAt(address: Jid): Promise<number | undefined> {
    return this.#keeping.storage.tombstone(address.full)
  }

  /** Takes an owner and all its data away. */
  async remove(owner: Owner): Promise<void> {
    this.#loaded.delete(owner.address.full)
    await this.#keeping.storage.remove(owner.id, this.#keeping.now())
  }

  /** Lets go of all that were not needed since the last time. */
  sweep(): void {
    for (const [key, owner] of this.#loaded) {
      if (owner.used || pinned(owner)) owner.used = false
      else this.#loaded.delete(key)
    }
  }

  async #load(address: Jid, id: OwnerId): Promise<Owner> {
    const owner = new Owner(this.#kind, address, this.#host, id, this.#keeping)
    await this.#fill(owner)
    this.#loaded.set(address.full, owner)
    return owner
  }

  async #fill(owner: Owner): Promise<void> {
    await owner.load(this.#tables)
    for (const { run } of this.#loads) await run(owner)
  }

  #once(key: string, load: () => Promise<Owner | undefined>): Promise<Owner | undefined> {
    const running = this.#loading.get(key)
    if (running !== undefined) return running
    const loading = load().finally(() => this.#loading.delete(key))
    this.#loading.set(key, loading)
    return loading
  }
}

/** What keeps an owner in memory: somebody is connected, or something still waits in its turns. */
function pinned(owner: Owner): boolean {
  return owner.leaving || owner.sessions.length > 0 || !owner.turns.idle
}
