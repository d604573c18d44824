import type { Address, ClientTls, Random, Security, ServerTls, Socket, SocketReader, Timers } from './runtime.ts'
import { type Item, Lane, type LaneEnd, type PairOptions } from './socket-pair-lane.ts'
import { Handshake, type Hello, type Refusal, type Welcome } from './socket-pair-tls.ts'

export type { PairOptions }

const encoder = new TextEncoder()
/** What a TLS hello looks like to whoever expects text. */
const helloBytes = Uint8Array.of(22, 3, 1, 2, 0, 1, 0, 1, 252, 3, 3)

/** One end of a connection in memory, with the ways in which real ones break. */
export class MemorySocket implements Socket, LaneEnd {
  readonly peer: Address
  readonly #timers: Timers
  readonly #out: Lane
  readonly #in: Lane
  readonly #random: Random
  #reader: SocketReader | undefined
  #security: Security | undefined
  #handshake: Handshake | undefined
  #paused = false
  #holding = false
  #ending = false
  /** What waited when the connection broke, and was written since. */
  #lost = 0
  #over = false
  #told = false
  #error: Error | undefined

  constructor(peer: Address, out: Lane, into: Lane, options: PairOptions) {
    this.peer = peer
    this.#timers = options.timers
    this.#random = options.random
    this.#out = out
    this.#in = into
  }

  get security(): Security | undefined {
    return this.#security
  }

  get pending(): number {
    return this.#error === undefined ? this.#out.pending : this.#lost
  }

  /** Whether what arrives can be handed over. */
  get listening(): boolean {
    if (this.#handshake !== undefined || this.#over) return true
    return this.#reader !== undefined && !this.#paused && !this.#holding
  }

  start(reader: SocketReader): void {
    this.#reader = reader
    if (this.#over) this.#timers.turn(() => this.#tell())
    this.#in.schedule()
  }

  write(data: string | Uint8Array): void {
    if (this.#error) this.#lost += data.length
    if (this.#ending || this.#error) return
    this.#out.send(typeof data === 'string' ? encoder.encode(data) : data.slice())
  }

  pause(): void {
    this.#paused = true
  }

  resume(): void {
    this.#paused = false
    this.#in.schedule()
  }

  secure(options: ServerTls | ClientTls): Promise<void> {
    return new Promise((resolve, reject) => {
      if (this.#security || this.#handshake) return reject(new Error('This connection is encrypted already.'))
      if (this.#over || this.#ending)
        return reject(this.#error ?? new Error('The connection was closed before the TLS handshake.'))
      if (this.#reader) this.#in.drop()
      const timer = this.#timers.after(options.timeout ?? 30_000, () =>
        this.#refuse(`it took longer than ${options.timeout ?? 30_000} ms`),
      )
      this.#handshake = new Handshake(options, { resolve, reject, timer })
      const hello = this.#handshake.hello()
      if (hello) this.#out.send(hello)
      this.#in.schedule()
    })
  }

  /** Both ends are encrypted from the start, without a handshake. */
  presecure(security: Security): void {
    this.#security = security
  }

  end(): void {
    if (this.#ending) return
    this.#ending = true
    if (!this.#error) this.#out.send('end')
    this.resume()
  }

  destroy(): void {
    const begun = this.#ending
    this.#ending = true
    if (!begun && !this.#error) this.#out.send('end')
    this.#end(undefined)
  }

  /** The connection is no more on this end, whatever the other one knows. */
  break(error: Error): void {
    if (this.#error === undefined) this.#lost = this.#out.pending
    this.#error ??= error
    this.#ending = true
    this.#end(error)
  }

  drained(): void {
    this.#reader?.drained?.()
  }

  receive(item: Item): void {
    if (this.#over) return
    const handshake = this.#handshake
    if (item === 'end') {
      if (handshake) this.#refuse('the other end closed the connection')
      else this.#end(undefined)
    } else if (!handshake) this.#reader!.read(item instanceof Uint8Array ? item : helloBytes)
    else if (item instanceof Uint8Array) this.#refuse('wrong version number')
    else this.#shake(handshake, item)
  }

  #shake(handshake: Handshake, item: Hello | Welcome | Refusal): void {
    const step = handshake.take(item, this.#random)
    if (step.answer) this.#out.send(step.answer)
    if (step.refused !== undefined) this.#refuse(step.refused)
    if (!step.security) return
    this.#security = step.security
    this.#handshake = undefined
    this.#timers.cancel(handshake.outcome.timer)
    handshake.outcome.resolve()
    // whoever waits for it runs before anything is read
    this.#holding = true
    this.#timers.turn(() => {
      this.#holding = false
      this.#in.schedule()
    })
  }

  #refuse(reason: string): void {
    const handshake = this.#handshake
    if (!handshake) return
    const error = new Error(`The TLS handshake failed: ${reason}`)
    this.#handshake = undefined
    this.#timers.cancel(handshake.outcome.timer)
    this.#error ??= error
    if (!this.#ending) this.#out.send('end')
    this.#ending = true
    handshake.outcome.reject(error)
    this.#end(error)
  }

  #end(error: Error | undefined): void {
    if (this.#handshake) this.#refuse('the connection was closed')
    if (this.#over) return
    this.#over = true
    this.#error ??= error
    this.#timers.turn(() => this.#tell())
  }

  #tell(): void {
    if (this.#told || !this.#reader) return
    this.#told = true
    this.#reader.ended(this.#error)
  }
}

/** A connection in memory: its two ends, and what can happen to it. */
export class SocketPair {
  readonly server: MemorySocket
  readonly client: MemorySocket
  readonly #lanes: readonly Lane[]

  constructor(options: PairOptions) {
    const up = new Lane(options)
    const down = new Lane(options)
    this.#lanes = [up, down]
    this.server = new MemorySocket(options.client ?? { host: '127.0.0.1', port: 50_000 }, down, up, options)
    this.client = new MemorySocket(options.server ?? { host: '127.0.0.1', port: 5222 }, up, down, options)
    up.from = down.to = this.client
    up.to = down.from = this.server
  }

  /** Both ends lose it at once, with what was on the way. */
  cut(error: Error = new Error('The connection was reset.')): void {
    this.server.break(error)
    this.client.break(error)
    for (const lane of this.#lanes) lane.clear()
  }

  /** Nothing arrives any more, in either direction, until `flow`. */
  stall(): void {
    for (const lane of this.#lanes) lane.stalled = true
  }

  flow(): void {
    for (const lane of this.#lanes) {
      lane.stalled = false
      lane.schedule()
    }
  }

  /** Half open: one end is gone, and the other one never hears of it. */
  vanish(end: 'server' | 'client'): void {
    this.stall()
    this[end].break(new Error('The machine is gone.'))
  }
}
