import { attr, element, flag, many, rest } from '../../wire/codec.ts'
import { intBetween, oneOf, text } from '../../wire/kinds.ts'

const namespace = 'jabber:iq:privacy'

/** One rule of a privacy list (XEP-0016 §2.1); without a stanza kind it is about all stanzas, both ways. */
export const privacyItem = element(namespace, 'item', {
  type: attr.maybe(oneOf('jid', 'group', 'subscription')),
  value: attr.maybe(text),
  action: attr(oneOf('allow', 'deny')),
  order: attr(intBetween(0, 0xffffffff)),
  message: flag(),
  iq: flag(),
  presenceIn: flag(undefined, 'presence-in'),
  presenceOut: flag(undefined, 'presence-out'),
})

/** A privacy list; by name only where it is asked for, pushed or removed. */
export const privacyList = element(namespace, 'list', { name: attr(text), items: many(privacyItem) })

const active = element(namespace, 'active', { name: attr.maybe(text) })
const standard = element(namespace, 'default', { name: attr.maybe(text) })

/** `<query/>` of jabber:iq:privacy; how many of what it holds depends on what it asks (XEP-0016 §2.3 to §2.8). */
export const privacyQuery = element(namespace, 'query', {
  active: many(active),
  default: many(standard),
  list: many(privacyList),
  rest: rest(),
})
