interface Entry<T> {
  readonly item: T
  readonly bytes: number
}

/**
 * What was handed to the other side of a stream and is not known to have arrived: in order, numbered, and counted in
 * bytes. Client sessions, server links and the client library share it; what confirms an item is their business
 * (XEP-0198's `h`, or the kernel having taken the bytes).
 */
export class Outbox<T> {
  #entries: Entry<T>[] = []
  /** How many items were ever added. */
  sent = 0
  /** How many of them have been confirmed. */
  acknowledged = 0
  /** Bytes of the items that wait. */
  bytes = 0

  get length(): number {
    return this.#entries.length
  }

  /** Adds an item behind all others. */
  add(item: T, bytes: number): void {
    this.#entries.push({ item, bytes })
    this.sent++
    this.bytes += bytes
  }

  /** The first `count` items ever added have arrived. Returns how many that confirms anew; none where it goes back or too far. */
  acknowledge(count: number): number {
    const fresh = count - this.acknowledged
    if (fresh <= 0 || count > this.sent) return 0
    for (const entry of this.#entries.splice(0, fresh)) this.bytes -= entry.bytes
    this.acknowledged = count
    return fresh
  }

  /** All that was added has arrived. */
  clear(): void {
    if (this.#entries.length === 0) return
    this.#entries = []
    this.bytes = 0
    this.acknowledged = this.sent
  }

  /** What waits, oldest first; the outbox keeps it. */
  waiting(): readonly T[] {
    return this.#entries.map(entry => entry.item)
  }

  /** Takes out what waits, oldest first: it will go another road. */
  take(): readonly T[] {
    const items = this.waiting()
    this.clear()
    return items
  }
}
