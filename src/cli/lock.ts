import { accessSync, chmodSync, constants, existsSync, mkdirSync, statSync } from 'node:fs'
import { dirname, join } from 'node:path'
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
  makeFolder(folder)
  accessSync(folder, constants.W_OK | constants.X_OK)
  const file = join(folder, 'lock')
  const database = opened(file)
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

/** With its parents. Node's own way to do that never ends in places such as /proc, where nobody can make any. */
function makeFolder(folder: string): void {
  const isThere = () => existsSync(folder) && statSync(folder).isDirectory()
  if (isThere()) return
  const parent = dirname(folder)
  if (parent !== folder && !existsSync(parent)) makeFolder(parent)
  try {
    mkdirSync(folder, { mode: 0o700 })
  } catch (error) {
    // Another one that starts right now may have made it.
    if (!isThere()) throw error
  }
}

function opened(file: string): DatabaseSync {
  try {
    return new DatabaseSync(file, { timeout: 0 })
  } catch (error) {
    throw new Error(`cannot lock ${file}: ${(error as Error).message}`, { cause: error })
  }
}

/** SQLITE_BUSY. */
function isBusy(error: unknown): boolean {
  return error instanceof Error && 'errcode' in error && error.errcode === 5
}
