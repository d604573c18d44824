import { extensionPoint } from '../../server/feature.ts'
import type { Session } from '../../server/session.ts'

/**
 * What features do when a session was sent what its archive holds up to this entry of the log: the archive is now where it
 * gets that from, and what it left out is its own choice. That it was sent is not that it has arrived.
 */
export const catchUps = extensionPoint<(session: Session, to: number) => void>('catch-ups')
