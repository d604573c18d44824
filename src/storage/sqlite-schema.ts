import { type Dialect, spanBits, thisOwner } from './sql.ts'
import { indexStep } from './sqlite-index.ts'
import { leavingStep } from './sqlite-leaving.ts'
import { legacyCursor } from './storage.ts'

/** SQLite's way of saying things. */
export const sqlite: Dialect = {
  types: { text: 'text', integer: 'integer', blob: 'blob' },
  parameter: () => '?',
  // Rows are found by their key and are small: one tree a table, in which an owner's rows are neighbours.
  tableEnd: ' strict, without rowid',
  blob: hexadecimal => `x'${hexadecimal}'`,
}

/** Marks a file as ours: `PRAGMA application_id`, the letters "Jckd". */
export const application = 0x4a636b64

/**
 * What brings the store's own tables from each version to the next; the first makes them.
 *
 * A log is an ordinary table with one index, because that is the cheapest to append to. The index holds the flags at no
 * cost (a 0 or 1 takes no bytes), so that counting and finding what is undelivered or archived reads nothing else. That
 * ids are unique is the writer's check, which needs no index. The partial index is empty where everything is archived.
 *
 * Conversations are found by `log_spans`: in which spans of ids (see `spanBits`) there is something archived of a peer.
 * An index by peer would cost each append as much again as the append itself; this is written once a span.
 */
export const storeSteps: readonly (readonly string[])[] = [
  [
    'create table "versions" ("name" text primary key, "version" integer not null) strict, without rowid',
    `create table "owners" ("id" integer primary key autoincrement, "address" text not null unique, "kind" text not null,
      "host" text not null, "last" integer not null default 0) strict`,
    'create index "owners_host" on "owners" ("host", "kind", "address")',
    'create table "tombstones" ("address" text primary key, "at" integer not null) strict, without rowid',
    `create table "log" ("owner" integer not null, "id" integer not null, "at" integer not null, "peer" text not null,
      "direction" integer not null, "archived" integer not null, "undelivered" integer not null, "xml" text not null) strict`,
    'create unique index "log_place" on "log" ("owner", "id", "undelivered")',
    'create index "log_passing" on "log" ("owner", "id") where "archived" = 0',
    `create table "cursors" ("owner" integer not null, "cursor" text not null, "to" integer not null,
      primary key ("owner", "cursor")) strict, without rowid`,
  ],
  [
    'drop index "log_place"',
    'create unique index "log_place" on "log" ("owner", "id", "undelivered", "archived")',
    `create table "log_spans" ("owner" integer not null, "peer" text not null, "span" integer not null,
      primary key ("owner", "peer", "span")) strict, without rowid`,
    `insert into "log_spans" ("owner", "peer", "span")
      select distinct "owner", "peer", "id" >> ${spanBits} from "log" where "archived" = 1`,
  ],
  indexStep,
  leavingStep,
]

/** The statements of the store's own tables. */
export const statements = {
  find: 'select "id" from "owners" where "address" = ?',
  addressOf: 'select "address" from "owners" where "id" = ?',
  tombstone: 'select "at" from "tombstones" where "address" = ?',
  owners: 'select "address" from "owners" where "host" = ? and "kind" = ? and "address" > ? order by "address" limit ?',
  create: 'insert into "owners" ("address", "kind", "host") values (?, ?, ?) on conflict do nothing',
  remove: 'delete from "owners" where "id" = ?',
  removeCursors: 'delete from "cursors" where "owner" = ?',
  bury: 'insert into "tombstones" ("address", "at") values (?, ?) on conflict do update set "at" = excluded."at"',
  /** `last` of the owner is only kept where entries were taken away; else the log itself tells. */
  last: `select max("last", ifnull((select max("id") from "log" where "owner" = ?), 0)) from "owners" where "id" = ?`,
  keepLast: 'update "owners" set "last" = ? where "id" = ?',
  append:
    'insert into "log" ("owner", "id", "at", "peer", "direction", "archived", "undelivered", "xml") values (?, ?, ?, ?, ?, ?, ?, ?)',
  move: `insert into "cursors" ("owner", "cursor", "to") values (?, ?, ?)
    on conflict do update set "to" = excluded."to" where excluded."to" > "to"`,
  forget: 'delete from "cursors" where "owner" = ? and "cursor" = ?',
  /** Where there is no cursor the least one is null, and nothing goes. */
  tidy: `delete from "log" where "owner" = ? and "archived" = 0 and
    "id" <= (select min("to") from "cursors" where "owner" = ?)`,
  span: 'insert into "log_spans" ("owner", "peer", "span") values (?, ?, ?) on conflict do nothing',
  mark: 'update "log" set "undelivered" = 1 where "owner" = ? and "id" = ?',
  /** The last of those that a purge is about. */
  purged: `select max("id") from
    (select "id" from "log" where "owner" = ? and "id" < ? and "archived" = 1 order by "id" limit ?)`,
  purge: `delete from "log" where "owner" = ? and "id" <= ? and "archived" = 1 and
    ("undelivered" = 0 or "id" <= (select min("to") from "cursors" where "owner" = ?))`,
  hide: 'update "log" set "archived" = 0 where "owner" = ? and "id" <= ? and "archived" = 1',
  /** Spans with nothing archived in them or before them; where nothing is archived at all, every one. */
  trimSpans: `delete from "log_spans" where "owner" = ? and not "span" >=
    ifnull((select "id" >> ${spanBits} from "log" where "owner" = ? and "archived" = 1 order by "id" limit 1), ${2 ** 53})`,
  behind: `select "id" from "log" where ${thisOwner('?')} and "archived" = 1 order by "id" desc limit 1 offset ?`,
  undelivered: `select count(*) from "log" where ${thisOwner('?')} and "undelivered" = 1 and
    "id" > ifnull((select "to" from "cursors" where "owner" = ? and "cursor" = '${legacyCursor}'), 0)`,
  cursors: 'select "cursor", "to" from "cursors" where "owner" = ?',
  versions: 'select "name", "version" from "versions"',
} as const
