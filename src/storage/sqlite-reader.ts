// The worker that reads: it never waits for the writer, and sees all that was committed before it was asked.
import { workerData } from 'node:worker_threads'
import type { ConnectionOptions } from './sqlite-connection.ts'
import { Connection } from './sqlite-connection.ts'
import type { Select, Selected } from './sqlite-queries.ts'
import type { Reply } from './sqlite-serve.ts'
import { refusal, serve } from './sqlite-serve.ts'

/** What the reader is asked for. */
export type ReaderMessage =
  | { readonly ask: 'read'; readonly queries: readonly (readonly Select[])[] }
  | { readonly ask: 'plant'; readonly pragma: string; readonly value: string | number }
  | { readonly ask: 'close' }

const connection = new Connection(workerData as ConnectionOptions, true, database => {
  database.exec('pragma query_only = on; pragma trusted_schema = off; pragma cache_size = -16384')
})

serve<ReaderMessage>(
  message => {
    switch (message.ask) {
      case 'read':
        return read(message.queries)
      case 'plant':
        return connection.plant(message.pragma, message.value)
      case 'close':
        return connection.close()
    }
  },
  thrown => connection.fault(thrown).error,
)

function read(queries: readonly (readonly Select[])[]): readonly Reply<readonly Selected[]>[] {
  const replies = queries.map(answer)
  if (connection.database.isTransaction) connection.database.exec('commit')
  return replies
}

/** One transaction for all, so that the selects of one query see the same moment. */
function answer(selects: readonly Select[]): Reply<readonly Selected[]> {
  try {
    if (!connection.database.isTransaction) connection.database.exec('begin')
    return {
      answer: selects.map(({ sql, parameters }) => connection.statement(sql).all(...parameters) as unknown as Selected),
    }
  } catch (thrown) {
    return refusal(connection.fault(thrown).error)
  }
}
