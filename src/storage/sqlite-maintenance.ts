import { copyFileSync, existsSync, renameSync, rmSync, statSync } from 'node:fs'
import { DatabaseSync } from 'node:sqlite'
import { Worker } from 'node:worker_threads'
import type { Timers } from '../runtime/runtime.ts'
import { tableName } from './sql.ts'
import { pragma } from './sqlite-connection.ts'
import { finish, unfinished } from './sqlite-copy.ts'
import { fault, isDamage } from './sqlite-error.ts'
import { plan } from './sqlite-migrate.ts'
import { statements } from './sqlite-schema.ts'
import type { Reply } from './sqlite-serve.ts'
import type { TableShape } from './storage.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

/** How often is looked how far a copy has come, in milliseconds. */
const interval = 200

export interface BackupOptions {
  readonly path: string
  /** The file that is made. */
  readonly copy: string
  readonly timers: Pick<Timers, 'after' | 'cancel'>
  /** Told how many bytes are there, and about how many it will be. */
  readonly progress?: (bytes: number, all: number) => void
}

/**
 * Copies a database into a file as it is at this moment, also while a server uses it, which does not notice. Resolves
 * with the bytes of the copy. Rejects with StorageError where there is no database, or the file cannot be made.
 */
export async function backupSqlite({ path, copy, timers, progress }: BackupOptions): Promise<number> {
  if (existsSync(copy)) throw new StorageError(`The file ${copy} is there already: name another one.`)
  const all = withDatabase(path, database => {
    const pages = Number(pragma(database, 'page_count')) - Number(pragma(database, 'freelist_count'))
    return pages * Number(pragma(database, 'page_size'))
  })
  const look = () => {
    // The other thread renames it at any moment.
    const growing = statSync(unfinished(copy), { throwIfNoEntry: false })
    if (growing !== undefined) progress?.(growing.size, all)
    timer = timers.after(interval, look)
  }
  let timer = timers.after(interval, look)
  try {
    const reply = await copied(path, copy)
    if ('refused' in reply) throw new StorageError(`No backup could be made at ${copy}. ${reply.refused}`)
  } finally {
    timers.cancel(timer)
  }
  return statSync(copy).size
}

/** What a look at a whole database has found. */
export interface Soundness {
  /** A sentence each; none where all is well. */
  readonly problems: readonly string[]
  readonly accounts: number
  readonly entries: number
  readonly bytes: number
}

/** Problems that are told of one kind. */
const most = 100

/**
 * Reads everything and checks it: the file as SQLite knows it, and that nothing is there of owners that are gone. Also
 * while a server uses it. Throws StorageError where it is no database of ours, or of a newer program.
 */
export function checkSqlite(path: string, shapes: readonly TableShape[]): Soundness {
  return withDatabase(path, database => {
    plan(database, path, new Tables(shapes))
    const damage = damageOf(database)
    // What is damaged cannot be counted.
    if (damage.length > 0) return { problems: damage, accounts: 0, entries: 0, bytes: statSync(path).size }
    const count = (from: string) => Number(Object.values(database.prepare(`select count(*) from ${from}`).get()!)[0])
    const names = database
      .prepare(statements.versions)
      .all()
      .map(({ name }) => tableName(String(name)))
    const problems = [...names, '"log"', '"cursors"', '"log_spans"', '"indexed"'].flatMap(name => {
      const orphans = count(
        `${name} where "owner" not in (select "id" from "owners") and "owner" not in (select "owner" from "leaving")`,
      )
      return orphans === 0 ? [] : [`${name} has ${orphans} rows of owners that are gone`]
    })
    const accounts = count(`"owners" where "kind" = 'account'`)
    return { problems, accounts, entries: count('"log"'), bytes: statSync(path).size }
  })
}

/**
 * Puts a backup in the place of a database that nobody uses: the caller holds the lock of its folder. What was there is
 * kept beside it; returns where. Throws StorageError where the backup is not sound.
 */
export function restoreSqlite(path: string, backup: string, shapes: readonly TableShape[]): string | undefined {
  const { problems } = checkSqlite(backup, shapes)
  if (problems.length > 0) throw new StorageError(`The backup ${backup} is damaged: ${problems[0]}.`)
  const growing = unfinished(path)
  let aside: string | undefined
  try {
    copyFileSync(backup, growing)
    if (existsSync(path)) {
      aside = freeName(`${path}.before-restore`)
      // What was not yet in the file itself goes along, and must never meet another one.
      for (const part of ['', '-wal']) if (existsSync(path + part)) renameSync(path + part, aside + part)
      rmSync(`${path}-shm`, { force: true })
    }
    finish(growing, path)
  } catch (thrown) {
    rmSync(growing, { force: true })
    throw fault(thrown, path).error
  }
  return aside
}

function damageOf(database: DatabaseSync): readonly string[] {
  try {
    const found = database.prepare(`pragma integrity_check(${most})`).all()
    return found.map(row => String(Object.values(row)[0])).filter(text => text !== 'ok')
  } catch (thrown) {
    // Where the full-text index is damaged, the check may end with that instead of telling it.
    if (isDamage(thrown)) return [thrown.message]
    throw thrown
  }
}

function freeName(name: string): string {
  let free = name
  for (let count = 2; existsSync(free); count++) free = `${name}-${count}`
  return free
}

/** Whether it is known not to be there: one that may not be looked at is. */
function isMissing(path: string): boolean {
  try {
    return statSync(path, { throwIfNoEntry: false }) === undefined
  } catch {
    return false
  }
}

function withDatabase<T>(path: string, use: (database: DatabaseSync) => T): T {
  if (isMissing(path)) throw new StorageError(`There is no database ${path}.`)
  try {
    using database = new DatabaseSync(path, { readOnly: true, timeout: 5000 })
    return use(database)
  } catch (thrown) {
    throw fault(thrown, path).error
  }
}

function copied(path: string, copy: string): Promise<Reply> {
  // Sources end in .ts, the built package in .js; nothing rewrites a worker's URL.
  const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
  const worker = new Worker(new URL(`./sqlite-backup-worker${extension}`, import.meta.url), {
    workerData: { path, copy },
    name: 'storage backup',
  })
  return new Promise((resolve, reject) => {
    worker.once('message', (reply: Reply) => resolve(reply))
    worker.once('error', reject)
    worker.once('exit', () => reject(new StorageError('The copying of the database ended too early.')))
  })
}
