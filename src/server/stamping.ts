import type { Element } from '../wire/element.ts'
import { branchOf, Envelope, type StanzaKind, typeOf } from './envelope.ts'
import type { Session } from './session.ts'
import { addressee, checkIq, checkPresence } from './stanza-checks.ts'

/**
 * The envelope of a stanza that came from this session's client: checked as RFC 6120 §8 asks of any, sender stamped, and
 * the stream's language set where it names none (RFC 6120 §8.1.5). Throws StanzaError.
 */
export function stamped(session: Session, kind: StanzaKind, stanza: Element, lang: string | undefined): Envelope {
  const { jid, owner } = session
  const type = typeOf(kind, stanza)
  const to = addressee(stanza.attribute('to'))
  if (kind === 'iq') checkIq(stanza, type)
  else if (kind === 'presence') checkPresence(stanza.attribute('type'), to)
  // RFC 6121 §3.1.2: subscription stanzas travel under the bare JID.
  const branch = branchOf(kind, type)
  const from = branch === 'subscription' ? jid.bare : jid
  const attributes: string[] = ['from', from.full]
  if (to !== undefined) attributes.push('to', to.full)
  const list = stanza.attributes
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!
    if (name === 'from' || name === 'to') continue
    if (name === 'xml:lang') lang = undefined
    attributes.push(name, list[i + 1]!)
  }
  if (lang !== undefined) attributes.push('xml:lang', lang)
  return new Envelope(stanza.withAttributes(attributes), branch, type, from, to, owner, session)
}
