import type {
  Address,
  ChannelBindingType,
  ClientTls,
  Security,
  ServerTls,
  Socket,
  SocketReader,
  Timers,
} from '../runtime/runtime.ts'
import { type Agreed, order } from './cluster.ts'
import type { Member } from './member.ts'

/** A connection that was accepted and is not read by anybody. */
export interface Accepted {
  readonly peer: Address
  /** What moves to a node. */
  readonly connection: object
  /** Lets go of it where it was not moved. */
  destroy(): void
}

interface Waiting {
  readonly resolve: () => void
  readonly reject: (error: Error) => void
}

/** Home's end of a connection that a node carries. It moves there when somebody first wants to read it or to have TLS. */
export class RemoteSocket implements Socket {
  readonly number: number
  readonly peer: Address
  readonly #member: Member
  readonly #timers: Timers
  #accepted: Accepted | undefined
  #reader: SocketReader | undefined
  #security: Security | undefined
  #handshake: Waiting | undefined
  /** What was told to be written, and how much of it the kernel is known to have taken. */
  #sent = 0
  #taken = 0
  #paused = false
  /** Whoever waits for a handshake runs before anything is read. */
  #holding = false
  /** What came while nobody was to read: the node had not heard of that yet. */
  #kept: Uint8Array[] = []
  #ending = false
  #destroyed = false
  #over = false
  #told = false
  #error: Error | undefined

  constructor(number: number, accepted: Accepted, member: Member, timers: Timers) {
    this.number = number
    this.peer = accepted.peer
    this.#accepted = accepted
    this.#member = member
    this.#timers = timers
    member.carries(this)
  }

  get security(): Security | undefined {
    return this.#security
  }

  get pending(): number {
    return this.#sent - this.#taken
  }

  start(reader: SocketReader): void {
    this.#reader = reader
    this.#order(order.start)
    if (this.#over || this.#kept.length > 0) this.#timers.turn(this.#go)
  }

  write(data: string | Uint8Array): void {
    // In good order the other end may still be reading (see `SocketReader.ended`).
    if (this.#ending) return
    this.#sent += data.length
    if (this.#error !== undefined) return
    this.#move()
    this.#member.write(this.number, typeof data === 'string' ? data : new Uint8Array(data))
  }

  pause(): void {
    this.#paused = true
    this.#order(order.pause)
  }

  resume(): void {
    if (!this.#paused) return
    this.#paused = false
    this.#order(order.resume)
    if (this.#kept.length > 0) this.#timers.turn(this.#go)
  }

  secure(options: ServerTls | ClientTls): Promise<void> {
    return new Promise((resolve, reject) => {
      if (options.role !== 'server') return reject(new Error('Who accepts a connection is the server of its TLS.'))
      if (this.#security || this.#handshake) return reject(new Error('This connection is encrypted already.'))
      if (this.#over || this.#ending)
        return reject(this.#error ?? new Error('The connection was closed before the TLS handshake.'))
      // RFC 6120 §5.4.3.3
      this.#kept = []
      this.#handshake = { resolve, reject }
      this.#move()
      this.#member.secure(this.number, options)
    })
  }

  end(): void {
    if (this.#ending) return
    this.#ending = true
    this.#order(order.end)
    // Whoever does not read does not see that the other end agrees.
    this.#paused = false
    if (this.#kept.length > 0) this.#timers.turn(this.#go)
    this.#forget()
  }

  destroy(): void {
    if (this.#destroyed) return
    this.#ending = this.#destroyed = true
    this.#kept = []
    // The end that was behind it.
    if (this.#over) this.#timers.turn(this.#go)
    if (this.#accepted !== undefined) {
      this.#accepted.destroy()
      this.#accepted = undefined
      this.#over = true
    } else this.#member.order(order.destroy, this.number)
    // Nobody will be told of its end but who waits for a handshake.
    if (this.#reader === undefined) this.ended(undefined)
    this.#forget()
  }

  // what the node tells

  /** The chunk is only lent. */
  received(chunk: Uint8Array): void {
    // RFC 6120 §5.4.3.3: what was on its way when TLS was asked for came before it.
    if (this.#destroyed || this.#handshake !== undefined) return
    if (this.#ending && this.#reader === undefined) return
    if (this.#deaf || this.#kept.length > 0) this.#kept.push(chunk.slice())
    else this.#reader!.read(chunk)
  }

  taken(total: number): void {
    if (total <= this.#taken) return
    this.#taken = total
    if (total === this.#sent && !this.#over) this.#reader?.drained?.()
  }

  secured(agreed: Agreed): void {
    const handshake = this.#handshake
    if (handshake === undefined) return
    this.#handshake = undefined
    const { bindings, ...facts } = agreed
    const channelBindings = shared(facts.channelBindings)
    this.#security = { ...facts, channelBindings, verified: false, channelBinding: type => bindings[type] }
    this.#holding = true
    handshake.resolve()
    this.#timers.turn(this.#release)
  }

  refused(reason: string): void {
    if (this.#handshake !== undefined) this.ended(new Error(reason))
  }

  /** No more comes: in good order, or because of this. */
  ended(error: Error | undefined): void {
    if (this.#over) return
    this.#over = true
    this.#error = error
    this.#accepted?.destroy()
    this.#accepted = undefined
    const handshake = this.#handshake
    if (handshake !== undefined) {
      this.#handshake = undefined
      // Nobody else will end it: whoever asked for TLS is told that it is gone.
      if (this.#reader === undefined) this.#ending = true
      handshake.reject(error ?? new Error('The connection was closed during the TLS handshake.'))
    }
    if (error !== undefined) this.#kept = []
    if (this.#kept.length === 0) this.#tell()
    this.#forget()
  }

  get #deaf(): boolean {
    return this.#reader === undefined || this.#paused || this.#holding
  }

  readonly #release = (): void => {
    this.#holding = false
    this.#go()
  }

  /** Hands over what was kept, as far as it is wanted. */
  readonly #go = (): void => {
    while (this.#kept.length > 0 && !this.#deaf) this.#reader!.read(this.#kept.shift()!)
    if (this.#over && this.#kept.length === 0) this.#tell()
  }

  #tell(): void {
    if (this.#told || this.#reader === undefined) return
    this.#told = true
    this.#reader.ended(this.#error)
  }

  #order(what: number): void {
    if (this.#destroyed) return
    this.#move()
    this.#member.order(what, this.number)
  }

  #move(): void {
    const accepted = this.#accepted
    if (accepted === undefined) return
    this.#accepted = undefined
    this.#member.move(this, accepted)
  }

  /** Both ends agree that it is over. */
  #forget(): void {
    if (this.#over && this.#ending) this.#member.forget(this)
  }
}

/** All answers that nodes have given to what channel bindings a connection has: the same array for the same types. */
const answers = new Map<string, readonly ChannelBindingType[]>()

function shared(types: readonly ChannelBindingType[]): readonly ChannelBindingType[] {
  const name = types.join()
  const known = answers.get(name)
  if (known === undefined) answers.set(name, types)
  return known ?? types
}
