import { attr, element, flag, leaf, many, maybe } from '../../wire/codec.ts'
import { bool, jid, oneOf, text } from '../../wire/kinds.ts'

const namespace = 'jabber:iq:roster'

/** One contact as clients see it (RFC 6121 §2.1.2). */
export const rosterItem = element(namespace, 'item', {
  jid: attr(jid),
  name: maybe(attr(text)),
  subscription: maybe(attr(oneOf('none', 'to', 'from', 'both', 'remove'))),
  ask: maybe(attr(oneOf('subscribe'))),
  approved: maybe(attr(bool)),
  groups: many(leaf(text, 'group')),
})

/** The roster, or what changes of it (RFC 6121 §2.1). */
export const rosterQuery = element(namespace, 'query', { ver: maybe(attr(text)), items: many(rosterItem) })

/** The stream feature that says that rosters have versions (RFC 6121 §2.6.1). */
export const rosterVersioning = element('urn:xmpp:features:rosterver', 'ver', { optional: flag() })
