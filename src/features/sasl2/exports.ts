import { extensionPoint } from '../../server/feature.ts'
import type { Owner } from '../../server/owner.ts'
import type { Stream } from '../../server/stream.ts'
import type { Element } from '../../wire/element.ts'
import type { SaslServer, SaslServerContext } from '../../wire/sasl/server.ts'
import { SaslError } from '../../wire/sasl/server.ts'
import type { UserAgent } from './wire.ts'

/** A login by SASL2 on its way, as the features that take part in it see it. */
export interface Sasl2Login {
  readonly stream: Stream
  /** The whole `<authenticate/>`: each feature finds its own child in it. */
  readonly request: Element
  readonly mechanism: string
  readonly agent: UserAgent | undefined
  /** What exchanges ask of their surroundings. */
  readonly context: SaslServerContext
  /**
   * Whom an exchange is about: one of a feature's own says so before it looks anything up. Throws SaslError where
   * guessers have to wait, or where the stream's header named somebody else; goes for names of nobody too. After it,
   * `not-authorized` counts against the account as well as the address.
   */
  about(username: string): void
  /** Who logs in: proven, loaded, and may. Only where tasks and inline features are asked; before, reading it is a mistake. */
  readonly owner: Owner
  /** Set by what lets an earlier stream go on: no stream features follow then (XEP-0198 §9.2). */
  reestablished: boolean
}

/** A feature's part in logins by SASL2 (XEP-0388), as a value. */
export interface SaslInline {
  /** What stands in `<inline/>` of the stream feature, or nothing; here and below the same elements where they say the same. */
  offer?(stream: Stream): Element | undefined
  /** What stands in the stream feature itself, behind the mechanisms. */
  announce?(stream: Stream): readonly Element[]
  /** Looks at the request before anything is tried. Throws SaslError, or WithoutPrejudice. */
  check?(login: Sasl2Login): void
  /** The exchange of a mechanism that is not among those on offer to all; undefined where it is not this feature's. Throws SaslError. */
  exchange?(login: Sasl2Login): SaslServer | undefined
  /**
   * Does what was asked for, and returns children of `<success/>`: who it is is proven, and no task is left. Features
   * run one after the other, in the order of their list; nothing of a session is written before `<success/>`, however
   * long that takes. Throws SaslError where the login must not succeed: only while the stream has no session.
   */
  run?(login: Sasl2Login): readonly Element[] | Promise<readonly Element[]>
}

/** Where features hang their part in logins by SASL2. */
export const saslInline = extensionPoint<SaslInline>('inline features of SASL2')

/** What a login by SASL2 asks for beyond the exchange (XEP-0388 §2.6.3), as a value. */
export interface SaslTasks {
  /**
   * The names of tasks of which the client is to do one now; none where nothing is left to do. Asked when the exchange
   * has succeeded and after each task; the first feature with names has its turn. Throws SaslError.
   */
  due(login: Sasl2Login): readonly string[] | Promise<readonly string[]>
  /** The client takes up one of them. */
  begin(login: Sasl2Login, name: string): SaslTask
}

/** One task that a client has taken up. */
export interface SaslTask {
  /**
   * Takes the children of `<next/>`, then those of each `<task-data/>`. What it returns goes into a `<task-data/>`, or,
   * where the task is done, into the `<success/>` if that comes next. Throws SaslError where the task has failed, and
   * with it the login.
   */
  step(children: readonly Element[]): TaskStep | Promise<TaskStep>
}

export type TaskStep = { readonly data: readonly Element[] } | { readonly done: readonly Element[] }

/** Where features hang their tasks. */
export const saslTasks = extensionPoint<SaslTasks>('tasks of SASL2')

/** Refuses a login that was not even tried: it counts as no failure (XEP-0509 §2.2). */
export class WithoutPrejudice extends SaslError {}
