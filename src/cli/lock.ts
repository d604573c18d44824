import { chmodSync, mkdirSync } from 'node:fs'
import { join } from 'node:path'
import { DatabaseSync } from 'node:sqlite'

/** A data directory that is ours until we let go. */
export interface Lock {
  /** A second time does nothing. */
  release(): void
}

/**
 * Takes the data directory for this process, making it where it is missing; undefined where another process has it.
 * The lock is the kernel's (fcntl, by way of SQLite): it ends with the process however that ends, so that nothing stale
 * is left and no process number is ever mistaken for another's.
 */
export function lockData(folder: string): Lock | undefined {
  mkdirSync(folder, { recursive: true, mode: 0o700 })
  const file = join(folder, 'lock')
  const database = new DatabaseSync(file, { timeout: 0 })
  try {
    chmodSync(file, 0o600)
    database.exec('PRAGMA locking_mode = EXCLUSIVE; BEGIN EXCLUSIVE')
  } catch (error) {
    database.close()
    if (isBusy(error)) return undefined
    throw error
  }
  return {
    release: () => {
      if (database.isOpen) database.close()
    },
  }
}

/** SQLITE_BUSY. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}
