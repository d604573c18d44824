import { extensionPoint } from '../../server/feature.ts'
import type { Session } from '../../server/session.ts'

/** What a session has learnt from its archive, in entries of the log. */
export interface Learnt {
  /** It was sent all that the archive holds up to here, as far as it wanted that. That this has arrived is another thing. */
  readonly to: number
  /** Where the archive ended: up to there it asks by itself for what is missing. */
  readonly end: number
}

/** What features do when a session asks its archive; what it learns is undefined where that is not what has come lately. */
export const catchUps = extensionPoint<(session: Session, learnt: Promise<Learnt | undefined>) => void>('catch-ups')
