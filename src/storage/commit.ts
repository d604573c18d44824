/** Who is told what became of something, at once and without a promise. */
export interface Watcher {
  kept(): void
  failed(error: unknown): void
}

/**
 * For what whoever is told of something has thrown: a bug, which must keep the word from nobody else, nor stop what goes on
 * behind. It comes out where nobody catches it, and is logged there.
 */
export function stray(thrown: unknown): void {
  queueMicrotask(() => {
    throw thrown
  })
}

/**
 * A commit on its way: its watchers are told, in the order in which they came. Where there is one for every stanza this
 * costs a fraction of a promise.
 */
export class Commit {
  /** About how big it is; what is committed together adds up. */
  bytes: number
  #watchers: Watcher[] | undefined = []
  #error: unknown

  constructor(bytes = 0) {
    this.bytes = bytes
  }

  /** One that has failed already. */
  static failed(error: unknown): Commit {
    const commit = new Commit()
    commit.failed(error)
    return commit
  }

  /** One that ends as a promise does. */
  static of(promise: Promise<unknown>): Commit {
    const commit = new Commit()
    promise.then(
      () => commit.kept(),
      error => commit.failed(error),
    )
    return commit
  }

  /** It is durable. */
  kept(): void {
    const watchers = this.#watchers!
    this.#watchers = undefined
    for (const watcher of watchers)
      try {
        watcher.kept()
      } catch (thrown) {
        stray(thrown)
      }
  }

  /** It is not, or nobody knows (see `StorageError`). */
  failed(error: unknown): void {
    const watchers = this.#watchers!
    this.#watchers = undefined
    this.#error = error ?? new Error('A commit failed without a reason.')
    for (const watcher of watchers)
      try {
        watcher.failed(this.#error)
      } catch (thrown) {
        stray(thrown)
      }
  }

  watch(watcher: Watcher): void {
    if (this.#watchers !== undefined) this.#watchers.push(watcher)
    else queueMicrotask(() => (this.#error === undefined ? watcher.kept() : watcher.failed(this.#error)))
  }

  /** For whoever has only a few of them. */
  promise(): Promise<void> {
    return new Promise((kept, failed) => this.watch({ kept, failed }))
  }
}
