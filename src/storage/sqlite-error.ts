import { StorageError } from './storage.ts'

/** SQLite's primary result codes that we tell apart (sqlite.org/rescode.html). */
const code = {
  busy: 5,
  locked: 6,
  noMemory: 7,
  readOnly: 8,
  io: 10,
  corrupt: 11,
  full: 13,
  cannotOpen: 14,
  protocol: 15,
  notADatabase: 26,
}

const advice: Readonly<Record<number, string>> = {
  [code.busy]: 'is locked by another program: end it (is a second server running?)',
  [code.locked]: 'is locked by another program: end it (is a second server running?)',
  [code.noMemory]: 'cannot be used: there is not enough memory',
  [code.readOnly]: 'cannot be written: it, its folder or its file system is read-only',
  [code.io]: 'cannot be read or written: the disk reports an error',
  [code.corrupt]: 'is damaged: restore it from a backup',
  [code.full]: 'cannot grow: its disk is full, make room',
  [code.cannotOpen]: 'cannot be opened: see that its folder is there and may be written by this user',
  [code.protocol]: 'is locked by another program: end it (is a second server running?)',
  [code.notADatabase]: 'is not a database, or is damaged: restore it from a backup',
}

/** After these the connection is made anew: its file may be another, or be writable again. */
const stale = new Set([code.readOnly, code.io, code.corrupt, code.cannotOpen, code.notADatabase])

/** What went wrong with a database, for the code and for the operator. */
export interface Fault {
  readonly error: StorageError
  /** Whether it is the disk or the file, and not the one thing that was just done. */
  readonly general: boolean
  readonly stale: boolean
}

/** Reads what `node:sqlite` threw. The sentence names the file and never a value. */
export function fault(thrown: unknown, path: string, committing = false): Fault {
  if (thrown instanceof StorageError) return { error: thrown, general: false, stale: false }
  const primary = resultCode(thrown)
  const sentence = advice[primary]
  const detail = thrown instanceof Error ? thrown.message : String(thrown)
  if (sentence === undefined) {
    return {
      error: new StorageError(`This could not be kept: ${detail}.`, { cause: thrown }),
      general: false,
      stale: false,
    }
  }
  // A commit whose sync failed may be found in the log of the file after a crash, or may not.
  const uncertain = committing && primary === code.io
  const error = new StorageError(`The database ${path} ${sentence} (${detail}).`, { cause: thrown, uncertain })
  return { error, general: true, stale: stale.has(primary) }
}

/** Whether what `node:sqlite` threw says that the file is damaged. */
export function isDamage(thrown: unknown): thrown is Error {
  return resultCode(thrown) === code.corrupt
}

function resultCode(thrown: unknown): number {
  const errcode = thrown instanceof Error && 'errcode' in thrown ? thrown.errcode : 0
  return typeof errcode === 'number' ? errcode & 0xff : 0
}
