import type { Commit, Watcher } from '../storage/commit.ts'
import type { LogEntry, LogRange, LogState, OwnerId, OwnerKind, Storage, Write } from '../storage/storage.ts'
import type { Jid } from '../wire/jid.ts'
import type { Host } from './host.ts'
import type { Session } from './session.ts'
import type { Table, TableWrite } from './table.ts'
import { storageWrite } from './table.ts'
import { Turns } from './turns.ts'

export type { Commit } from '../storage/commit.ts'
export type { LogEntry, OwnerId, Storage } from '../storage/storage.ts'
export { legacyCursor } from '../storage/storage.ts'

/** A new entry of the log. Its id is what `nextId` has just given; else it is given when the entry is committed. */
export type NewEntry = Omit<LogEntry, 'id'> & { readonly id?: number }

/** The entry of a log that a message on its road is kept in. */
export interface Logged {
  readonly id: number
  /** Whether somebody must still get it, so that it comes out of the log. */
  undelivered: boolean
}

/** A change of an owner's data, as a value: of a table, of the log, or of a cursor. */
export type Change =
  | TableWrite
  | { readonly append: NewEntry }
  /** Nobody was there to get it after all. */
  | { readonly undelivered: Logged }
  | CursorMove
  /** Nobody goes by this cursor any more. */
  | { readonly forget: string }

/** Everything up to the entry `to` was taken; a move of the legacy cursor takes `taken` undelivered ones, any other none. */
export interface CursorMove {
  readonly cursor: string
  readonly to: number
  readonly taken: number
}

/** Where an owner's data is read from and written to: the store, and the clock that gives the log its ids. */
export interface Keeping {
  readonly storage: Storage
  now(): number
}

const none: ReadonlyMap<string, unknown> = new Map()
/** The log of those that have said and heard nothing yet, for all of them. */
const noLog: Omit<LogState, 'last'> = { cursors: {}, undelivered: 0 }
/** The tables of those of whom there is nothing. */
const noTables: readonly (Map<string, unknown> | undefined)[] = []

/** How long a note waits for a commit to go with, in milliseconds. */
const patience = 250

/**
 * Somebody with rules of their own: an account, a room or a service. Its memory holds the loaded tables and the state
 * of its log; both change at once when a change is committed, and are thrown away when the commit fails.
 */
export class Owner {
  // What is looked at for each stanza that arrives stands together: that is one line of the processor's cache, or two.
  readonly kind: OwnerKind
  readonly host: Host
  /** The order in which what arrives for it is delivered. */
  readonly turns = new Turns()
  /**
   * Bound sessions, oldest first; none for rooms and services. Replaced, never changed: what is delivered to one may end
   * it, or another, while somebody goes through them.
   */
  sessions: readonly Session[] = []
  /** Whether it was needed since somebody last looked: idle owners are let go. */
  used = true
  /** Whether memory is not what the store holds: it is loaded again before anything else. */
  stale = false
  /** Rows of the loaded tables that have any, at the tables' places: of most owners most have none. */
  #tables: readonly (Map<string, unknown> | undefined)[] | undefined
  /** Bare JID. */
  readonly address: Jid
  /** Its number in the store. */
  readonly id: OwnerId
  /** Whether it is being removed: nobody may begin anything in its name. */
  leaving = false
  /**
   * The newest entry of the log that has been through delivery, as far as entries have a stanza on its road: sessions had
   * all that is for them up to there.
   */
  delivered = 0
  #underway: Commit | undefined
  #commits = 0
  /** How often anything was changed. */
  #changes = 0
  /** Who hears of commits; made with the first one. */
  #watcher: Watcher | undefined
  #last = 0
  #log = noLog
  readonly #keeping: Keeping

  constructor(kind: OwnerKind, address: Jid, host: Host, id: OwnerId, keeping: Keeping) {
    this.kind = kind
    this.address = address
    this.host = host
    this.id = id
    this.#keeping = keeping
  }

  /** Reads the log's state and these tables anew. Rejects with StorageError; the owner is then as stale as before. */
  async load(tables: readonly Table[]): Promise<void> {
    const { storage } = this.#keeping
    const read = () =>
      Promise.all([
        storage.logState(this.id),
        Promise.all(tables.map(table => storage.rows(this.id, table.shape.name))),
      ])
    let changes = this.#changes
    let [log, rows] = await read()
    // What was changed meanwhile may be in none of it.
    while (changes !== this.#changes) {
      changes = this.#changes
      ;[log, rows] = await read()
    }
    // A cursor may stand at an entry that could not be kept: whatever the clock says, what comes next is behind that.
    this.#last = Math.max(log.last, ...Object.values(log.cursors))
    this.delivered = this.#last
    this.#log = log.undelivered > 0 || Object.keys(log.cursors).length > 0 ? log : noLog
    this.#tables = noTables
    for (const [index, table] of tables.entries())
      for (const row of rows[index]!) {
        const values = table.read(row)
        this.#rows(table).set(table.keyOf(values), values)
      }
    this.stale = false
  }

  /** The rows of a loaded table by the text of their key (see `row` for one of them). */
  rows<R>(table: Table<R>): ReadonlyMap<string, R> {
    if (!table.loaded || this.#tables === undefined) throw new Error(`table ${table.shape.name} is not loaded`)
    return (this.#tables[table.place] ?? none) as Map<string, R>
  }

  #rows(table: Table): Map<string, unknown> {
    const tables = this.#tables === noTables ? [] : (this.#tables as (Map<string, unknown> | undefined)[])
    this.#tables = tables
    return (tables[table.place] ??= new Map())
  }

  /** Rows of any table, from the store; `key` may be the first columns of the key. */
  async read<R>(table: Table<R>, key: Partial<R> = {}): Promise<readonly R[]> {
    const whole = table.write(key as R)
    const prefix = Object.fromEntries(Object.keys(key).map(name => [name, whole[name]!]))
    return (await this.#keeping.storage.rows(this.id, table.shape.name, prefix)).map(row => table.read(row))
  }

  get storage(): Storage {
    return this.#keeping.storage
  }

  /**
   * Changes a table that is not loaded, with what is being committed at this moment; nobody waits for it (see
   * `Storage.mark`).
   */
  mark<R>(change: TableWrite<R>): void {
    this.storage.mark(this.id, nameOf(change), storageWrite(change))
  }

  /** The same with what is committed next, or some moments later: when many come or go, it is one commit. */
  note<R>(change: TableWrite<R>): void {
    this.storage.mark(this.id, nameOf(change), storageWrite(change), patience)
  }

  /** The id of the newest entry of the log. */
  get last(): number {
    return this.#last
  }

  /** The id of the entry that is appended next; it is known before that is committed, so that the stanza can name it. */
  nextId(): number {
    // DESIGN 6: ids grow even when the clock does not.
    this.#last = Math.max(this.#keeping.now() * 1000, this.#last + 1)
    return this.#last
  }

  /** How far this cursor has come; 0 where it has not begun. */
  cursor(name: string): number {
    return this.#log.cursors[name] ?? 0
  }

  /** All cursors, by name. */
  get cursors(): Readonly<Record<string, number>> {
    return this.#log.cursors
  }

  /** How many entries of the log somebody must still get. */
  get undelivered(): number {
    return this.#log.undelivered
  }

  /** Entries of the log, in ascending order. */
  entries(range: LogRange): Promise<readonly LogEntry[]> {
    return this.#keeping.storage.log(this.id, range)
  }

  /**
   * Makes changes, all or none: in memory now, durable when the promise resolves. Nothing is returned where the store
   * was durable at once. A commit that fails makes the owner stale: its memory is read anew before it is used again.
   */
  commit(...changes: readonly Change[]): Promise<void> | undefined {
    return this.keep(...changes)?.promise()
  }

  /** The same without a promise: for what is kept of each stanza. */
  keep(...changes: readonly Change[]): Commit | undefined {
    this.#changes++
    const writes: Write[] = []
    try {
      for (const change of changes) writes.push(this.#apply(change))
    } catch (fault) {
      // Some of it is in memory already.
      this.stale = true
      throw fault
    }
    const commit = this.storage.keep(this.id, writes)
    if (commit === undefined) return undefined
    this.#underway = commit
    this.#commits++
    commit.watch((this.#watcher ??= this.#watched()))
    return commit
  }

  /** The last commit that is not durable yet: memory has it already, and nobody may hear of that. */
  get underway(): Commit | undefined {
    return this.#underway
  }

  #watched(): Watcher {
    const kept = () => {
      if (--this.#commits === 0) this.#underway = undefined
    }
    const failed = () => {
      kept()
      this.stale = true
    }
    return { kept, failed }
  }

  #apply(change: Change): Write {
    if ('table' in change) {
      const { table, values, remove } = change
      if (table.loaded && this.#tables !== undefined) {
        if (remove) this.#tables[table.place]?.delete(table.keyOf(values))
        else this.#rows(table).set(table.keyOf(values), values)
      }
      return storageWrite(change)
    }
    if ('append' in change) {
      const id = change.append.id ?? this.nextId()
      if (change.append.undelivered) this.#undelivered(1)
      return { write: 'append', entry: { ...change.append, id } }
    }
    if ('undelivered' in change) {
      if (!change.undelivered.undelivered) this.#undelivered(1)
      change.undelivered.undelivered = true
      return { write: 'undelivered', id: change.undelivered.id }
    }
    if ('forget' in change) {
      const { [change.forget]: _, ...cursors } = this.#log.cursors
      this.#log = { ...this.#log, cursors }
      return { write: 'forget-cursor', cursor: change.forget }
    }
    const cursors = { ...this.#log.cursors, [change.cursor]: Math.max(change.to, this.cursor(change.cursor)) }
    this.#log = { ...this.#log, cursors }
    this.#undelivered(-change.taken)
    return { write: 'cursor', cursor: change.cursor, to: change.to }
  }

  #undelivered(more: number): void {
    this.#log = { ...this.#log, undelivered: Math.max(0, this.#log.undelivered + more) }
  }
}

function nameOf<R>({ table, values }: TableWrite<R>): string {
  return `${table.shape.name} ${table.keyOf(values)}`
}
