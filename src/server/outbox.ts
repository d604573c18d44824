interface Entry<T> {
  readonly item: T
  readonly bytes: number
  next: Entry<T> | undefined
}

/**
 * What was handed to the other side of a stream and is not known to have arrived: in order, numbered, and counted in
 * bytes. Client sessions, server links and the client library share it; what confirms an item is their business
 * (XEP-0198's `h`, or the kernel having taken the bytes).
 */
export class Outbox<T> {
  /** The oldest and the newest that wait. A chain, because an array that is filled and emptied all the time is made anew each time. */
  #first: Entry<T> | undefined
  #last: Entry<T> | undefined
  /** How many items were ever added. */
  sent = 0
  /** How many of them have been confirmed. */
  acknowledged = 0
  /** Who waits for so many items to have been confirmed, in order. */
  #awaited: { readonly count: number; readonly settle: (arrived: boolean) => void }[] | undefined
  /** Bytes of the items that wait. */
  bytes = 0

  /** What was handed over before this one counted, and is confirmed otherwise. */
  #before: Outbox<T> | undefined

  /** Where `acknowledged` items have been confirmed already; `before` is the outbox in whose place this one comes. */
  constructor(acknowledged = 0, before?: Outbox<T>) {
    this.sent = this.acknowledged = acknowledged
    if (before !== undefined && before.length > 0) this.#before = before
  }

  get length(): number {
    return this.sent - this.acknowledged
  }

  /** The oldest item that waits. */
  get first(): T | undefined {
    return this.#first?.item
  }

  /** Adds an item behind all others. */
  add(item: T, bytes: number): void {
    const entry: Entry<T> = { item, bytes, next: undefined }
    if (this.#last === undefined) this.#first = entry
    else this.#last.next = entry
    this.#last = entry
    this.sent++
    this.bytes += bytes
  }

  /** The first `count` items ever added have arrived. Returns how many that confirms anew; none where it goes back or too far. */
  acknowledge(count: number): number {
    const fresh = count - this.acknowledged
    if (fresh <= 0 || count > this.sent) return 0
    for (let i = 0; i < fresh; i++) {
      const entry = this.#first!
      this.bytes -= entry.bytes
      this.#first = entry.next
      // One that has become old before it died would keep all behind it from the young generation's collector.
      entry.next = undefined
    }
    if (this.#first === undefined) this.#last = undefined
    this.acknowledged = count
    this.#settle()
    return fresh
  }

  /** All that was added has arrived. */
  clear(): void {
    this.acknowledge(this.sent)
  }

  /** Of what was added no more than the last so many bytes can still be on their way: all before them has arrived. */
  within(bytes: number): void {
    let left = this.bytes
    let count = this.acknowledged
    for (let entry = this.#first; entry !== undefined && left - entry.bytes >= bytes; entry = entry.next) {
      left -= entry.bytes
      count++
    }
    this.acknowledge(count)
  }

  /** What waits, oldest first; the outbox keeps it. */
  waiting(): readonly T[] {
    const items: T[] = []
    for (let entry = this.#first; entry !== undefined; entry = entry.next) items.push(entry.item)
    return items
  }

  /** All that was handed over before this one counted has arrived. */
  clearBefore(): void {
    this.#before?.clear()
    this.#before = undefined
  }

  /** Takes out what waits of that. */
  takeBefore(): readonly T[] {
    const items = this.#before?.take() ?? []
    this.#before = undefined
    return items
  }

  /** Takes out what waits, oldest first: it will go another road. */
  take(): readonly T[] {
    const items = [...this.takeBefore(), ...this.waiting()]
    for (const { settle } of this.#awaited?.splice(0) ?? []) settle(false)
    this.clear()
    return items
  }

  /** Resolves when all that was added so far has been confirmed; with false where it is taken out before. */
  arrived(): Promise<boolean> {
    if (this.#first === undefined) return Promise.resolve(true)
    return new Promise(settle => (this.#awaited ??= []).push({ count: this.sent, settle }))
  }

  #settle(): void {
    const awaited = this.#awaited
    if (awaited === undefined) return
    while (awaited.length > 0 && awaited[0]!.count <= this.acknowledged) awaited.shift()!.settle(true)
  }
}
