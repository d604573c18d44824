import type { Address, Certificate, Listener, Network, Socket, Timers, TlsIdentity } from '../runtime/runtime.ts'
import type { Node } from './cluster.ts'
import { Member, type Numbered } from './member.ts'
import { type Accepted, RemoteSocket } from './remote-socket.ts'

/** The network of this loop, where what is accepted can still be moved to another one. */
export interface LocalNetwork extends Omit<Network, 'listen'> {
  /** As `Network.listen`, with connections that nobody has touched. */
  doors(address: Address, accept: (accepted: Accepted) => void): Promise<Listener>
}

/**
 * A network whose accepted connections, with their TLS, are carried by other loops: each by the one that carries fewest.
 * Whoever uses it cannot tell the difference. Outgoing connections stay at home.
 */
export class Spread implements Network {
  readonly #local: LocalNetwork
  readonly #timers: Timers
  readonly #members: Member[] = []
  readonly #certificates = new WeakMap<TlsIdentity, Numbered>()
  #connections = 0
  #identities = 0

  constructor(local: LocalNetwork, timers: Timers) {
    this.#local = local
    this.#timers = timers
  }

  /** One more node carries connections from now on, until it is `lost`. */
  add(node: Node): Member {
    const member = new Member(node, this.#timers, identity => this.#certificates.get(identity))
    this.#members.push(member)
    return member
  }

  /** A node is gone: its connections have broken. */
  lost(member: Member, error: Error): void {
    const place = this.#members.indexOf(member)
    if (place >= 0) this.#members.splice(place, 1)
    member.lost(error)
  }

  /** How many connections each node carries. */
  get sizes(): readonly number[] {
    return this.#members.map(({ size }) => size)
  }

  listen(address: Address, accept: (socket: Socket) => void): Promise<Listener> {
    return this.#local.doors(address, accepted => {
      const socket = this.carry(accepted)
      if (socket === undefined) accepted.destroy()
      else accept(socket)
    })
  }

  /** Home's end of a connection that a node will carry; undefined while there is no node. */
  carry(accepted: Accepted): Socket | undefined {
    let fewest = this.#members[0]
    for (const member of this.#members) if (member.size < fewest!.size) fewest = member
    return fewest && new RemoteSocket(++this.#connections, accepted, fewest, this.#timers)
  }

  connect(address: Address): Promise<Socket> {
    return this.#local.connect(address)
  }

  identity(certificate: Certificate): TlsIdentity {
    // Where it cannot be used, that is said here and now.
    const identity = this.#local.identity(certificate)
    this.#certificates.set(identity, { number: ++this.#identities, ...certificate })
    return identity
  }
}
