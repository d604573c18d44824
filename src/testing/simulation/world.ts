import { features as allFeatures } from '../../features/index.ts'
import type { Crypto } from '../../runtime/runtime.ts'
import { type SimulatedRuntime, simulatedRuntime } from '../../runtime/simulated.ts'
import { SeededRandom } from '../../runtime/simulated-random.ts'
import type { OwnerId, Write } from '../../storage/storage.ts'
import type { Element } from '../../wire/element.ts'
import { Connection } from './connection.ts'
import { Counts } from './counts.ts'
import type { Device } from './device.ts'
import { Ledger } from './ledger.ts'
import { Lines } from './lines.ts'
import { Network } from './network.ts'
import { Platter } from './platter.ts'
import { ServerLife, type Weather } from './server-life.ts'
import { tokenIn } from './stanzas.ts'
import { Trace } from './trace.ts'
import { watching } from './watching.ts'

const noCrypto = new Proxy({} as Crypto, {
  get() {
    throw new Error('machines have their own')
  },
})

/** Everything of one run: time, the network, the disk, the server on it, and the clients. */
export class World {
  readonly simulated: SimulatedRuntime
  readonly counts = new Counts()
  readonly ledger = new Ledger()
  readonly trace: Trace
  /** What is decided by the plan and by clients; the server's own chance is another. */
  readonly random: SeededRandom
  readonly platter: Platter
  readonly network: Network
  readonly lines: Lines
  readonly server: ServerLife
  readonly devices: Device[] = []
  /** Entries of logs that somebody must still get, by their owners: they were kept for that. */
  readonly owed = new Map<OwnerId, Set<number>>()
  /**
   * Messages that were written to a session before it had stream management: whether they came, nobody can know
   * (docs/delivery.md).
   */
  readonly written = new Set<string>()
  /** Messages that were kept once more, because their reader was gone when others had got newer ones; by their owners. */
  readonly again = new Map<OwnerId, Set<string>>()
  /** Messages that are in some log. */
  readonly kept = new Set<string>()
  /** Nothing goes wrong any more. */
  calm = false
  /** Milliseconds that the wall clock is off. */
  skew = 0

  /** How many loops carry the server's connections; 1 is the one that does everything else. */
  readonly nodes: number

  constructor(seed: number, weather: Weather, show?: (line: string) => void, nodes = 1) {
    this.nodes = nodes
    this.simulated = simulatedRuntime({ seed, crypto: noCrypto })
    this.random = new SeededRandom(seed * 2 + 1)
    this.trace = new Trace(() => this.now, show)
    this.platter = new Platter(new SeededRandom(seed * 2 + 2 ** 33), this.counts)
    this.platter.seen = (owner, write) => this.#seen(owner, write)
    this.lines = new Lines(this.trace, this.counts)
    this.network = new Network(this.simulated, this.random)
    this.server = new ServerLife(this, weather, [...allFeatures, watching(this)])
  }

  /** Whether a commit has failed: what waited behind it has failed too, presence included (DESIGN 6). */
  get hasFailed(): boolean {
    return (['full disks', 'failed commits', 'uncertain commits'] as const).some(what => this.counts.get(what) > 0)
  }

  /** Milliseconds since the run began. */
  get now(): number {
    return this.simulated.clock.elapsed()
  }

  after(milliseconds: number, fn: () => void): void {
    this.simulated.timers.after(milliseconds, fn)
  }

  /** How long a client waits before it tries again. */
  pause(): number {
    return 50 + this.random.below(this.random.below(4) === 0 ? 8000 : 800)
  }

  /** Whether it happens, `of` times in 100. */
  chance(of: number): boolean {
    return this.random.below(100) < of
  }

  /** One of a list that is not empty. */
  pick<T>(list: readonly T[]): T {
    return list[this.random.below(list.length)]!
  }

  /** Connects a client, or not where nobody listens. */
  dial(device: Device): Connection | undefined {
    const machine = this.server.machine
    if (machine === undefined) return undefined
    const { pair, client, server } = this.network.connect(machine)
    this.server.accept(server)
    return new Connection(device, pair, client, this.now)
  }

  /** Something was synced. */
  #seen(owner: OwnerId, write: Write): void {
    if (write.write !== 'put' && write.write !== 'delete') this.trace.add('disk', told(owner, write))
    if (write.write === 'append') {
      const token = tokenIn(write.entry.xml) ?? ''
      if (!write.entry.archived) this.again.set(owner, (this.again.get(owner) ?? new Set()).add(token))
      this.kept.add(token)
    }
    const kept = write.write === 'append' && write.entry.undelivered
    if (!kept && write.write !== 'undelivered') return
    this.counts.add(kept ? 'messages kept for later' : 'undelivered after all')
    const owed = this.owed.get(owner) ?? new Set()
    this.owed.set(owner, owed.add(write.write === 'append' ? write.entry.id : write.id))
  }

  /** A client was told that its stanza was refused. */
  refusedAloud(token: string, error: Element): void {
    const said = this.ledger.said.get(token)
    if (said !== undefined) said.refusedAloud = true
    this.refused(token, error.child('error')?.elements[0]?.name ?? '')
  }

  /** A stanza was refused, whether or not the client ever learns of it. */
  refused(id: string, condition: string): void {
    const said = this.ledger.said.get(id)
    if (said === undefined || said.refused) return
    said.refused = true
    this.trace.add('server', `refused ${id} ${condition}`)
  }
}

/** One line about what was written to a log. */
function told(owner: OwnerId, write: Write): string {
  if (write.write !== 'append') return `${owner} ${JSON.stringify(write)}`
  const { id, archived, undelivered, xml } = write.entry
  return `${owner} keeps ${tokenIn(xml)} as ${id}${archived ? '' : ' not archived'}${undelivered ? ' undelivered' : ''}`
}
