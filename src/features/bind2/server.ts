import { bindSession } from '../../server/binding.ts'
import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Session } from '../../server/session.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import { Element } from '../../wire/element.ts'
import { Malformed, StanzaError, StreamError } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { SaslError } from '../../wire/sasl/server.ts'
import { type Sasl2Login, saslInline } from '../sasl2/exports.ts'
import { bindInline } from './exports.ts'
import { bindFeature, bindOf, bound, tagOf } from './wire.ts'

/** Characters of a resource that come from here: 144 bits, as many as those of RFC 6120's own binding. */
const length = 24

/** A session begins with the login, with everything that its client wants of it (XEP-0386). */
export default feature({
  name: 'bind2',
  xeps: [{ number: 386, version: '1.1.0' }],
  start: ({ host }) => {
    /** Asked for when the host is whole. */
    const parts = () => host.extensions(bindInline)
    let offered: Element | undefined
    return [
      saslInline.add({
        offer: () => (offered ??= bindFeature(parts().flatMap(part => part.feature ?? []))),
        check: login => void wish(host, login),
        async run(login) {
          // XEP-0198 §9.2: who came back has its resource.
          if (login.stream.session !== undefined) return []
          const wanted = wish(host, login)
          if (wanted === undefined) return []
          const jid = login.owner.address.withResource(withTag(wanted.tag, await identifier(host, login, wanted.tag)))
          const session = begin(login, jid)
          const told = parts().flatMap(part => part.begin?.(session, wanted.bind, login.stream) ?? [])
          for (const part of parts()) told.push(...(await tell(host, session, part.tell?.(session))))
          return [bound(told)]
        },
      }),
    ]
  },
})

/** What the client asks for. Throws SaslError where that can be no binding: before anybody has logged in. */
function wish(host: Host, { request }: Sasl2Login): { bind: Element; tag: string | undefined } | undefined {
  try {
    const bind = bindOf(request)
    if (bind === undefined) return undefined
    const tag = tagOf(bind)
    // §3.2.1: what cannot be in a resource is refused with all of it.
    host.domain.withResource(withTag(tag, 'x'.repeat(length)))
    return { bind, tag }
  } catch (error) {
    throw error instanceof Malformed ? new SaslError('malformed-request', error.message) : error
  }
}

/** §3.2.1 */
function withTag(tag: string | undefined, identifier: string): string {
  return tag === undefined ? identifier : `${tag}/${identifier}`
}

/** The same for each binding of one client with this tag; it does not give the client's id away (§3.2.1). */
async function identifier(host: Host, { agent, owner, stream }: Sasl2Login, tag = ''): Promise<string> {
  if (agent?.id === undefined) return stream.streams.id()
  const bytes = await host.accounts.derived('bind2', `${owner.address}\0${agent.id}\0${tag}`)
  return encodeBase64(bytes).slice(0, length).replaceAll('+', '-').replaceAll('/', '_')
}

/** The session; those that the same client had before are over (§3.2). */
function begin({ stream, owner }: Sasl2Login, jid: Jid): Session {
  const { device } = stream
  const earlier = device === undefined ? [] : owner.sessions.filter(session => session.device === device)
  const most = stream.streams.config.limits.sessionsPerAccount
  if (owner.sessions.length - earlier.length >= most) throw refused(`This account has ${most} sessions already.`)
  for (const session of earlier) session.fail(new StreamError('conflict', 'Its client has begun another session.'))
  return bindSession(stream, owner, jid, 'replace')
}

/** The text names no error for it: a login that the client can try again, with RFC 6120's reason (§7.6.2.1 there). */
function refused(text: string): SaslError {
  return new SaslError('temporary-auth-failure', text, new Element('resource-constraint', ns.stanzas))
}

/** What cannot be read is left out: the session is there. */
async function tell(
  host: Host,
  session: Session,
  told: Promise<readonly Element[]> | undefined,
): Promise<readonly Element[]> {
  try {
    return (await told) ?? []
  } catch (error) {
    const reason = error instanceof StanzaError ? error.condition : String(error)
    host.shared.log('error', 'a session began without all that it could be told', { who: session.jid.full, reason })
    return []
  }
}
