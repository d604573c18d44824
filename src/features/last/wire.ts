import { attr, body, element, maybe } from '../../wire/codec.ts'
import { text, whole } from '../../wire/kinds.ts'

/**
 * `<query/>` of jabber:iq:last: empty as request; the answer has the seconds since somebody left, was active or, of a
 * host, since it started, and perhaps the status that somebody left with (XEP-0012 §2).
 */
export const lastActivity = element('jabber:iq:last', 'query', {
  seconds: attr.maybe(whole),
  status: maybe(body(text)),
})
