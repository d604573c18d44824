import type { Link } from '../../link/link.ts'
import { configOf } from '../../server/check-config.ts'
import type { Feature } from '../../server/feature.ts'
import { createServer, type Server, tablesOf } from '../../server/server.ts'
import type { Config } from '../../server/settings.ts'
import { Group } from '../../storage/group.ts'
import type { Storage } from '../../storage/storage.ts'
import { Tables } from '../../storage/tables.ts'
import { Jid } from '../../wire/jid.ts'
import { Machine } from './machine.ts'
import type { World } from './world.ts'

/** What differs from seed to seed in how the server is set up. */
export interface Weather {
  /** Bytes that may wait for one reader. */
  readonly unsent: number
  /** Milliseconds that a session waits for its client, and that a connection may be silent. */
  readonly resumption: number
  readonly idle: number
}

export const hosts = ['one.test', 'two.test'] as const

/** A server, from process to process: it starts, is killed or stops, and starts again on the same disk. */
export class ServerLife {
  machine: Machine | undefined
  server: Server | undefined
  readonly tables: Tables
  /** Makes what the server stores in of what the simulation has: where bugs are planted. */
  storage: (group: Storage) => Storage = group => group
  readonly #world: World
  readonly #features: readonly Feature[]
  readonly #config: Config

  constructor(world: World, weather: Weather, features: readonly Feature[]) {
    this.#world = world
    this.#features = features
    this.#config = configFor(weather, features)
    this.tables = new Tables(tablesOf(features).map(one => one.shape))
  }

  get up(): boolean {
    return this.server !== undefined
  }

  /** Begins a process; it serves when it has read what it needs, and is begun again where the disk does not let it. */
  async start(): Promise<void> {
    const world = this.#world
    const clock = {
      now: () => world.simulated.clock.now() + world.skew,
      elapsed: () => world.simulated.clock.elapsed(),
    }
    const machine = new Machine(world.simulated, clock, world.nodes, () => world.random.below(3))
    world.trace.add('server', 'starts')
    const { timers } = machine.runtime
    const storage = this.storage(new Group(world.platter.open(this.tables, timers), this.tables, timers))
    try {
      const server = await createServer({
        runtime: machine.runtime,
        storage: async () => storage,
        config: this.#config,
        features: this.#features,
        log: (level, sentence, facts) => {
          if (!machine.dead) world.lines.log(level, sentence, facts)
        },
      })
      this.#watch(server)
      server.streams.start()
      this.machine = machine
      this.server = server
      world.trace.add('server', 'serves')
    } catch (error) {
      world.trace.add('server', `cannot start: ${error}`)
      machine.dead = true
      world.after(1000, () => this.start())
    }
  }

  accept(link: Link): void {
    this.server!.accept(link)
  }

  /** kill -9: nothing is said to anybody, and what was not synced is lost. */
  crash(): void {
    const { machine } = this
    if (machine === undefined) return
    const world = this.#world
    world.counts.add('crashes')
    world.trace.add('server', 'is killed')
    world.platter.crashed()
    machine.dead = true
    this.#gone(world.chance(40))
  }

  /** It ends its sessions, or keeps those that can be resumed for the next process (SIGTERM), and closes its store. */
  async stop(keeping: boolean): Promise<void> {
    const { server, machine } = this
    // It may be stopping already.
    if (server === undefined || machine === undefined) return
    const world = this.#world
    world.counts.add(keeping ? 'restarts' : 'graceful stops')
    world.trace.add('server', keeping ? 'restarts' : 'stops')
    // Nobody is let in any more, while those who are there are told.
    this.machine = undefined
    if (keeping) world.counts.add('sessions kept over a restart', await server.suspend())
    else await server.stop()
    machine.dead = true
    this.#gone(false)
  }

  /** One of the nodes that carry connections dies, and another one takes its place. */
  nodeDies(): void {
    const nodes = this.machine?.nodes
    if (nodes === undefined) return
    this.#world.counts.add('nodes died')
    const place = this.#world.random.below(nodes.nodes.length)
    this.#world.trace.add('server', `node ${place} dies`)
    nodes.replace(place)
  }

  async addUser(jid: string): Promise<void> {
    const address = Jid.parse(jid)
    await this.server!.hosts.get(address.domain)!.accounts.create(address, 'secret')
  }

  #gone(silently: boolean): void {
    this.machine = this.server = undefined
    this.#world.lines.restarted()
    this.#world.network.gone(silently)
    this.#world.after(200 + this.#world.random.below(6000), () => this.start())
  }

  /** Notes what was refused, whether or not anybody hears of it. */
  #watch(server: Server): void {
    const world = this.#world
    const { refusals } = server
    const note = refusals.note.bind(refusals)
    refusals.note = (e, thrown) => {
      const error = note(e, thrown)
      world.counts.add('stanzas refused')
      if (error.condition === 'resource-constraint') world.counts.add('resource-constraint')
      if (e.kind === 'message') world.refused(e.id ?? '', error.condition)
      return error
    }
  }
}

function configFor({ unsent, resumption, idle }: Weather, features: readonly Feature[]): Config {
  const plain = {
    hosts: Object.fromEntries(hosts.map(name => [name, {}])),
    login: { iterations: 4096, mechanisms: ['PLAIN'], 'failures-per-address': 100_000 },
    timeouts: { idle: `${idle}ms` },
    'stream-management': { resumption: `${resumption}ms` },
  }
  const config = configOf(plain, features)
  // Smaller than anybody may set it: runs are small.
  return { ...config, limits: { ...config.limits, unsent } }
}
