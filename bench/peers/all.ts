import { spawnSync } from 'node:child_process'
import { copyJackdaw, copyProsody } from './copies.ts'
import { copyEjabberd, startEjabberd } from './ejabberd.ts'
import { startFloor } from './floor.ts'
import { startJackdaw } from './jackdaw.ts'
import type { Peer, PeerOptions } from './peer.ts'
import { startProsody } from './prosody.ts'

/** What can be measured: a server, with one of its stores. The part before `-` is the program. */
export type ServerName =
  | 'jackdaw'
  | 'jackdaw-workers'
  | 'prosody'
  | 'prosody-sqlite'
  | 'ejabberd'
  | 'ejabberd-sqlite'
  | 'floor'

/** Debian's packages for a server that is not ours, its own one first. */
const packages: Partial<Record<ServerName, readonly string[]>> = {
  prosody: ['prosody'],
  'prosody-sqlite': ['prosody', 'lua-dbi-sqlite3'],
  ejabberd: ['ejabberd'],
  'ejabberd-sqlite': ['ejabberd', 'erlang-p1-sqlite3'],
}

/** Packages that are missing for a server to be measured. */
export function missingFor(name: ServerName): readonly string[] {
  return (packages[name] ?? []).filter(one => debianVersion(one) === undefined)
}

/** Version of a peer's package. */
export function peerVersion(name: ServerName): string | undefined {
  const [own] = packages[name] ?? []
  return own && debianVersion(own)
}

/** The version of a package of Debian that is installed; undefined where it is not, or nothing of Debian is here. */
function debianVersion(name: string): string | undefined {
  const { status, stdout } = spawnSync('dpkg-query', ['-W', `-f=\${db:Status-Abbrev} \${Version}`, name], {
    encoding: 'utf8',
  })
  return status === 0 && stdout.startsWith('ii') ? stdout.split(' ').at(-1) : undefined
}

/** The programs that servers are chosen by. */
export const programs: readonly string[] = ['jackdaw', 'prosody', 'ejabberd', 'floor']

/** The program of a server: all its stores have that in common. */
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
  jackdaw: options => startJackdaw({ ...options, settings: forLoads, workers: 1 }),
  'jackdaw-workers': options => startJackdaw({ ...options, settings: forLoads, workers: 2 }),
  prosody: startProsody,
  'prosody-sqlite': options => startProsody({ ...options, sqlite: true }),
  ejabberd: startEjabberd,
  'ejabberd-sqlite': options => startEjabberd({ ...options, sqlite: true }),
  floor: startFloor,
}

/**
 * Makes accounts u1, u2 … up to `count` in all like u0, its password included, in the folder of a server that has ended:
 * ten thousand times the work for a password would be most of a run.
 */
export const copiers: Readonly<Record<ServerName, (options: PeerOptions, count: number) => Promise<void>>> = {
  jackdaw: copyJackdaw,
  'jackdaw-workers': copyJackdaw,
  prosody: copyProsody,
  'prosody-sqlite': noCopies,
  ejabberd: copyEjabberd,
  'ejabberd-sqlite': noCopies,
  floor: async () => {},
}

async function noCopies(): Promise<void> {
  throw new Error('accounts in the SQLite of others are not copied here')
}
