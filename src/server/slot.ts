import type { Kind } from '../wire/kinds.ts'

/**
 * How long a slot's value lives: `stream` ends with the connection (CSI: XEP-0352 §5.2), `session` survives a resumption
 * and a restart (carbons).
 */
export type Life = 'stream' | 'session'

/** A typed place in each session for one feature's state. */
export interface Slot<T> {
  readonly index: number
  readonly kind: Kind<T>
  readonly initial: T
  readonly lives: Life
  /** How a snapshot calls it; undefined where it ends with the stream. */
  readonly name: string | undefined
}

const declared: Slot<unknown>[] = []

/**
 * Declares a slot: its kind, what it holds at first, and how long its value lives. What survives a restart has a name that
 * stays: one whose values come to mean something else gets another.
 */
export function slot<T>(
  kind: Kind<T>,
  initial: T,
  options: { lives: 'stream' } | { lives: 'session'; name: string },
): Slot<T> {
  const name = options.lives === 'session' ? options.name : undefined
  if (name !== undefined && declared.some(one => one.name === name)) throw new Error(`two slots are named ${name}`)
  const made: Slot<T> = { index: declared.length, kind, initial, lives: options.lives, name }
  declared.push(made as Slot<unknown>)
  return made
}

/** The values of one session's slots; nothing is kept for a slot that was never set. */
export class Slots {
  #values: unknown[] | undefined

  get<T>(slot: Slot<T>): T {
    const value = this.#values?.[slot.index]
    return value === undefined ? slot.initial : (value as T)
  }

  set<T>(slot: Slot<T>, value: T): void {
    this.#values ??= []
    this.#values[slot.index] = value
  }

  /** What lives as long as the session, as text: names and values in turn. */
  kept(): readonly string[] {
    const texts: string[] = []
    for (const { index, kind, name } of declared) {
      const value = this.#values?.[index]
      if (name !== undefined && value !== undefined) texts.push(name, kind.write(value))
    }
    return texts
  }

  /** Takes back what `kept` gave; what nobody declares any more is forgotten. Throws Malformed. */
  restore(kept: readonly string[]): void {
    for (let at = 0; at < kept.length; at += 2) {
      const found = declared.find(one => one.name !== undefined && one.name === kept[at])
      if (found !== undefined) this.set(found, found.kind.read(kept[at + 1] ?? ''))
    }
  }

  /** The connection is gone: what lived as long as it goes too. */
  endStream(): void {
    if (this.#values === undefined) return
    for (const slot of declared) if (slot.lives === 'stream') this.#values[slot.index] = undefined
  }
}
