import type { Clock, Crypto, HashName, Runtime, Security, Socket, SocketReader, Timers } from '../../runtime/runtime.ts'
import type { SimulatedRuntime } from '../../runtime/simulated.ts'
import { MemoryNodes } from '../memory-nodes.ts'

/**
 * What one process of a server has of the world. When it is killed none of its timers fires any more and nothing that it
 * waits for comes: what it would have done next is never done.
 */
export class Machine {
  readonly runtime: Runtime
  dead = false
  /** What carries its connections; nothing where it does so itself. */
  readonly nodes: MemoryNodes | undefined

  constructor(world: SimulatedRuntime, clock: Clock, nodes = 1, delay = () => 0) {
    const alive = (fn: () => void) => () => {
      if (!this.dead) fn()
    }
    const timers: Timers = {
      after: (milliseconds, fn) => world.timers.after(milliseconds, alive(fn)),
      cancel: timer => world.timers.cancel(timer),
      turn: fn => world.timers.turn(alive(fn)),
    }
    this.runtime = { ...world, clock, timers, crypto: quickCrypto }
    if (nodes > 1) this.nodes = new MemoryNodes({ timers, network: world.network, delay }, nodes)
  }

  /** The server's end of a connection, as long as the process lives; it is encrypted already. */
  socket(socket: Socket): Socket {
    const { security } = socket
    const connection = new ProcessSocket(socket, this, security)
    if (this.nodes === undefined) return connection
    const carried = this.nodes.spread.carry({ peer: socket.peer, connection, destroy: () => socket.destroy() })
    return new ProcessSocket(carried!, this, security)
  }
}

/** A socket whose events reach the process while it lives. */
class ProcessSocket implements Socket, SocketReader {
  readonly #socket: Socket
  readonly #machine: Machine
  readonly security: Security | undefined
  #reader: SocketReader | undefined

  constructor(socket: Socket, machine: Machine, security: Security | undefined) {
    this.#socket = socket
    this.#machine = machine
    this.security = security
  }

  get peer() {
    return this.#socket.peer
  }

  get pending() {
    return this.#socket.pending
  }

  start(reader: SocketReader): void {
    this.#reader = reader
    this.#socket.start(this)
  }

  read(chunk: Uint8Array): void {
    if (!this.#machine.dead) this.#reader!.read(chunk)
  }

  ended(error?: Error): void {
    if (!this.#machine.dead) this.#reader!.ended(error)
  }

  drained(): void {
    if (!this.#machine.dead) this.#reader!.drained?.()
  }

  write(data: string | Uint8Array): void {
    if (!this.#machine.dead) this.#socket.write(data)
  }

  pause(): void {
    this.#socket.pause()
  }

  resume(): void {
    this.#socket.resume()
  }

  secure: Socket['secure'] = options => this.#socket.secure(options)

  end(): void {
    if (!this.#machine.dead) this.#socket.end()
  }

  destroy(): void {
    if (!this.#machine.dead) this.#socket.destroy()
  }
}

/**
 * Arithmetic that looks like cryptography to whoever only compares its results: passwords are checked in microseconds,
 * and nothing leaves the thread.
 */
const quickCrypto: Crypto = {
  hash: (name, data) => mixed(name, data),
  hmac: (name, key, data) => mixed(name, key, data),
  pbkdf2: async (name, password, salt, _iterations, length) => mixed(name, password, salt).slice(0, length),
  equal: (a, b) => a.length === b.length && a.every((byte, at) => byte === b[at]),
}

const lengths: Readonly<Record<HashName, number>> = {
  'sha-1': 20,
  'sha-256': 32,
  'sha-512': 64,
  'sha3-256': 32,
  'sha3-512': 64,
  'blake2b-256': 32,
  'blake2b-512': 64,
}

function mixed(name: HashName, ...parts: readonly Uint8Array[]): Uint8Array {
  let state = 0x811c9dc5
  for (const part of parts) {
    for (const byte of part) state = Math.imul(state ^ byte, 0x01000193)
    state = Math.imul(state ^ part.length, 0x85ebca6b)
  }
  const bytes = new Uint8Array(lengths[name])
  for (let at = 0; at < bytes.length; at++) {
    state = Math.imul(state ^ (state >>> 15), 0x2c1b3c6d) + at
    bytes[at] = state >>> 24
  }
  return bytes
}
