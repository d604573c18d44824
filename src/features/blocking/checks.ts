import { destination, sessionOf } from '../../server/delivery.ts'
import type { Envelope, StanzaKind } from '../../server/envelope.ts'
import { kindOf, typeOf } from '../../server/envelope.ts'
import type { Ended } from '../../server/pipeline.ts'
import { absent, drop } from '../../server/pipeline.ts'
import type { Session } from '../../server/session.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { denies, isBlocked, stanzas } from './list.ts'
import { active, blocksNobody, listFor, listsOf } from './lists.ts'
import { blocked } from './wire.ts'

/** What an account sends: to whom it denies everything nothing goes, and the client hears so (XEP-0191 §3.3, XEP-0016 §2.14). */
export function checkSending({ owner, to, from, kind, type, session }: Envelope): void {
  if (to === undefined || owner.kind !== 'account' || blocksNobody(owner)) return
  // The server's own questions and answers: its user cannot do without.
  if (kind === 'iq' && to.equals(owner.host.domain)) return
  const lists = listsOf(owner)
  const list = listFor(lists, session ?? sessionOf(owner, from.resource))
  const what = kind === 'presence' && isNotification(type) ? stanzas.presenceOut : 0
  if (list === undefined || !denies(list, owner, to, what)) return
  const own = list === lists.default && isBlocked(list.find(owner, to, what)!)
  throw new StanzaError('not-acceptable', { type: 'cancel', ...(own && { application: blocked }) })
}

/**
 * What arrives at an account: whom it denies this finds nobody. Presence of all types is never answered; a message or
 * an IQ is answered as where there is no such account (XEP-0191 §3.3, XEP-0016 §2.14).
 */
export function checkArriving(e: Envelope): typeof drop | Ended | undefined {
  const { owner, from, kind } = e
  if (owner.kind !== 'account' || blocksNobody(owner)) return undefined
  if (kind === 'iq' && from.equals(owner.host.domain)) return undefined
  if (!isDenied(e)) return undefined
  return kind === 'presence' ? drop : absent
}

/**
 * What is written to a client: a session may have an active list of its own, and what was kept from before a block is
 * not delivered any more. What answers the session itself passes, and that somebody is not there.
 */
export function checkWriting(session: Session, stanza: Element): typeof drop | undefined {
  const { owner } = session
  if (blocksNobody(owner)) return undefined
  const from = stanza.attribute('from')
  const kind = kindOf(stanza.name)
  if (from === undefined || kind === undefined) return undefined
  const type = typeOf(kind, stanza)
  if (type === 'error' || type === 'unavailable' || kind === 'iq') return undefined
  return denies(listFor(listsOf(owner), session), owner, Jid.parse(from), incoming(kind, type)) ? drop : undefined
}

/** XEP-0016 §2.2, rules 1 and 2: the active list of whom it is for, or the default list. Of several sessions one is enough. */
function isDenied(e: Envelope): boolean {
  const { owner, from } = e
  const lists = listsOf(owner)
  const what = incoming(e.kind, e.type)
  let several = false
  for (const session of owner.sessions) several ||= session.get(active) !== ''
  if (!several) return denies(lists.default, owner, from, what)
  const sessions = addressed(e)
  for (const session of sessions) if (!denies(listFor(lists, session), owner, from, what)) return false
  return sessions.length > 0 || denies(lists.default, owner, from, what)
}

function addressed(e: Envelope): readonly Session[] {
  const { owner, to } = e
  const one = to!.resource === '' ? undefined : sessionOf(owner, to!.resource)
  if (one !== undefined) return [one]
  const found = e.kind === 'message' ? destination(owner, e) : undefined
  if (found === undefined || typeof found === 'string') return owner.sessions
  return Array.isArray(found) ? (found as readonly Session[]) : [found as Session]
}

/** Which items are about what comes in; subscriptions and probes are only for those about everything (XEP-0016 §2.10, §2.13). */
function incoming(kind: StanzaKind, type: string): number {
  if (kind === 'message') return stanzas.message
  if (kind === 'iq') return stanzas.iq
  return isNotification(type) ? stanzas.presenceIn : 0
}

function isNotification(type: string): boolean {
  return type === 'available' || type === 'unavailable'
}
