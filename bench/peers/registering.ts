import type { ChildProcess } from 'node:child_process'
import type { Peer } from './peer.ts'
import { stop } from './process.ts'
import { registerAll } from './stream.ts'

/** Where a server that has been started is to be found. */
interface Place extends Pick<Peer, 'name' | 'authority' | 'startTls' | 'directTls'> {
  /** Whether its port for STARTTLS takes streams without TLS, too. */
  readonly plain: boolean | undefined
}

/** A server that is not ours: accounts are made by registration from a client. */
export function registering(child: ChildProcess, { plain, ...place }: Place): Peer {
  const target = { host: 'localhost', port: place.directTls, authority: place.authority }
  return {
    ...place,
    host: 'localhost',
    pid: child.pid!,
    plain: plain ? place.startTls : 0,
    addUsers: users => registerAll(target, users),
    stop: () => stop(child),
  }
}
