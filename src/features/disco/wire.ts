import { attr, element, many, maybe, rest } from '../../wire/codec.ts'
import { jid, text } from '../../wire/kinds.ts'

const info = 'http://jabber.org/protocol/disco#info'
const items = 'http://jabber.org/protocol/disco#items'

/** What an entity is: XEP-0030 §3.1. */
export const identity = element(info, 'identity', {
  category: attr(text),
  type: attr(text),
  name: maybe(attr(text)),
})

/** A namespace or feature name that an entity supports. */
export const supported = element(info, 'feature', { var: attr(text) })

/** `<query/>` of disco#info, as request and as answer; forms of XEP-0128 are among `extensions`. */
export const discoInfo = element(info, 'query', {
  node: maybe(attr(text)),
  identities: many(identity),
  features: many(supported),
  extensions: rest(),
})

const item = element(items, 'item', { jid: attr(jid), name: maybe(attr(text)), node: maybe(attr(text)) })

/** `<query/>` of disco#items, as request and as answer. */
export const discoItems = element(items, 'query', { node: maybe(attr(text)), items: many(item) })
