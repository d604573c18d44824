import { startEjabberd } from './ejabberd.ts'
import { startFloor } from './floor.ts'
import { startJackdaw } from './jackdaw.ts'
import type { Peer, PeerOptions } from './peer.ts'
import { startProsody } from './prosody.ts'

/** What can be measured: a server, with one of its stores. The part before `-` is the program. */
export type ServerName = 'jackdaw' | 'prosody' | 'prosody-sqlite' | 'ejabberd' | 'ejabberd-sqlite' | 'floor'

/** The programs that servers are chosen by. */
export const programs: readonly string[] = ['jackdaw', 'prosody', 'ejabberd', 'floor']

export const programOf = (name: ServerName): string => name.split('-')[0]!

/**
 * Ours with what a load needs that no person would: many connections from one address, and the fewest rounds of PBKDF2
 * that it takes, so that making a thousand accounts is quick. SCRAM with keys that the client has kept does not run them.
 */
const forLoads = [
  ...['[limits]', 'connections-per-address = 100000', 'connections-before-login = 100000'],
  ...['[login]', 'iterations = 4096'],
  ...['[roster]', 'maximum = 10000'],
]

/** Starts a server that is to be measured. */
export const starters: Readonly<Record<ServerName, (options: PeerOptions) => Promise<Peer>>> = {
  jackdaw: options => startJackdaw({ ...options, settings: forLoads }),
  prosody: startProsody,
  'prosody-sqlite': options => startProsody({ ...options, sqlite: true }),
  ejabberd: startEjabberd,
  'ejabberd-sqlite': options => startEjabberd({ ...options, sqlite: true }),
  floor: startFloor,
}
