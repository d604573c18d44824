import { chmodSync, closeSync, existsSync, mkdirSync, openSync } from 'node:fs'
import { dirname } from 'node:path'
import { DatabaseSync } from 'node:sqlite'
import type { Timers } from '../runtime/runtime.ts'
import { Group } from './group.ts'
import type { ConnectionOptions } from './sqlite-connection.ts'
import { SqliteDriver } from './sqlite-driver.ts'
import { fault } from './sqlite-error.ts'
import { makeTable, plan } from './sqlite-migrate.ts'
import type { ReaderMessage } from './sqlite-reader.ts'
import { Thread } from './sqlite-thread.ts'
import type { Durability, WriterData, WriterMessage } from './sqlite-writer.ts'
import type { Storage, TableShape } from './storage.ts'
import { StorageError } from './storage.ts'
import { Tables } from './tables.ts'

export type { Durability } from './sqlite-writer.ts'

export interface SqliteOptions {
  /** The database file. It and its folder are made where they are not there, readable by this user only. */
  readonly path: string
  readonly timers: Timers
  /** Told what an operator should know; `error` where writing begins to fail, and `info` where it works again. */
  readonly log?: (level: 'info' | 'warn' | 'error', text: string) => void
  /** How many milliseconds to wait for another program's lock; 5,000 if not given. */
  readonly patience?: number
  /** More bytes of writes than this never wait; 256 MiB if not given. */
  readonly pendingBytes?: number
  /** Only for tests: pragmas of the writer that make it wrong on purpose, such as `synchronous: 'off'`. */
  readonly planted?: Readonly<Record<string, string | number>>
}

/** A store on SQLite, with what an operator's `status` and the tests want to know of it. */
export interface SqliteStorage extends Storage {
  /** How the writer really keeps data, read back from its connection. Rejects with StorageError. */
  durability(): Promise<Durability>
  /** Only for tests: faults on purpose. */
  readonly faults: Faults
}

/** Ways to hurt a store. */
export interface Faults {
  /** Ends a worker whatever it does. */
  kill(worker: 'writer' | 'reader'): Promise<void>
  /** Sets a pragma of the writer's connection, this one and those after it. */
  plant(pragma: string, value: string | number): Promise<void>
}

/** A store in an SQLite database: WAL, synchronous=FULL, a worker that writes and one that reads. */
export function openSqlite(options: SqliteOptions): (shapes: readonly TableShape[]) => Promise<SqliteStorage> {
  return async shapes => {
    const tables = new Tables(shapes)
    const { path, timers, log = () => {} } = options
    makeFile(path)
    const connection: ConnectionOptions = { path, patience: options.patience ?? 5_000, planted: {} }
    const data: WriterData = { ...connection, shapes, planted: options.planted ?? {} }
    const died = (name: string) => (reason: string) =>
      log('error', `The storage ${name} died and is started again: ${reason}`)
    const writer = new Thread<WriterMessage>({ name: 'writer', data, timers, died: died('writer') })
    const reader = new Thread<ReaderMessage>({ name: 'reader', data: connection, timers, died: died('reader') })
    try {
      reader.warm()
      const done = (await writer.call({ ask: 'open' })) as readonly string[]
      if (done.length > 0) log('info', `Storage ${path}: ${inOneLine(done)}.`)
    } catch (error) {
      await Promise.all([writer.close({ ask: 'close' }), reader.close({ ask: 'close' })])
      throw error
    }
    const driver = new SqliteDriver(tables, { writer, reader }, timers, reason => {
      if (reason === undefined) log('info', `The database ${path} can be written again.`)
      else log('error', `Nothing is kept at the moment. ${reason}`)
    })
    driver.clear()
    return new SqliteGroup(driver, tables, options, { writer, reader })
  }
}

/** What opening this database with these tables would change, a sentence each. Throws StorageError as opening would. */
export function plannedMigration(path: string, shapes: readonly TableShape[]): readonly string[] {
  const tables = new Tables(shapes)
  const there = existsSync(path)
  let database: DatabaseSync | undefined
  try {
    database = new DatabaseSync(there ? path : ':memory:', { readOnly: there })
    const { sentences, backup } = plan(database, path, tables)
    return backup === undefined ? sentences : [`copy the database to ${backup}`, ...sentences]
  } catch (thrown) {
    throw fault(thrown, path).error
  } finally {
    database?.close()
  }
}

/** What was done, shorter: the first start makes dozens of tables. */
function inOneLine(done: readonly string[]): string {
  const made = done.filter(sentence => sentence.startsWith(makeTable))
  if (made.length < 2) return done.join('; ')
  const names = made.map(sentence => sentence.slice(makeTable.length))
  const others = done.filter(sentence => !made.includes(sentence))
  return [...others, `make ${names.length} tables (${names.join(', ')})`].join('; ')
}

class SqliteGroup extends Group implements SqliteStorage {
  readonly faults: Faults
  readonly #threads: { writer: Thread<WriterMessage>; reader: Thread<ReaderMessage> }

  constructor(
    driver: SqliteDriver,
    tables: Tables,
    { timers, pendingBytes }: SqliteOptions,
    threads: { writer: Thread<WriterMessage>; reader: Thread<ReaderMessage> },
  ) {
    super(driver, tables, {
      turn: fn => timers.turn(fn),
      after: (milliseconds, fn) => timers.after(milliseconds, fn),
      ...(pendingBytes === undefined ? {} : { pendingBytes }),
    })
    this.#threads = threads
    this.faults = {
      kill: worker => threads[worker].kill(),
      plant: async (pragma, value) => {
        await threads.writer.call({ ask: 'plant', pragma, value })
      },
    }
  }

  override close(): Promise<void> {
    this.#threads.writer.hurry()
    this.#threads.reader.hurry()
    return super.close()
  }

  async durability(): Promise<Durability> {
    return (await this.#threads.writer.call({ ask: 'durability' })) as Durability
  }
}

/** The file holds secrets: only its owner may read it, or list its folder. SQLite gives its companions the same mode. */
function makeFile(path: string): void {
  if (existsSync(path)) return
  try {
    mkdirSync(dirname(path), { recursive: true, mode: 0o700 })
    closeSync(openSync(path, 'wx', 0o600))
    chmodSync(path, 0o600)
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    throw new StorageError(`The database ${path} cannot be made: ${why}.`, { cause: error })
  }
}
