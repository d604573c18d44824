import { chmodSync, closeSync, fsyncSync, openSync, renameSync, rmSync } from 'node:fs'
import { dirname } from 'node:path'
import type { DatabaseSync } from 'node:sqlite'

/** Where a copy grows until it is whole. */
export function unfinished(copy: string): string {
  return `${copy}.unfinished`
}

/**
 * Copies a database as it is at this moment into a file, whoever writes meanwhile. The file is there only once it is
 * whole and on the disk. Throws what `node:sqlite` and `node:fs` throw; then nothing is left behind.
 */
export function copyInto(database: DatabaseSync, copy: string): void {
  const growing = unfinished(copy)
  try {
    rmSync(growing, { force: true })
    // It holds the same secrets: nobody else may read it, not even while it grows.
    closeSync(openSync(growing, 'wx', 0o600))
    database.prepare('vacuum into ?').run(growing)
    finish(growing, copy)
  } catch (thrown) {
    rmSync(growing, { force: true })
    throw thrown
  }
}

/** Gives a file that is whole its name, so that it survives a crash of the machine. */
export function finish(growing: string, name: string): void {
  chmodSync(growing, 0o600)
  sync(growing)
  renameSync(growing, name)
  sync(dirname(name))
}

function sync(path: string): void {
  const file = openSync(path, 'r')
  fsyncSync(file)
  closeSync(file)
}
