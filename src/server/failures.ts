/** Keys that are remembered at once; the oldest are forgotten first. */
const keysAtMost = 100_000

/** Counts what went wrong by key (an address, an account), and says when it is too much. What is counted fades with time. */
export class Failures {
  readonly #counts = new Map<string, { count: number; since: number }>()
  readonly #elapsed: () => number
  readonly #window: () => number
  readonly #most: (key: string) => number

  /** `elapsed` in milliseconds; a count is forgotten `window` milliseconds after its first failure. All may change. */
  constructor(elapsed: () => number, window: number | (() => number), most: (key: string) => number) {
    this.#elapsed = elapsed
    this.#window = typeof window === 'number' ? () => window : window
    this.#most = most
  }

  count(key: string): void {
    const entry = this.#current(key)
    if (entry !== undefined) {
      entry.count++
      return
    }
    if (this.#counts.size >= keysAtMost) this.#counts.delete(this.#counts.keys().next().value!)
    this.#counts.set(key, { count: 1, since: this.#elapsed() })
  }

  /** Takes one count back: what was counted in advance did not go wrong. */
  uncount(key: string): void {
    const entry = this.#current(key)
    if (entry !== undefined && --entry.count === 0) this.#counts.delete(key)
  }

  blocked(key: string): boolean {
    return (this.#current(key)?.count ?? 0) >= this.#most(key)
  }

  forget(key: string): void {
    this.#counts.delete(key)
  }

  #current(key: string): { count: number; since: number } | undefined {
    const entry = this.#counts.get(key)
    if (entry === undefined || this.#elapsed() - entry.since < this.#window()) return entry
    this.#counts.delete(key)
    return undefined
  }
}
