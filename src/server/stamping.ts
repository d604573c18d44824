import type { Attributes, Element } from '../wire/element.ts'
import type { Jid } from '../wire/jid.ts'
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
  const attributes = stampedAttributes(stanza, from, to, lang)
  return new Envelope(stanza.withAttributes(attributes), branch, type, from, to, owner, session)
}

/** Made as long as it is: what grows keeps room for as much again. */
function stampedAttributes(
  { attributes }: Element,
  from: Jid,
  to: Jid | undefined,
  lang: string | undefined,
): Attributes {
  let length = to === undefined ? 2 : 4
  for (let i = 0; i < attributes.length; i += 2) {
    const name = attributes[i]!
    if (name !== 'from' && name !== 'to') length += 2
    if (name === 'xml:lang') lang = undefined
  }
  const all = new Array<string>(lang === undefined ? length : length + 2)
  all[0] = 'from'
  all[1] = from.full
  let at = 2
  if (to !== undefined) {
    all[at++] = 'to'
    all[at++] = to.full
  }
  for (let i = 0; i < attributes.length; i += 2) {
    const name = attributes[i]!
    if (name === 'from' || name === 'to') continue
    all[at++] = name
    all[at++] = attributes[i + 1]!
  }
  if (lang !== undefined) {
    all[at++] = 'xml:lang'
    all[at] = lang
  }
  return all
}
