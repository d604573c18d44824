import type { Settings, Values } from './config.ts'
import type { IqRegistration } from './handlers.ts'
import type { Host } from './host.ts'
import type { Owner } from './owner.ts'
import type { StageRegistration, WritingRegistration } from './pipeline.ts'
import type { StreamFeature } from './stream-feature.ts'
import type { Table } from './table.ts'

/** A XEP that a feature implements; they write the DOAP file and the manual. */
export interface Xep {
  readonly number: number
  readonly version: string
}

/** Runs when an account's memory is filled, before anything else of that account. */
export interface LoadRegistration {
  readonly registers: 'load'
  readonly run: (owner: Owner) => Promise<void> | undefined
}

export const load = (run: (owner: Owner) => Promise<void> | undefined): LoadRegistration => ({ registers: 'load', run })

/** What a feature does, as values. */
export type Registration = StageRegistration | WritingRegistration | IqRegistration | LoadRegistration | StreamFeature

/** What a feature gets when it starts on a host. */
export interface Start<C extends Settings> {
  readonly config: Values<C>
  readonly host: Host
}

interface Declaration<C extends Settings> {
  /** Also the name of its section in the configuration. */
  readonly name: string
  readonly xeps?: readonly Xep[]
  /** Features that disco shows on the host, and on each account. */
  readonly disco?: { readonly server?: readonly string[]; readonly account?: readonly string[] }
  readonly config?: C
  readonly tables?: readonly Table[]
  /** What to release when an account or room goes. */
  readonly removed?: (owner: Owner) => Promise<void> | undefined
  /** Once on each host. */
  readonly start: (start: Start<C>) => readonly Registration[]
}

/** One extension of the server, as the core sees it. */
// biome-ignore lint/suspicious/noExplicitAny: the settings' types matter only inside the feature itself
export type Feature = Declaration<any>

/** Declares a feature. */
export function feature<const C extends Settings>(declaration: Declaration<C>): Feature {
  return declaration
}

