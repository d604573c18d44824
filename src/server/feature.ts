import type { Command } from './command.ts'
import type { Settings, Values } from './config.ts'
import type { IqRegistration } from './handlers.ts'
import type { Host } from './host.ts'
import type { Owner } from './owner.ts'
import type { StageRegistration, WritingRegistration } from './pipeline.ts'
import type { Server } from './server.ts'
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

/** What a feature looks after now and then: whenever idle streams and owners are, and not oftener than that. */
export interface ChoreRegistration {
  readonly registers: 'chore'
  readonly run: () => void
}

/** A place where features can hang values for another feature to read, such as nodes for disco. */
export interface ExtensionPoint<T> {
  readonly name: string
  /** The registration that hangs a value there. */
  add(value: T): ExtensionRegistration
}

/** A value that one feature has for another. */
export interface ExtensionRegistration {
  readonly registers: 'extension'
  readonly point: ExtensionPoint<unknown>
  readonly value: unknown
}

/** Declares an extension point; `host.extensions` reads what hangs there. */
export function extensionPoint<T>(name: string): ExtensionPoint<T> {
  const point: ExtensionPoint<T> = { name, add: value => ({ registers: 'extension', point, value }) }
  return point
}

/** What a feature does, as values. */
export type Registration =
  | StageRegistration
  | WritingRegistration
  | IqRegistration
  | LoadRegistration
  | ChoreRegistration
  | ExtensionRegistration
  | StreamFeature

/** What a feature gets when it starts on a host. */
export interface Start<C extends Settings> {
  readonly config: Values<C>
  readonly host: Host
}

/** What an entity is, in the registry's words (XEP-0030 §3.1). */
export interface Identity {
  readonly category: string
  readonly type: string
  readonly name?: string
}

interface Declaration<C extends Settings> {
  /** Also the name of its section in the configuration. */
  readonly name: string
  readonly xeps?: readonly Xep[]
  /** Features that disco shows on the host, and on each account. */
  readonly disco?: {
    readonly server?: readonly string[]
    readonly account?: readonly string[]
    /** Identities beside those that every host and account has. */
    readonly identities?: { readonly server?: readonly Identity[]; readonly account?: readonly Identity[] }
  }
  readonly config?: C
  readonly tables?: readonly Table[]
  /** What operators can ask of it: on the command line, and as ad-hoc commands. */
  readonly commands?: (server: Server) => readonly Command[]
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
