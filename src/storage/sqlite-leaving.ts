import type { Connection } from './sqlite-connection.ts'
import type { SqliteIndex } from './sqlite-index.ts'
import type { Cell, OwnerId } from './storage.ts'

/**
 * Owners that were removed and whose logs are still there: they go bit by bit, lest a long one keep everybody waiting. For
 * whoever reads they are gone at once, and their numbers are never given again.
 */
export const leavingStep: readonly string[] = ['create table "leaving" ("owner" integer primary key) strict']

/** Rows that one step takes away: a few milliseconds. */
const slice = 1000

const statements = {
  leave: 'insert into "leaving" ("owner") values (?)',
  next: 'select "owner" from "leaving" limit 1',
  indexed: 'select max("id") from (select "id" from "indexed" where "owner" = ? order by "id" limit ?)',
  spans: `delete from "log_spans" where "owner" = ? and ("peer", "span") in
    (select "peer", "span" from "log_spans" where "owner" = ? limit ?)`,
  logged: 'select max("id") from (select "id" from "log" where "owner" = ? order by "id" limit ?)',
  log: 'delete from "log" where "owner" = ? and "id" <= ?',
  gone: 'delete from "leaving" where "owner" = ?',
} as const

/** Takes away what removed owners have left. */
export class SqliteLeaving {
  readonly #connection: Connection
  readonly #index: SqliteIndex

  constructor(connection: Connection, index: SqliteIndex) {
    this.#connection = connection
    this.#index = index
  }

  /** From now on this owner's log goes, inside somebody's transaction. */
  leave(owner: OwnerId): void {
    this.#connection.statement(statements.leave).run(owner)
  }

  /** Takes one step, in a transaction of its own; returns whether something is left. Throws what `node:sqlite` throws. */
  step(): boolean {
    const row = this.#row(statements.next)
    if (row === undefined) return false
    this.#connection.database.exec('begin immediate')
    this.#take(Number(row[0]))
    this.#connection.database.exec('commit')
    return true
  }

  #take(owner: OwnerId): void {
    const indexed = this.#row(statements.indexed, owner, slice)![0]!
    if (indexed !== null) {
      this.#index.drop(owner, Number(indexed))
      return
    }
    if (this.#run(statements.spans, owner, owner, slice) > 0) return
    const logged = this.#row(statements.logged, owner, slice)![0]!
    if (logged === null) this.#run(statements.gone, owner)
    else this.#run(statements.log, owner, logged)
  }

  #row(sql: string, ...parameters: Cell[]): readonly Cell[] | undefined {
    return this.#connection.statement(sql).get(...parameters) as unknown as Cell[] | undefined
  }

  #run(sql: string, ...parameters: Cell[]): number {
    return Number(this.#connection.statement(sql).run(...parameters).changes)
  }
}
