import { attr, element, type Infer, many, rest } from '../../wire/codec.ts'
import { jid, text } from '../../wire/kinds.ts'

const info = 'http://jabber.org/protocol/disco#info'
const items = 'http://jabber.org/protocol/disco#items'

/** What an entity is: XEP-0030 §3.1. */
export const identity = element(info, 'identity', {
  category: attr(text),
  type: attr(text),
  lang: attr.maybe(text, 'xml:lang'),
  name: attr.maybe(text),
})

/** A namespace or feature name that an entity supports. */
export const supported = element(info, 'feature', { var: attr(text) })

/** `<query/>` of disco#info, as request and as answer; forms of XEP-0128 are among `extensions`. */
export const discoInfo = element(info, 'query', {
  node: attr.maybe(text),
  identities: many(identity),
  features: many(supported),
  extensions: rest(),
})
export type Info = Infer<typeof discoInfo>

const item = element(items, 'item', { jid: attr(jid), name: attr.maybe(text), node: attr.maybe(text) })

/** `<query/>` of disco#items, as request and as answer. */
export const discoItems = element(items, 'query', { node: attr.maybe(text), items: many(item) })
export type Items = Infer<typeof discoItems>['items']
