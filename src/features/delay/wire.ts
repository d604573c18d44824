import { attr, body, element, maybe } from '../../wire/codec.ts'
import { date, jid, text } from '../../wire/kinds.ts'

/** When a stanza was sent in truth, and who says so (XEP-0203 §2). */
export const delay = element('urn:xmpp:delay', 'delay', {
  from: maybe(attr(jid)),
  stamp: attr(date),
  reason: body(text),
})
