import { Buffer } from 'node:buffer'
import { thisOwner } from './sql.ts'
import type { Connection } from './sqlite-connection.ts'
import type { Select } from './sqlite-queries.ts'
import type { Cell, Indexed, LogRange, OwnerId } from './storage.ts'

/**
 * The full-text index. Its terms begin with their owner's number (`17xpeace`): so there is a list of places for each word
 * of each owner, what one owner finds and how long it takes does not depend on what others said, and nothing is found
 * without the number. A term of its own names the other side (`17y…`), so that a conversation is searched as fast as all.
 *
 * Its rows have no text, only numbers of their own (`indexed` has them): those grow as the ids of an owner's log do, hence
 * what is found comes in the order of the log, and is paged by its ids.
 */
export const indexStep: readonly string[] = [
  'alter table "owners" add column "indexed" integer not null default 0',
  `create table "indexed" ("place" integer primary key autoincrement, "owner" integer not null, "id" integer not null,
    unique ("owner", "id")) strict`,
  // Of ASCII, only letters and digits are of a word: other signs are never given to it (see `checkRange`).
  `create virtual table "words" using fts5("said", content='', contentless_delete=1, detail=none, tokenize='ascii')`,
]

/** Letters of the other side's address in its term: a longer address is compared with its entry. */
const peerTerm = `'y' || substr(hex("peer"), 1, 160)`

const statements = {
  until: 'select "indexed" from "owners" where "id" = ?',
  reached: 'update "owners" set "indexed" = ? where "id" = ? and "indexed" < ?',
  place: `insert into "indexed" ("owner", "id") select "owner", "id" from "log"
    where "owner" = ? and "id" = ? and "archived" = 1`,
  words: `insert into "words" ("rowid", "said") select ?, ? || "owner" || ${peerTerm} from "log" where "owner" = ? and "id" = ?`,
  dropWords: 'delete from "words" where "rowid" in (select "place" from "indexed" where "owner" = ? and "id" <= ?)',
  drop: 'delete from "indexed" where "owner" = ? and "id" <= ?',
} as const

/** Asks how far an owner's log is indexed. */
export const selectIndexed = statements.until

/** What changes the index, inside somebody's transaction. */
export class SqliteIndex {
  readonly #connection: Connection

  constructor(connection: Connection) {
    this.#connection = connection
  }

  /** Cells are `to`, then an id and its words for each entry; the words are those that `packedWords` makes. */
  add(owner: OwnerId, [to, ...entries]: readonly Cell[]): void {
    const row = this.#connection.statement(statements.until).get(owner) as unknown as Cell[]
    const until = Number(row[0])
    const place = this.#connection.statement(statements.place)
    const words = this.#connection.statement(statements.words)
    for (let at = 0; at < entries.length; at += 2) {
      const id = Number(entries[at])
      if (id <= until) continue
      const { changes, lastInsertRowid } = place.run(owner, id)
      if (changes === 1) words.run(lastInsertRowid, entries[at + 1]!, owner, id)
    }
    this.#connection.statement(statements.reached).run(to!, owner, to!)
  }

  /** Nothing up to this id can be found any more. */
  drop(owner: OwnerId, until: number): void {
    this.#connection.statement(statements.dropWords).run(owner, until)
    this.#connection.statement(statements.drop).run(owner, until)
  }
}

/** The terms of an entry, but for that of the other side, which the log knows. */
export function packedWords(owner: OwnerId, { words }: Indexed): string {
  return words.map(word => `${owner}x${word} `).join('')
}

/** Reads what is found in a range of a log. The words were checked: nothing in them has a meaning in SQL or FTS5. */
export function selectFound(owner: OwnerId, words: readonly string[], range: LogRange): Select {
  const terms = words.map(word => (word.endsWith('*') ? `"${owner}x${word.slice(0, -1)}" *` : `"${owner}x${word}"`))
  const parameters: Cell[] = []
  const conditions: string[] = []
  const compared = (sql: string, ...cells: Cell[]) => {
    parameters.push(...cells)
    conditions.push(sql)
  }
  if (range.peer !== undefined) terms.push(`"${owner}y${hexadecimal(range.peer).slice(0, 160)}"`)
  compared('"words" match ?', terms.join(' AND '))
  // The bounds as places, so that a page begins where it begins.
  const place = (beyond: string) => `(select "place" from "indexed" where "owner" = ? and "id" ${beyond} limit 1)`
  if (range.after !== undefined)
    compared(`"words"."rowid" > ifnull(${place('<= ? order by "id" desc')}, 0)`, owner, range.after)
  if (range.before !== undefined)
    compared(`"words"."rowid" < ifnull(${place('>= ? order by "id"')}, ${2 ** 53})`, owner, range.before)
  compared(`"log".${thisOwner('?')} and "archived" = 1`, owner)
  if (range.archived === false) conditions.push('0')
  if (range.peer !== undefined) compared('"peer" = ?', range.peer)
  if (range.undelivered !== undefined) conditions.push(`"undelivered" = ${range.undelivered ? 1 : 0}`)
  parameters.push(range.limit)
  const sql =
    'select "log"."id", "at", "peer", "direction", "archived", "undelivered", "xml" from "words" ' +
    'cross join "indexed" on "place" = "words"."rowid" ' +
    'cross join "log" on "log"."owner" = "indexed"."owner" and "log"."id" = "indexed"."id" ' +
    `where ${conditions.join(' and ')} order by "words"."rowid"${range.last ? ' desc' : ''} limit ?`
  return { sql, parameters }
}

function hexadecimal(text: string): string {
  return Buffer.from(text).toString('hex')
}
