import type { Address, Random, Timers } from './runtime.ts'
import type { Hello, Refusal, Welcome } from './socket-pair-tls.ts'

/** How two sockets in memory are connected. */
export interface PairOptions {
  readonly timers: Timers
  /** Where the channel bindings of simulated TLS come from. */
  readonly random: Random
  /** Milliseconds that bytes travel; 0 is the next turn. */
  readonly latency?: number
  /** Bytes that travel or lie unread before the writer's `pending` grows; 256 KiB unless told. */
  readonly capacity?: number
  /** At most so many bytes come in one `read`. */
  readonly chunk?: number
  readonly server?: Address
  readonly client?: Address
}

/** What travels: bytes, a word of the simulated handshake, or the end. */
export type Item = Uint8Array | Hello | Welcome | Refusal | 'end'

/** Whoever stands at an end of a lane. */
export interface LaneEnd {
  /** Whether what arrives can be handed over. */
  readonly listening: boolean
  receive(item: Item): void
  /** Nothing is pending any more. */
  drained(): void
}

/** One direction: keeps order, counts what was not taken, and can be stalled. */
export class Lane {
  readonly #timers: Timers
  readonly #latency: number
  readonly #capacity: number
  readonly #chunk: number
  #items: Item[] = []
  #arrived = 0
  #bytes = 0
  /** Whether the writer was told to wait. */
  #full = false
  #scheduled = false
  stalled = false
  from!: LaneEnd
  to!: LaneEnd

  constructor(options: PairOptions) {
    this.#timers = options.timers
    this.#latency = options.latency ?? 0
    this.#capacity = options.capacity ?? 262_144
    this.#chunk = options.chunk ?? Number.POSITIVE_INFINITY
  }

  get pending(): number {
    return Math.max(0, this.#bytes - this.#capacity)
  }

  send(item: Item): void {
    this.#items.push(item)
    if (item instanceof Uint8Array) this.#bytes += item.length
    if (this.pending > 0) this.#full = true
    if (this.#latency === 0) this.schedule()
    else
      this.#timers.after(this.#latency, () => {
        this.#arrived++
        this.deliver()
      })
  }

  /** Delivers in the next turn. */
  schedule(): void {
    if (this.#scheduled) return
    this.#scheduled = true
    this.#timers.turn(() => {
      this.#scheduled = false
      if (this.#latency === 0) this.#arrived = this.#items.length
      this.deliver()
    })
  }

  deliver(): void {
    while (this.#arrived > 0 && this.#items.length > 0 && !this.stalled && this.to.listening) {
      const item = this.#items[0]!
      if (item instanceof Uint8Array && item.length > this.#chunk) {
        this.#items[0] = item.subarray(this.#chunk)
        this.#take(item.subarray(0, this.#chunk))
      } else {
        this.#items.shift()
        this.#arrived--
        this.#take(item)
      }
    }
  }

  /** Forgets the bytes that have arrived. */
  drop(): void {
    const arrived = this.#items.splice(0, this.#arrived)
    const kept = arrived.filter(item => !(item instanceof Uint8Array))
    for (const item of arrived) if (item instanceof Uint8Array) this.#bytes -= item.length
    this.#items.unshift(...kept)
    this.#arrived = kept.length
    this.#relieve()
  }

  clear(): void {
    this.#items = []
    this.#arrived = this.#bytes = 0
  }

  #relieve(): void {
    if (!this.#full || this.pending > 0) return
    this.#full = false
    this.from.drained()
  }

  #take(item: Item): void {
    if (item instanceof Uint8Array) this.#bytes -= item.length
    this.to.receive(item)
    this.#relieve()
  }
}
