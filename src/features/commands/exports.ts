import type { Envelope } from '../../server/envelope.ts'
import { extensionPoint } from '../../server/feature.ts'
import type { Element } from '../../wire/element.ts'
import type { Jid } from '../../wire/jid.ts'
import type { Note } from './wire.ts'

export type { Note } from './wire.ts'

/** How a stage can be left forwards. */
export type Forwards = 'next' | 'complete'

/** One stage of a command: a form, and what becomes of it once it is filled in. */
export interface Stage {
  /** A form of type `form` (XEP-0004). */
  readonly form: Element
  readonly notes?: readonly Note[]
  /** How it may be left forwards; the first one is what `execute` means here. */
  readonly actions: readonly [Forwards, ...Forwards[]]
  /**
   * Takes the form as it was submitted; its type is always `submit`. What it throws is the answer, and the stage stays
   * for another try: `Malformed` where the form is not what was asked for, StanzaError for all else. Any other error
   * ends the session.
   */
  submit(form: Element, action: Forwards): Step | Promise<Step>
}

/** The end of a command. One that failed has a note of type `error` (XEP-0050 §3.6). */
export interface Outcome {
  readonly notes?: readonly Note[]
  /** Results for people or programs, such as a form of type `result`. */
  readonly payload?: readonly Element[]
}

export type Step = Stage | Outcome

/** A command that clients can execute at the host (XEP-0050). */
export interface AdHocCommand {
  /** Unlike that of any other command, and of any other node of the host. */
  readonly node: string
  /** What menus call it. */
  readonly name: string
  /** Who may see and execute it; only administrators where it does not say. */
  allowed?(who: Jid): boolean
  /** The first stage, or the end where nothing needs asking. Throws as a stage does. */
  begin(e: Envelope): Step | Promise<Step>
}

/** Commands that features add to the host. */
export const adHocCommands = extensionPoint<AdHocCommand>('ad-hoc commands')
