/** Lists of parts that are told apart; where there are more, all are forgotten. */
const most = 32

/**
 * Values that are made of lists of parts, each made once: thousands of streams are offered the same, composed of a few
 * things that seldom change. Parts are the same where they are identical.
 */
export class Composed<T> {
  readonly #known: { readonly parts: readonly unknown[]; readonly made: T }[] = []

  /** The list is the caller's: it may change afterwards. */
  of(parts: readonly unknown[], make: () => T): T {
    for (const known of this.#known) if (areSame(known.parts, parts)) return known.made
    const made = make()
    if (this.#known.length >= most) this.#known.length = 0
    this.#known.push({ parts: [...parts], made })
    return made
  }
}

function areSame(one: readonly unknown[], other: readonly unknown[]): boolean {
  if (one.length !== other.length) return false
  for (let i = 0; i < one.length; i++) if (one[i] !== other[i]) return false
  return true
}
