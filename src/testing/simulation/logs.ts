import type { MemoryData } from '../../storage/memory-data.ts'
import type { LogEntry, OwnerId } from '../../storage/storage.ts'
import type { Account } from './cast.ts'
import { tokenIn } from './stanzas.ts'
import type { World } from './world.ts'

/** An owner's log, as it is on the disk. */
export interface Kept {
  readonly id: OwnerId
  /** The whole disk. */
  readonly data: MemoryData
  readonly entries: readonly LogEntry[]
  /** What each entry says; empty where that was not said by anybody here. */
  readonly tokens: readonly string[]
  /** Where each token stands in the archive: the last place, where there are several. */
  readonly places: ReadonlyMap<string, number>
}

export type Logs = ReadonlyMap<string, Kept>

/** The logs of all accounts by their bare JIDs. */
export function logsOf(world: World, accounts: readonly Account[]): Logs {
  const data = world.platter.contents(world.server.tables)
  return new Map(accounts.map(({ jid }) => [jid, logOf(data, jid)]))
}

function logOf(data: MemoryData, jid: string): Kept {
  const id = data.read({ query: 'find', address: jid })!
  const entries = data.read({ query: 'log', owner: id, range: { limit: 1_000_000 } })
  const tokens = entries.map(({ xml }) => tokenIn(xml) ?? '')
  const places = new Map<string, number>()
  for (const [place, token] of tokens.entries()) if (entries[place]!.archived && token !== '') places.set(token, place)
  return { id, data, entries, tokens, places }
}
