// For tests: databases in a folder that goes when the tests have run.
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after } from 'node:test'
import type { Timer, Timers } from '../runtime/runtime.ts'
import type { SqliteOptions, SqliteStorage } from './sqlite.ts'
import { openSqlite } from './sqlite.ts'
import type { TableShape } from './storage.ts'

const folder = mkdtempSync(join(tmpdir(), 'jackdaw-storage-'))
const open: SqliteStorage[] = []
let count = 0

after(async () => {
  await Promise.all(open.map(storage => storage.close()))
  rmSync(folder, { recursive: true })
})

/** Timers that wait for nothing. */
export const timers: Timers = {
  after: (_, fn) => setImmediate(fn) as unknown as Timer,
  cancel: timer => clearImmediate(timer as unknown as NodeJS.Immediate | undefined),
  turn: fn => void setImmediate(fn),
}

/** The path of a database that is not there yet, in a folder that is not there yet. */
export function freshPath(): string {
  return join(folder, `${count++}`, 'jackdaw.sqlite')
}

/** Opens a store that is closed when the tests have run. Another program's lock is waited for 20 ms. */
export async function openScratch(
  path: string,
  shapes: readonly TableShape[],
  options: Partial<SqliteOptions> = {},
): Promise<SqliteStorage> {
  const storage = await openSqlite({ path, timers, patience: 20, ...options })(shapes)
  open.push(storage)
  return storage
}
