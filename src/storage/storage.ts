import type { Commit } from './commit.ts'

/** What a column holds. */
export type ColumnType = 'text' | 'integer' | 'blob'

/** A value as a database keeps it. Booleans are the integers 0 and 1; integers stay within 2^53. */
export type Cell = string | number | Uint8Array | null

export type Row = Readonly<Record<string, Cell>>

/**
 * A table that a feature declares. The owner is always the first part of the key, and is not named here. Columns may
 * only be added (with a later `since`), never changed or taken away: a table that must change otherwise gets a new name
 * and a step that fills it.
 */
export interface TableShape {
  readonly name: string
  readonly columns: Readonly<
    Record<string, { readonly type: ColumnType; readonly since?: number; readonly initial?: Cell }>
  >
  /** Names of the columns that, after the owner, identify a row; empty for one row an owner. */
  readonly key: readonly string[]
  /** Counts up with each change of the columns; 1 at first. */
  readonly version: number
}

/** An owner's number in this store: never used again for another. */
export type OwnerId = number

/** One entry of an owner's log. */
export interface LogEntry {
  /** max(microseconds since 1970, last + 1) of this owner's log: unique, growing, and the archive id. */
  readonly id: number
  /** Milliseconds since 1970. */
  readonly at: number
  /** Bare JID of the other side of the conversation. */
  readonly peer: string
  readonly direction: 'in' | 'out'
  /** Whether archive queries show it; else it is only kept until every cursor that needs it has passed. */
  readonly archived: boolean
  /** Whether a device that was not there must still get it. */
  readonly undelivered: boolean
  /** The stanza as it was delivered, canonical XML on its own. */
  readonly xml: string
}

/** One change, as a value. All writes of one `commit` happen together or not at all. */
export type Write =
  | { readonly write: 'put'; readonly table: string; readonly row: Row }
  /** `key` may be a prefix of the key's columns: `{}` deletes all the owner's rows. */
  | { readonly write: 'delete'; readonly table: string; readonly key: Row }
  | { readonly write: 'append'; readonly entry: LogEntry }
  /** Somebody must still get the entry with this id, where it is there. */
  | { readonly write: 'undelivered'; readonly id: number }
  /**
   * Entries with smaller ids than `before` are archived no more, the oldest `limit` of them. They go; but what is
   * undelivered and not passed by every cursor stays for that long (DESIGN 6).
   */
  | { readonly write: 'purge'; readonly before: number; readonly limit: number }
  /**
   * Moves a cursor: everything up to `to` has been taken. Never moves back. Entries that every cursor has passed and
   * that are not archived go; an owner without cursors keeps them.
   */
  | { readonly write: 'cursor'; readonly cursor: string; readonly to: number }
  | { readonly write: 'forget-cursor'; readonly cursor: string }

export interface LogRange {
  /** Only ids greater than this. */
  readonly after?: number
  /** Only ids less than this. */
  readonly before?: number
  /** At most so many. */
  readonly limit: number
  /** From the newest of the range backwards; entries come in ascending order all the same. */
  readonly last?: boolean
  /** With `archived`, found without walking through what others said. */
  readonly peer?: string
  readonly archived?: boolean
  readonly undelivered?: boolean
  /**
   * Only archived ones that were indexed by each of these 1 to 100 words; `peac*` is met by every word that so begins.
   * See `index`.
   */
  readonly words?: readonly string[]
}

/**
 * The words that one entry can be found by. A word has no capitals and nothing of ASCII but letters and digits, and is
 * 1 to 100 characters long.
 */
export interface Indexed {
  readonly id: number
  readonly words: readonly string[]
}

/** The cursor that all clients of an account share that have none of their own (DESIGN 6): what it has passed, somebody has taken. */
export const legacyCursor = 'legacy'

/** What is known of an owner's log without reading it. */
export interface LogState {
  /** The greatest id ever given in this log, 0 where there is none: `max(clock, last + 1)` goes on from here. */
  readonly last: number
  /** Each cursor's place. */
  readonly cursors: Readonly<Record<string, number>>
  /** How many `undelivered` entries the legacy cursor has not passed yet; all of them where it has not begun. */
  readonly undelivered: number
}

/** Fails what waited for it: the disk is full, read-only, locked, or its worker died. Says what the operator can do. */
export class StorageError extends Error {
  override readonly name = 'StorageError'
  /** Whether the writes may have been kept all the same: whoever needs to know reads them back. */
  readonly uncertain: boolean

  constructor(message: string, options?: ErrorOptions & { uncertain?: boolean }) {
    super(message, options)
    this.uncertain = options?.uncertain ?? false
  }
}

/**
 * The verbs of storage. Everything is durable when its promise resolves (synchronous=FULL); a store that can say so
 * at once returns nothing instead of a promise, and then nobody waits.
 *
 * Reads see every write that was handed over before them by this process, settled or not.
 */
export interface Storage {
  /** The number of an owner by its address (a bare JID, canonical), or undefined. */
  find(address: string): Promise<OwnerId | undefined>
  /** Makes an owner. Rejects with StorageError where the address has one; a removed one's number is never given again. */
  create(address: string, kind: OwnerKind, writes?: readonly Write[]): Promise<OwnerId>
  /**
   * Takes away an owner and all that is under its number; leaves a tombstone with the time, in milliseconds since 1970. A
   * long log is gone for everybody at once, and from the disk a little later.
   */
  remove(owner: OwnerId, at: number): Promise<void>
  /** When this address was last removed, in milliseconds since 1970, or undefined. */
  tombstone(address: string): Promise<number | undefined>
  /** Addresses of the owners of a host, in order, `limit` at a time from behind `after`. */
  owners(host: string, kind: OwnerKind, page: { after?: string; limit: number }): Promise<readonly string[]>
  /**
   * Keeps these writes, all or none. They may not be changed afterwards. Where they fail, so does everything of the same
   * owner that was handed over before that was known.
   */
  commit(owner: OwnerId, writes: readonly Write[]): Promise<void> | undefined
  /** The same without a promise: for what is written for every stanza. */
  keep(owner: OwnerId, writes: readonly Write[]): Commit | undefined
  /**
   * What is committed from here to `end`, in the same turn of the loop, is kept together or not at all, whoever's it is:
   * all those commits have one receipt. Pairs may be nested; the outermost one counts.
   */
  begin(): void
  end(): void
  /** Whether something has been committed since the outermost `begin`. */
  readonly begun: boolean
  /**
   * One write that is kept with what is being committed at this moment, in the place of an earlier one of this name that
   * is not on its way yet: for what only tells how far something has come. Nobody waits for it. With `patience` it may
   * wait so many milliseconds for a commit to go with.
   */
  mark(owner: OwnerId, name: string, write: Write, patience?: number): void
  /** Rows whose key starts with these values, in the order of the key: text by code points, blobs by bytes. */
  rows(owner: OwnerId, table: string, key?: Row): Promise<readonly Row[]>
  log(owner: OwnerId, range: LogRange): Promise<readonly LogEntry[]>
  logState(owner: OwnerId): Promise<LogState>
  /** The id of the archived entry that so many newer archived ones follow, or undefined where there are not as many. */
  logBehind(owner: OwnerId, newer: number): Promise<number | undefined>
  /**
   * Lets entries be found by their words, in a commit of its own: nobody else's has this in it. From then on `indexed` is
   * at least `to`, up to which these are all that have words. Those that are not archived (any more), or are not behind
   * what was indexed before, are left out. What they are found by goes when they do.
   */
  index(owner: OwnerId, to: number, entries: readonly Indexed[]): Promise<void>
  /** How far this owner's log is indexed; 0 where it has not begun. */
  indexed(owner: OwnerId): Promise<number>
  /** Bytes of writes handed over and not yet settled; whoever feeds the store stops reading when this grows. */
  readonly pending: number
  close(): Promise<void>
}

export type OwnerKind = 'account' | 'room' | 'service'

/** Opens a store for these tables, bringing older data up to date first. Rejects where the data is from a newer program. */
export type OpenStorage = (tables: readonly TableShape[]) => Promise<Storage>
