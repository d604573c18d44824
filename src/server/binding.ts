import { element } from '../wire/codec.ts'
import { Element } from '../wire/element.ts'
import { Malformed, StanzaError, StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import { type Soon, when } from '../wire/sasl/soon.ts'
import { mayLogIn } from './accounts.ts'
import { sessionOf } from './delivery.ts'
import { extensionPoint } from './feature.ts'
import type { IqRegistration } from './handlers.ts'
import { account } from './handlers.ts'
import type { Owner } from './owner.ts'
import { errorReply, refusalOf } from './refusal.ts'
import { Session } from './session.ts'
import type { Stream } from './stream.ts'
import type { StreamFeature } from './stream-feature.ts'

/** What features do when a session begins: somebody has logged in and has a resource. */
export const beginnings = extensionPoint<(session: Session) => void>('beginnings of sessions')

/** What features do when a session is over, before what its client did not take goes another road. */
export const endings = extensionPoint<(session: Session) => void>('endings of sessions')

const offered = new Element('bind', ns.bind)

/** Resource binding (RFC 6120 §7). */
export const binding: StreamFeature = {
  registers: 'stream-feature',
  namespace: ns.bind,
  when: ['authenticated'],
  offer: () => offered,
  take(stream, iq) {
    try {
      const bound = when(asked(stream, iq), session => answer(stream, iq, session))
      return bound?.catch(error => refuse(stream, iq, error))
    } catch (error) {
      return refuse(stream, iq, error)
    }
  },
}

/** Throws, or rejects with, StanzaError. */
function asked(stream: Stream, iq: Element): Soon<Session> {
  const bind = iq.elements[0]!
  const id = iq.attribute('id')
  if (id === undefined || iq.name !== 'iq' || iq.attribute('type') !== 'set' || !bind.is('bind', ns.bind)) {
    throw new StanzaError('bad-request', { text: 'Binding is an IQ of type set with an id.' })
  }
  return bindTo(stream, bind.child('resource')?.text)
}

function answer(stream: Stream, iq: Element, session: Session): undefined {
  const jid = new Element('jid', ns.bind, [], [session.jid.full])
  const bind = new Element('bind', ns.bind, [], [jid])
  stream.write(new Element('iq', ns.client, ['type', 'result', ...idOnly(iq)], [bind]).xml(ns.client))
}

function refuse(stream: Stream, iq: Element, error: unknown): undefined {
  if (error instanceof StreamError) throw error
  const refusal = refusalOf(error, () => stream.fault(error))
  stream.rationed('info', 'binding refused', { condition: refusal.condition, reason: refusal.text })
  stream.write(errorReply(iq.withAttributes(idOnly(iq)), refusal).xml(ns.client))
}

const bindElement = element(ns.bind, 'bind', {})

/** Who is bound already asks again: one stream has one resource (RFC 6120 §7.1). */
export const secondBinding: readonly IqRegistration[] = [
  account.set(bindElement, () => {
    throw new StanzaError('not-allowed', { text: 'This stream has its resource.' })
  }),
]

/** Binds the stream to a resource: the client's wish, or one made here. Throws StanzaError. */
function bindTo(stream: Stream, wish: string | undefined): Soon<Session> {
  const { streams } = stream
  const host = stream.host!
  const address = Jid.of(stream.username!, host.domain.domain)
  return when(host.owners.find(address), owner => {
    if (owner === undefined) throw new StreamError('not-authorized', 'The account cannot log in.')
    return bindSession(stream, owner, resourceJid(address, wish === undefined || wish === '' ? streams.id() : wish))
  })
}

/**
 * Begins a session of this account on the stream: with this full JID, or, where somebody has that and the policy is to
 * rename, with another one. Throws StanzaError where there is no room for it, StreamError where the account must not log
 * in any more or the connection is gone.
 */
export function bindSession(
  stream: Stream,
  owner: Owner,
  jid: Jid,
  conflict = stream.streams.config.login.conflict,
): Session {
  const { streams } = stream
  // Removed or disabled between login and now; nothing is waited for between here and the session.
  if (!mayLogIn(owner)) throw new StreamError('not-authorized', 'The account cannot log in.')
  if (stream.gone) throw new StreamError('reset', 'The connection is gone.')
  const holder = sessionOf(owner, jid.resource)
  if (holder === undefined) checkRoom(owner, streams.config.limits.sessionsPerAccount)
  const bound = holder === undefined ? jid : settle(stream, owner, holder, jid, conflict)
  const session = new Session(owner, bound, stream, streams.road, streams.unsent)
  session.device = stream.device
  for (const former of streams.leaving) if (former.jid.equals(bound)) session.follow(former)
  owner.sessions = [...owner.sessions, session]
  stream.bound(session)
  for (const begun of owner.host.extensions(beginnings)) begun(session)
  return session
}

/** RFC 6120 §7.7.2.2: two for one resource. */
function settle(
  stream: Stream,
  owner: Owner,
  holder: Session,
  jid: Jid,
  conflict: Stream['streams']['config']['login']['conflict'],
): Jid {
  switch (conflict) {
    case 'refuse':
      throw new StanzaError('conflict', { text: 'Another session has this resource.' })
    case 'rename':
      checkRoom(owner, stream.streams.config.limits.sessionsPerAccount)
      return resourceJid(jid.bare, stream.streams.id())
    case 'replace':
      holder.fail(new StreamError('conflict', 'Another session took over this resource.'))
      return jid
  }
}

/** RFC 6120 §7.6.2.1 */
function checkRoom(owner: Owner, most: number): void {
  if (owner.sessions.length >= most) {
    throw new StanzaError('resource-constraint', { text: `This account has ${most} sessions already.` })
  }
}

function resourceJid(address: Jid, resource: string): Jid {
  try {
    return address.withResource(resource)
  } catch (error) {
    // RFC 6120 §7.7.2.1
    if (error instanceof Malformed) throw new StanzaError('bad-request', { text: error.message })
    throw error
  }
}

function idOnly(iq: Element): string[] {
  const id = iq.attribute('id')
  return id === undefined ? [] : ['id', id]
}
