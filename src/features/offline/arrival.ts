import type { Host } from '../../server/host.ts'
import type { Session } from '../../server/session.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { discoInfo } from '../disco/wire.ts'

/**
 * Resolves when a session's client has all that it was sent so far; with false where it never will. Under stream
 * management its acknowledgements tell; else an answer from behind it does. What every client answers is a query for its
 * features: some do not survive a ping of their server (COMPAT go-sendxmpp, 2026-11). `isHeld`: others keep stanzas
 * back from it, which then go first.
 */
export async function hasArrived(host: Host, session: Session, isHeld: boolean): Promise<boolean> {
  // What its outbox held has gone another road.
  if (session.ended) return false
  if (session.managed !== undefined && !isHeld) return session.outbox.arrived()
  try {
    await host.request(session, 'get', discoInfo.write({ identities: [], features: [], extensions: [] }))
  } catch (error) {
    if (!(error instanceof StanzaError)) throw error
    if (session.ended) return false
    // An error is an answer too (RFC 6120 §8.2.3), but not that there was none (§4.9.3.3).
    if (error.condition !== 'remote-server-timeout') return true
    // Who is not connected may come back and answer then.
    if (!session.attached) return session.outbox.arrived()
    session.fail(new StreamError('connection-timeout', 'No answer came to a query.'))
    return false
  }
  return true
}
