import { Carrying } from '../cluster/carrying.ts'
import type { Node, Parcel } from '../cluster/cluster.ts'
import type { Member } from '../cluster/member.ts'
import { type LocalNetwork, Spread } from '../cluster/spread.ts'
import type { Certificate, Network, Socket, Timers, TlsIdentity } from '../runtime/runtime.ts'

/** The world that nodes in memory live in. */
interface Around {
  readonly timers: Timers
  readonly network: Pick<Network, 'listen' | 'connect' | 'identity'>
  /** Milliseconds that something takes to cross; only to the next turn where missing. */
  readonly delay?: () => number
}

/**
 * A server's network whose connections are carried by nodes in the same thread. What crosses between them is cloned as
 * between threads, and takes a turn.
 */
export class MemoryNodes {
  readonly spread: Spread
  readonly nodes: MemoryNode[]
  readonly #around: Around

  constructor(around: Around, count: number) {
    this.#around = around
    const local: LocalNetwork = {
      connect: address => around.network.connect(address),
      identity: certificate => around.network.identity(certificate),
      doors: (address, accept) =>
        around.network.listen(address, socket => {
          accept({ peer: socket.peer, connection: socket, destroy: () => socket.destroy() })
        }),
    }
    this.spread = new Spread(local, around.timers)
    this.nodes = Array.from({ length: count }, () => this.#start())
  }

  /** One dies, and another one takes its place. */
  replace(place: number): void {
    const node = this.nodes[place]!
    node.die()
    this.spread.lost(node.member, new Error('The node is gone.'))
    this.nodes[place] = this.#start()
  }

  #start(): MemoryNode {
    return new MemoryNode(this.#around, this.spread)
  }
}

/** One of them. */
export class MemoryNode implements Node {
  readonly carrying: Carrying
  readonly member: Member
  readonly #here: Crossing
  readonly #sockets = new Set<Socket>()
  #dead = false

  constructor(around: Around, spread: Spread) {
    const { timers, network } = around
    const alive = () => !this.#dead
    const home = new Crossing(around, alive)
    this.#here = new Crossing(around, alive)
    this.member = spread.add(this)
    this.carrying = new Carrying(
      {
        tell: parcel => {
          const clone = structuredClone(parcel)
          home.add(() => this.member.told(clone))
        },
      },
      {
        timers: {
          turn: fn => timers.turn(() => this.#dead || fn()),
          after: (milliseconds, fn) => timers.after(milliseconds, () => this.#dead || fn()),
        },
        identity: (certificate: Certificate): TlsIdentity => network.identity(certificate),
      },
    )
  }

  tell(parcel: Parcel): void {
    const clone = structuredClone(parcel)
    this.#here.add(() => this.carrying.told(clone))
  }

  move(number: number, connection: object): void {
    const socket = connection as Socket
    this.#sockets.add(socket)
    this.#here.add(() => this.carrying.take(number, socket))
  }

  /** All that it carries breaks, and what was on its way is lost. */
  die(): void {
    this.#dead = true
    for (const socket of this.#sockets) socket.destroy()
  }
}

/** The way from one loop to another: in order, and after some time. */
class Crossing {
  readonly #around: Around
  readonly #alive: () => boolean
  #coming: (() => void)[] = []

  constructor(around: Around, alive: () => boolean) {
    this.#around = around
    this.#alive = alive
  }

  add(what: () => void): void {
    if (this.#coming.push(what) > 1) return
    const { timers, delay } = this.#around
    if (delay === undefined) timers.turn(() => this.#come())
    else timers.after(delay(), () => this.#come())
  }

  #come(): void {
    const coming = this.#coming
    this.#coming = []
    for (const one of coming) if (this.#alive()) one()
  }
}
