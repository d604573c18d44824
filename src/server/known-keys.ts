import type { ScramKeys } from '../wire/sasl/server.ts'
import type { Soon } from '../wire/sasl/soon.ts'

/** So many are kept at hand, those that were asked for last. */
const most = 1000

/**
 * Keys of who has logged in, or tried to, lately: mostly the same clients come again, and a read costs more than all
 * arithmetic of SCRAM. Those that stand for nobody are among them, so that the time of an answer tells no more than before.
 */
export class KnownKeys {
  readonly #known = new Map<string, ScramKeys>()
  /** How often something has changed that they may be of. */
  #changes = 0

  /** Those of this name, read where they are not at hand. */
  of(name: string, read: () => Promise<ScramKeys>): Soon<ScramKeys> {
    const known = this.#known.get(name)
    if (known === undefined) return this.#read(name, read)
    this.#known.delete(name)
    this.#known.set(name, known)
    return known
  }

  async #read(name: string, read: () => Promise<ScramKeys>): Promise<ScramKeys> {
    const changes = this.#changes
    const keys = await read()
    if (changes === this.#changes) {
      if (this.#known.size >= most) this.#known.delete(this.#known.keys().next().value!)
      this.#known.set(name, keys)
    }
    return keys
  }

  /** Something changes until this has settled: nothing that was read before that is kept. */
  async changing<T extends Promise<unknown> | undefined>(change: T): Promise<Awaited<T>> {
    this.#forget()
    try {
      return await change
    } finally {
      this.#forget()
    }
  }

  #forget(): void {
    this.#changes++
    this.#known.clear()
  }
}
