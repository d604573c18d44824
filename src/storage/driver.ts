import type { Indexed, LogEntry, LogRange, LogState, OwnerId, OwnerKind, Row, Write } from './storage.ts'
import { StorageError } from './storage.ts'

/** One owner's share of a commit. */
export interface Part {
  readonly owner: OwnerId
  readonly writes: readonly Write[]
}

/** What happens together or not at all. */
export type Unit =
  /** One part for each owner. */
  | { readonly unit: 'commit'; readonly parts: readonly Part[] }
  | { readonly unit: 'create'; readonly address: string; readonly kind: OwnerKind; readonly writes: readonly Write[] }
  /** `at` is in milliseconds since 1970. */
  | { readonly unit: 'remove'; readonly owner: OwnerId; readonly at: number }
  /** Always alone in its batch. */
  | { readonly unit: 'index'; readonly owner: OwnerId; readonly to: number; readonly entries: readonly Indexed[] }

/** What became of a batch, by the places of its units. */
export interface Outcome {
  /** The units that were not applied. */
  readonly failures: ReadonlyMap<number, StorageError>
  /** The numbers that the owners of `create` units were given. */
  readonly created: ReadonlyMap<number, OwnerId>
}

/** Answers to queries, by the name of the query. */
export interface Answers {
  readonly find: OwnerId | undefined
  readonly tombstone: number | undefined
  readonly owners: readonly string[]
  readonly rows: readonly Row[]
  readonly log: readonly LogEntry[]
  readonly state: LogState
  readonly behind: number | undefined
  readonly indexed: number
}

export type QueryName = keyof Answers

/** A question as a value. What it names was checked before it is asked. */
export type Query<N extends QueryName = QueryName> = Extract<AnyQuery, { readonly query: N }>

type AnyQuery =
  | { readonly query: 'find'; readonly address: string }
  | { readonly query: 'tombstone'; readonly address: string }
  | {
      readonly query: 'owners'
      readonly host: string
      readonly kind: OwnerKind
      readonly after: string | undefined
      readonly limit: number
    }
  | { readonly query: 'rows'; readonly owner: OwnerId; readonly table: string; readonly key: Row }
  | { readonly query: 'log'; readonly owner: OwnerId; readonly range: LogRange }
  | { readonly query: 'state'; readonly owner: OwnerId }
  | { readonly query: 'behind'; readonly owner: OwnerId; readonly newer: number }
  | { readonly query: 'indexed'; readonly owner: OwnerId }

/** What group commit stands on: a database, or a disk that is only played. Writes were checked before they come here. */
export interface Driver {
  /**
   * Applies units in their order, durably when the promise resolves. A unit that fails does not fail others, except
   * later ones of its owners. Rejects with StorageError where no unit was applied, or nobody knows (`uncertain`).
   * Never called again before it has settled.
   */
  apply(units: readonly Unit[]): Promise<Outcome>
  /** Sees what was applied before it was called. Rejects with StorageError. */
  read<N extends QueryName>(query: Query<N>): Promise<Answers[N]>
  /** Lets go of everything once the reads that were asked for are answered. */
  close(): Promise<void>
}

/** Whose data a unit changes; those that it makes have no number yet, and an index only follows what is there. */
export function ownersOf(unit: Unit): readonly OwnerId[] {
  if (unit.unit === 'commit') return unit.parts.map(part => part.owner)
  return unit.unit === 'remove' ? [unit.owner] : []
}

/** The host of an owner: the domain of its bare JID (RFC 7622 §3.1; a localpart has no `@`). */
export function hostOf(address: string): string {
  return address.slice(address.indexOf('@') + 1)
}

/** What every driver says of a log entry that does not go on from the last one. */
export function conflict(id: number, last: number): StorageError {
  return new StorageError(`The log goes on from ${last}: an entry cannot have the id ${id}.`)
}

/** What every driver says of an owner that was never there or was removed. */
export function noOwner(owner: OwnerId): StorageError {
  return new StorageError(`There is no owner ${owner}.`)
}

/** What every driver says where an address has an owner. */
export function taken(address: string): StorageError {
  return new StorageError(`There is an owner ${address} already.`)
}

/** Fails a unit because an earlier one of its owner failed: it was reckoned on that one (DESIGN 6). */
export function behindFailed(): StorageError {
  return new StorageError('What was to be kept before this could not be kept.')
}
