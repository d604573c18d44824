import type { Element } from '../../wire/element.ts'

/** IQs that a client waits for the answers of. */
export class Requests {
  readonly #waiting = new Map<string, (iq: Element) => void>()
  readonly #prefix: string
  #count = 0

  constructor(prefix: string) {
    this.#prefix = prefix
  }

  get size(): number {
    return this.#waiting.size
  }

  /** An id for one that is sent now, and what is to be done with its answer. */
  make(answered: (iq: Element) => void): string {
    const id = `${this.#prefix}-${++this.#count}`
    this.#waiting.set(id, answered)
    return id
  }

  /** An answer has come. */
  take(iq: Element): void {
    const id = iq.attribute('id') ?? ''
    const answered = this.#waiting.get(id)
    this.#waiting.delete(id)
    answered?.(iq)
  }

  /** The session is over, and so no answers come. */
  clear(): void {
    this.#waiting.clear()
  }
}
