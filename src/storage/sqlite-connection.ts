import { DatabaseSync, type StatementSync } from 'node:sqlite'
import type { Fault } from './sqlite-error.ts'
import { fault } from './sqlite-error.ts'
import { StorageError } from './storage.ts'

/** What a connection is opened with. */
export interface ConnectionOptions {
  readonly path: string
  /** How many milliseconds to wait for another program's lock. */
  readonly patience: number
  /** Only for tests: pragmas set after our own have been checked, for faults on purpose. */
  readonly planted: Readonly<Record<string, string | number>>
}

/**
 * A worker's connection to the database: opened when it is first needed, and again after an error that a new one may
 * cure. Statements are prepared once.
 */
export class Connection {
  readonly #path: string
  readonly #open: () => DatabaseSync
  readonly #planted: Map<string, string | number>
  readonly #statements = new Map<string, StatementSync>()
  #database: DatabaseSync | undefined

  /** `prepare` makes a fresh connection ready, and throws where it must not be used. */
  constructor(
    { path, patience, planted }: ConnectionOptions,
    readOnly: boolean,
    prepare: (database: DatabaseSync) => void,
  ) {
    this.#path = path
    this.#planted = new Map(Object.entries(planted))
    this.#open = () => {
      const database = new DatabaseSync(path, { timeout: patience, readOnly })
      try {
        prepare(database)
        for (const [pragma, value] of this.#planted) database.exec(`pragma ${pragma} = ${value}`)
      } catch (error) {
        database.close()
        throw error
      }
      return database
    }
  }

  /** Throws what `node:sqlite` throws. */
  get database(): DatabaseSync {
    this.#database ??= this.#open()
    return this.#database
  }

  /** The statement, prepared; it answers rows as lists of cells. */
  statement(sql: string): StatementSync {
    const known = this.#statements.get(sql)
    if (known !== undefined) return known
    const statement = this.database.prepare(sql)
    statement.setReturnArrays(true)
    this.#statements.set(sql, statement)
    return statement
  }

  /** Reads what was thrown, after ending the transaction that it was thrown in. */
  fault(thrown: unknown, committing = false): Fault {
    const found = fault(thrown, this.#path, committing)
    try {
      if (this.#database?.isTransaction) this.#database.exec('rollback')
    } catch {
      this.close()
    }
    if (found.stale) this.close()
    return found
  }

  /** Sets a pragma now and on every connection that follows. Only for tests. */
  plant(pragma: string, value: string | number): void {
    this.#planted.set(pragma, value)
    this.database.exec(`pragma ${pragma} = ${value}`)
  }

  close(): void {
    this.#statements.clear()
    const database = this.#database
    this.#database = undefined
    try {
      database?.close()
    } catch {
      // It could not be tidied up; the next connection recovers what was committed.
    }
  }
}

/** The one cell that a pragma answers. */
export function pragma(database: DatabaseSync, name: string): string | number {
  const row = database.prepare(`pragma ${name}`).get()
  const value = row === undefined ? undefined : Object.values(row)[0]
  if (typeof value !== 'string' && typeof value !== 'number')
    throw new StorageError(`SQLite does not know the pragma ${name}.`)
  return value
}
