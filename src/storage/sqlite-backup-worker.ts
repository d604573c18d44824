// The worker that copies a database: a connection of its own, which waits for nobody and keeps nobody waiting.
import { DatabaseSync } from 'node:sqlite'
import { parentPort, workerData } from 'node:worker_threads'
import { copyInto } from './sqlite-copy.ts'
import { fault } from './sqlite-error.ts'
import { refusal } from './sqlite-serve.ts'

const { path, copy } = workerData as { path: string; copy: string }

try {
  using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
  copyInto(database, copy)
  parentPort!.postMessage({ answer: undefined })
} catch (thrown) {
  parentPort!.postMessage(refusal(fault(thrown, path).error))
}
