import { StanzaError } from '../wire/errors.ts'
import type { Jid } from '../wire/jid.ts'

/** Entities that one session may send directed presence to. */
const atMost = 10_000

const nobody: ReadonlySet<string> = new Set()

/** JIDs that one session sent directed presence to and has not taken it back from (RFC 6121 §4.6), as full texts. */
export class Directed {
  /** Made with the first one: most sessions have none. */
  #told: Set<string> | undefined

  get size(): number {
    return this.#told?.size ?? 0
  }

  has(full: string): boolean {
    return this.#told?.has(full) === true
  }

  [Symbol.iterator](): Iterator<string> {
    return (this.#told ?? nobody).values()
  }

  /** It was told that the session is available. Throws StanzaError where there are too many. */
  add(jid: Jid): void {
    const told = (this.#told ??= new Set())
    if (told.size >= atMost && !told.has(jid.full))
      throw new StanzaError('policy-violation', { text: 'Too much directed presence.' })
    told.add(jid.full)
  }

  /** It was told, or need not be told, that the session is not available. */
  delete(full: string): void {
    this.#told?.delete(full)
  }

  clear(): void {
    this.#told = undefined
  }
}
