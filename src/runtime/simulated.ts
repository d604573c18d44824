import type { Crypto, Runtime } from './runtime.ts'
import { SimulatedDisk } from './simulated-disk.ts'
import { SimulatedNetwork } from './simulated-network.ts'
import { SeededRandom } from './simulated-random.ts'
import { VirtualTime } from './simulated-time.ts'

export interface SimulationOptions {
  /** The same seed gives the same run. */
  readonly seed?: number
  /** The arithmetic, which is the same everywhere: Node's, or a browser's. */
  readonly crypto: Crypto
  /** What the wall clock shows at first, in milliseconds since 1970. */
  readonly start?: number
}

/** A runtime in which nothing happens by itself: time passes, and turns run, when the test says so. */
export interface SimulatedRuntime extends Runtime {
  readonly random: SeededRandom
  readonly network: SimulatedNetwork
  readonly disk: SimulatedDisk
  /** Runs all turns and all that waits for promises, until nothing moves; the clock stands still. */
  settle(): Promise<void>
  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): Promise<void>
  /** Lets time pass until no timer is left. */
  run(): Promise<void>
  /** Lets time pass until this is so; throws where it is not within so many milliseconds (a minute unless told). */
  until(condition: () => boolean, within?: number): Promise<void>
  /** Makes `settle` wait for a promise that is kept outside of the simulation, in the order of asking. */
  track<T>(promise: Promise<T>): Promise<T>
}

export function simulatedRuntime(options: SimulationOptions): SimulatedRuntime {
  const time = new VirtualTime(options.start ?? Date.UTC(2026, 0, 1))
  const random = new SeededRandom(options.seed ?? 1)
  return {
    clock: time,
    timers: time,
    random,
    crypto: tracked(options.crypto, time),
    network: new SimulatedNetwork(time, random),
    disk: new SimulatedDisk(time),
    settle: () => time.settle(),
    advance: milliseconds => time.advance(milliseconds),
    run: () => time.run(),
    until: (condition, within) => time.until(condition, within),
    track: promise => time.track(promise),
  }
}

/** What takes a while in reality takes none here, and is handed over in the order of asking. */
function tracked(crypto: Crypto, time: VirtualTime): Crypto {
  const keep = <T>(value: T | Promise<T>): T | Promise<T> => (value instanceof Promise ? time.track(value) : value)
  return {
    hash: (name, data) => keep(crypto.hash(name, data)),
    hmac: (name, key, data) => keep(crypto.hmac(name, key, data)),
    pbkdf2: (name, password, salt, iterations, length) =>
      time.track(crypto.pbkdf2(name, password, salt, iterations, length)),
    equal: (a, b) => crypto.equal(a, b),
  }
}
