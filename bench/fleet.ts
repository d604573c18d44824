import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import { copiers, type ServerName, starters } from './peers/all.ts'
import { type Peer, type PeerOptions, user } from './peers/peer.ts'
import { withFolder } from './peers/process.ts'
import { extension } from './place.ts'
import type { Case } from './scenario.ts'

/** The processor that servers are pinned to. */
export const serverCpu = 1

const hook = pathToFileURL(join(import.meta.dirname, 'profile', `hook${extension}`)).href

/** What servers are started for. */
export interface Purpose {
  readonly names: readonly ServerName[]
  /** What decides their configuration. */
  readonly case: Pick<Case, 'hash' | 'plain'>
  /** Accounts u0, u1 … that they need. */
  readonly accounts: number
  /** Whether each is started only when it is measured, anew each time. */
  readonly fresh: boolean
  /** Folder for profiles of ours. */
  readonly profiles?: string | undefined
  readonly say: (line: string) => void
}

/** Servers that one or more cases are measured with, each with a folder and accounts of its own. */
export interface Fleet {
  /** Measures one of them. Rejects where it could not be made ready. */
  use<T>(name: ServerName, measure: (peer: Peer) => Promise<T>): Promise<T>
}

/** Starts servers, lets them be measured, and takes away all that was theirs. */
export async function withFleet<T>(purpose: Purpose, use: (fleet: Fleet) => Promise<T>): Promise<T> {
  const { names, fresh } = purpose
  return withFolders(names, async folders => {
    const options = new Map(names.map((name, index) => [name, optionsOf(purpose, folders[index]!)]))
    const peers = new Map<ServerName, Peer>()
    try {
      const failures = new Map<ServerName, Error>()
      for (const name of names)
        await prepare(name, options.get(name)!, purpose, peers).catch(error => failures.set(name, error))
      return await use({
        async use(name, measure) {
          const failure = failures.get(name)
          if (failure) throw failure
          const peer = peers.get(name) ?? (await starters[name](options.get(name)!))
          peers.set(name, peer)
          try {
            return await measure(peer)
          } finally {
            if (fresh) {
              peers.delete(name)
              await peer.stop()
            }
          }
        },
      })
    } finally {
      await Promise.all([...peers.values()].map(peer => peer.stop()))
    }
  })
}

/** Makes the accounts. Those of a server that is started anew are copies of the first one: there may be ten thousand. */
async function prepare(
  name: ServerName,
  options: PeerOptions,
  { accounts, fresh, say }: Purpose,
  peers: Map<ServerName, Peer>,
): Promise<void> {
  const begin = performance.now()
  const peer = await starters[name](options)
  peers.set(name, peer)
  await peer.addUsers(Array.from({ length: fresh ? 1 : accounts }, (_, index) => user(`u${index}`)))
  if (fresh) {
    peers.delete(name)
    await peer.stop()
    await copiers[name](options, accounts)
  }
  say(`${peer.name} has ${accounts} accounts after ${((performance.now() - begin) / 1000).toFixed(1)} s`)
}

function optionsOf({ case: { hash, plain }, profiles }: Purpose, folder: string): PeerOptions {
  return {
    folder,
    cpu: serverCpu,
    ...(hash && { hash }),
    ...(plain && { plain }),
    ...(profiles !== undefined && { env: { NODE_OPTIONS: `--import ${hook}`, JACKDAW_PROFILES: profiles } }),
  }
}

/** Folders nest, so that each is gone when what runs in it is. */
async function withFolders<T>(names: readonly string[], use: (folders: readonly string[]) => Promise<T>): Promise<T> {
  const [name, ...others] = names
  if (name === undefined) return use([])
  return withFolder(`bench-${name}`, folder => withFolders(others, folders => use([folder, ...folders])))
}
