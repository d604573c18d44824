import type { Element } from '../../wire/element.ts'

const nothing = '-'

/** One thing that a device sets again and again: what it wanted, in order, and how much of that was answered. */
interface Wishes {
  readonly values: string[]
  /** The last one that was answered with a result, or -1. */
  answered: number
  /** Those that were answered with an error. */
  readonly refused: Set<number>
}

/**
 * A list at the server that clients change by IQs and hear about by pushes: a roster (RFC 6121 §2) or a blocklist
 * (XEP-0191). Each device changes entries of its own, so that it is known what must be there.
 */
export class List {
  /** As this device sees it. */
  readonly shown = new Map<string, string>()
  /** Whether it was fetched in this session. */
  fetched = false
  readonly #wishes = new Map<string, Wishes>()
  readonly #asked = new Map<string, { name: string; place: number }>()

  /** Forgets what is shown: it is fetched anew. */
  fresh(items: Iterable<readonly [string, string]>): void {
    this.shown.clear()
    for (const [name, value] of items) this.shown.set(name, value)
    this.fetched = true
  }

  /** Entries have these values now, or are gone. */
  pushed(items: Iterable<readonly [string, string | undefined]>): void {
    for (const [name, value] of items) {
      if (value === undefined) this.shown.delete(name)
      else this.shown.set(name, value)
    }
  }

  /** The device asks, by an IQ with this id, that an entry have this value, or be gone. */
  ask(id: string, name: string, value: string | undefined): void {
    let wishes = this.#wishes.get(name)
    if (wishes === undefined) this.#wishes.set(name, (wishes = { values: [], answered: -1, refused: new Set() }))
    this.#asked.set(id, { name, place: wishes.values.length })
    wishes.values.push(value ?? nothing)
  }

  /** An IQ was answered, perhaps one of these. */
  answer(iq: Element): void {
    const id = iq.attribute('id') ?? ''
    const asked = this.#asked.get(id)
    if (asked === undefined) return
    this.#asked.delete(id)
    const wishes = this.#wishes.get(asked.name)!
    if (iq.attribute('type') === 'result') wishes.answered = Math.max(wishes.answered, asked.place)
    else wishes.refused.add(asked.place)
  }

  /** Whether a wish for this entry was refused: where the disk did not say, it may have been kept all the same. */
  unsure(name: string): boolean {
    return (this.#wishes.get(name)?.refused.size ?? 0) > 0
  }

  /** What is wrong with this list, a sentence each: what was answered with a result must be so, or what was asked later. */
  wrong(there: ReadonlyMap<string, string>): readonly string[] {
    const found: string[] = []
    for (const [name, { values, answered }] of this.#wishes) {
      const actual = there.get(name) ?? nothing
      const possible = values.slice(Math.max(0, answered))
      if (answered < 0) possible.push(nothing)
      if (!possible.includes(actual)) found.push(`${name} is ${actual}, and not ${possible.join(' or ')}`)
    }
    return found
  }
}
