import type { Envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { contactOf, isSubscriber } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import { type Passage, promised } from '../../server/turns.ts'
import type { Jid } from '../../wire/jid.ts'
import { delay } from '../delay/wire.ts'
import { appear, departures } from './exports.ts'

/** RFC 6121 §4.3.2, §4.6.6. */
export function answerProbe(host: Host, e: Envelope): Passage {
  const { owner, from } = e
  const to = e.to!
  if (owner.kind !== 'account') return undefined
  if (isSubscriber(contactOf(owner, from)) || from.bare.equals(owner.address)) {
    return to.isBare ? answerForAll(host, e) : answerForOne(host, e)
  }
  // Directed presence lets somebody see the resource that it came from, and no more of it than that.
  const shown = owner.sessions.filter(session => isShownTo(session, from) && (to.isBare || session.jid.equals(to)))
  if (shown.length === 0) return host.shared.road.refuseProbe(owner, e)
  for (const session of shown) host.send(owner, session.jid, from, 'presence', [])
  return undefined
}

function answerForAll(host: Host, { owner, from, to, id }: Envelope): Passage {
  if (owner.sessions.some(isAvailable)) {
    appear(host, owner, from)
    return undefined
  }
  const away = (stamp: Date | undefined) => {
    const since = stamp === undefined ? [] : [delay.write({ stamp, reason: '' })]
    return host.send(owner, to!, from, 'presence', ['type', 'unavailable', ...mirrored(id)], since)
  }
  const known = host.extensions(departures)[0]
  return known === undefined ? away(undefined) : known(owner).then(stamp => promised(away(stamp)))
}

/** About no other resource, and only whether it is there. */
function answerForOne(host: Host, { owner, from, to, id }: Envelope): Passage {
  const session = owner.sessions.find(one => one.jid.equals(to!))
  const presence = session?.presence
  if (presence === undefined) return host.send(owner, to!, from, 'presence', ['type', 'unavailable', ...mirrored(id)])
  return host.send(owner, to!, from, 'presence', mirrored(presence.attribute('id')))
}

/** RFC 6121 §4.3.2.1 */
function mirrored(id: string | undefined): string[] {
  return id === undefined ? [] : ['id', id]
}

function isShownTo({ directed }: Session, who: Jid): boolean {
  return directed.has(who.full) || directed.has(who.bare.full)
}

function isAvailable(session: Session): boolean {
  return session.presence !== undefined
}

/** Shows a session the presence of an account's other available resources. */
export function showAll(owner: Owner, to: Session): void {
  for (const session of owner.sessions) {
    const stanza = session.presence
    if (session !== to && stanza !== undefined) to.deliver(stanza.with('to', to.jid.full))
  }
}
