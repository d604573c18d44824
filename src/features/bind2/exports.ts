import { extensionPoint } from '../../server/feature.ts'
import type { Session } from '../../server/session.ts'
import type { Stream } from '../../server/stream.ts'
import type { Element } from '../../wire/element.ts'

/** A feature's part in the begin of a session by Bind 2 (XEP-0386), as a value. */
export interface BindInline {
  /** The name under which it is offered: what can be asked for within `<bind/>`. */
  readonly feature?: string
  /**
   * Does what `<bind/>` asks for, and returns children of `<bound/>`: in the very turn in which the session begins, before
   * anything can be delivered to it.
   */
  begin?(session: Session, bind: Element, stream: Stream): readonly Element[] | undefined
  /** Children of `<bound/>` that must be read first. What is delivered to the session meanwhile comes behind them. */
  tell?(session: Session): Promise<readonly Element[]>
}

/** Where features hang their part in the begin of a session by Bind 2. */
export const bindInline = extensionPoint<BindInline>('inline features of Bind 2')
