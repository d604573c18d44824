// The worker that writes: the only connection that changes the database.
import { workerData } from 'node:worker_threads'
import { SqliteApply } from './sqlite-apply.ts'
import type { ConnectionOptions } from './sqlite-connection.ts'
import { Connection, pragma } from './sqlite-connection.ts'
import { migrate, plan } from './sqlite-migrate.ts'
import type { Packed } from './sqlite-packing.ts'
import { serve } from './sqlite-serve.ts'
import type { TableShape } from './storage.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

/** What the writer is started with. */
export interface WriterData extends ConnectionOptions {
  readonly shapes: readonly TableShape[]
}

/** What the writer is asked for. */
export type WriterMessage =
  | { readonly ask: 'open' }
  | ({ readonly ask: 'apply' } & Packed)
  /** Takes away some of what removed owners have left; answers whether there is more. */
  | { readonly ask: 'clear' }
  | { readonly ask: 'durability' }
  | { readonly ask: 'plant'; readonly pragma: string; readonly value: string | number }
  | { readonly ask: 'close' }

/** How the database is kept, read back from the connection that writes. */
export interface Durability {
  /** `wal`. */
  readonly journal: string
  /** 2 is FULL: a commit is on the disk before it is answered. */
  readonly synchronous: number
}

const data = workerData as WriterData
const tables = new Tables(data.shapes)
let done: readonly string[] = []

const connection = new Connection(data, false, database => {
  // Looked at before anything is touched: it might not be ours.
  plan(database, data.path, tables)
  database.exec(`
    pragma journal_mode = wal;
    pragma synchronous = full;
    pragma fullfsync = on;
    pragma checkpoint_fullfsync = on;
    pragma journal_size_limit = 67108864;
    pragma wal_autocheckpoint = 4000;
    pragma cache_size = -16384;
    pragma trusted_schema = off;
  `)
  const { journal, synchronous } = durability(database)
  if (journal !== 'wal' || synchronous !== 2) {
    throw new StorageError(
      `${data.path} is on a file system that cannot keep it safely (journal ${journal}, synchronous ${synchronous}).`,
    )
  }
  done = migrate(database, data.path, tables)
})
const apply = new SqliteApply(connection, data.path, tables)

serve<WriterMessage>(
  message => {
    switch (message.ask) {
      case 'open':
        return connection.database.isOpen ? done : []
      case 'apply':
        return apply.batch(message)
      case 'clear':
        return apply.clear()
      case 'durability':
        return durability(connection.database)
      case 'plant':
        return connection.plant(message.pragma, message.value)
      case 'close':
        return connection.close()
    }
  },
  thrown => connection.fault(thrown).error,
)

function durability(database: Parameters<typeof pragma>[0]): Durability {
  return { journal: String(pragma(database, 'journal_mode')), synchronous: Number(pragma(database, 'synchronous')) }
}
