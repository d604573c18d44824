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
}

const declared: Slot<unknown>[] = []

/** Declares a slot: its kind, what it holds at first, and how long its value lives. */
export function slot<T>(kind: Kind<T>, initial: T, options: { lives: Life }): Slot<T> {
  const made: Slot<T> = { index: declared.length, kind, initial, lives: options.lives }
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

  /** The connection is gone: what lived as long as it goes too. */
  endStream(): void {
    if (this.#values === undefined) return
    for (const slot of declared) if (slot.lives === 'stream') this.#values[slot.index] = undefined
  }
}
