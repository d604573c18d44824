import type { Said } from './ledger.ts'

/** Something that a client sends. */
export interface Outgoing {
  readonly xml: string
  readonly said?: Said
}

/**
 * The client's half of XEP-0198 for what it sends: stanzas are counted, acknowledged ones are done, and what the server
 * has not taken is sent again, in order.
 */
export class Sending {
  /** What waits for a session, in order. */
  queue: Outgoing[] = []
  /** What was sent under stream management and is not acknowledged, in order. */
  #waiting: Outgoing[] = []
  /** Stanzas that were acknowledged since counting began. */
  #acknowledged = 0

  get acknowledged(): number {
    return this.#acknowledged
  }

  get waiting(): number {
    return this.#waiting.length
  }

  /** Counting begins (XEP-0198 §3). */
  begin(): void {
    this.#waiting = []
    this.#acknowledged = 0
  }

  sent(item: Outgoing): void {
    this.#waiting.push(item)
  }

  /**
   * The server has handled so many stanzas. Throws where it has never had as many, or has said more before (XEP-0198 §4:
   * the count never goes back).
   */
  acknowledge(h: number): readonly Outgoing[] {
    const fresh = h - this.#acknowledged
    if (fresh < 0) throw new Error(`the server's count went back from ${this.#acknowledged} to ${h}`)
    if (fresh > this.#waiting.length)
      throw new Error(`the server has handled ${h}, but was sent ${this.#acknowledged + this.#waiting.length}`)
    this.#acknowledged = h
    const done = this.#waiting.splice(0, fresh)
    for (const { said } of done) if (said !== undefined) said.acknowledged = true
    return done
  }

  /** What is to be written again in a resumed stream; it counts as it did (XEP-0198 §5). */
  again(): readonly Outgoing[] {
    return this.#waiting
  }

  /** The session is over: what of it was not acknowledged. */
  take(): readonly Outgoing[] {
    return this.#waiting.splice(0)
  }
}
