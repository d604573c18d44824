import { extensionPoint } from '../../server/feature.ts'
import type { Session } from '../../server/session.ts'

/** What features do when a session goes on in another stream: state that lived with the old one is gone. */
export const resumptions = extensionPoint<(session: Session) => void>('resumptions')
