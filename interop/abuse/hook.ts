/**
 * Loaded before a server (`node --expose-gc --import hook.ts`): SIGUSR2 collects its garbage and leaves what memory it has
 * then in the file JACKDAW_MEMORY, in JSON.
 */
import { renameSync, writeFileSync } from 'node:fs'
import { setImmediate } from 'node:timers/promises'
import { isMainThread } from 'node:worker_threads'

const file = process.env['JACKDAW_MEMORY']
if (file && isMainThread)
  process.on('SIGUSR2', async () => {
    // What ends with a turn of the loop, and what waits for a finalizer, is gone only in the next collection.
    for (let round = 0; round < 4; round++) {
      globalThis.gc?.()
      await setImmediate()
    }
    writeFileSync(`${file}.new`, JSON.stringify(process.memoryUsage()))
    renameSync(`${file}.new`, file)
  })
