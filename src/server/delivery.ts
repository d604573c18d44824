import type { Envelope } from './envelope.ts'
import type { Owner } from './owner.ts'
import type { Session } from './session.ts'

/** Where a message goes: to these sessions, or nowhere because it is kept, refused or passed over. */
export type Destination = Session | readonly Session[] | 'keep' | 'refuse' | 'ignore'

/** Whether a message that went there went to this session. */
export function reached(found: Destination | undefined, session: Session): boolean {
  return found === session || (Array.isArray(found) && found.includes(session))
}

/** The session with exactly this resource, or undefined. */
export function sessionOf(owner: Owner, resource: string): Session | undefined {
  for (const session of owner.sessions) if (session.jid.resource === resource) return session
  return undefined
}

/**
 * RFC 6121 §8.5.4, table 1, row by row. Where the table leaves a choice: O rather than E, E rather than S, and M for a
 * chat message to several resources (those with the highest priority), A for the other types.
 */
export function destination(owner: Owner, e: Envelope): Destination {
  const resource = e.to!.resource
  if (resource !== '') {
    const match = sessionOf(owner, resource)
    if (match !== undefined) return match
    // §8.5.3.2.1: only chat messages go on as if to the bare JID.
    if (e.type === 'error') return 'ignore'
    if (e.type !== 'chat') return 'refuse'
  }
  switch (e.type) {
    case 'groupchat':
      return 'refuse'
    case 'error':
      return 'ignore'
    case 'headline':
      return some(owner.sessions.filter(reachable)) ?? 'ignore'
    case 'chat':
      return mostAvailable(owner.sessions) ?? 'keep'
    // RFC 6121 §5.2.2: a type that is not known counts as normal.
    default:
      return oneOrSome(owner.sessions.filter(reachable)) ?? 'keep'
  }
}

function reachable(session: Session): boolean {
  return session.reachable
}

function some(sessions: readonly Session[]): readonly Session[] | undefined {
  return sessions.length > 0 ? sessions : undefined
}

/** One alone is known by itself: what it does not take goes another road. */
function oneOrSome(sessions: readonly Session[]): Session | readonly Session[] | undefined {
  return sessions.length === 1 ? sessions[0] : some(sessions)
}

function mostAvailable(sessions: readonly Session[]): Session | readonly Session[] | undefined {
  let best: Session | undefined
  let equals = 0
  for (const session of sessions) {
    if (!session.reachable || (best !== undefined && session.priority < best.priority)) continue
    equals = best !== undefined && session.priority === best.priority ? equals + 1 : 1
    best = session
  }
  if (best === undefined || equals === 1) return best
  const priority = best.priority
  return sessions.filter(session => session.reachable && session.priority === priority)
}
