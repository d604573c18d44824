import { attr, body, checked, element, flag, many, rest } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import { jid, name, text } from '../../wire/kinds.ts'

const namespace = 'urn:xmpp:blocking'

/** One address of the block list; a report of abuse may be among `payloads` (XEP-0377 §6). */
const item = element(namespace, 'item', { jid: attr(jid), payloads: rest() })

/** `<block/>`, as request and as push: at least one address (XEP-0191 §3.3). */
export const block = checked(element(namespace, 'block', { items: many(item) }), ({ items }) => {
  if (items.length === 0) throw new Malformed('There is no address to block.')
})

/** `<unblock/>`, as request and as push; without an address it is about all of them (XEP-0191 §3.4, §3.5). */
export const unblock = element(namespace, 'unblock', { items: many(item) })

/** `<blocklist/>`, as request and as answer (XEP-0191 §3.2). */
export const blocklist = element(namespace, 'blocklist', { items: many(item) })

/** What says beside `not-acceptable` that it was the user who blocked whom this was for (XEP-0191 §3.3). */
export const blocked = new Element('blocked', 'urn:xmpp:blocking:errors')

const reporting = 'urn:xmpp:reporting:1'

const words = element(reporting, 'text', { lang: attr.maybe(text, 'xml:lang'), content: body(text) })

const stanzaId = element('urn:xmpp:sid:0', 'stanza-id', { by: attr(jid), id: attr(name) })

/** A report of abuse that comes with a block (XEP-0377 §4): why, in words, about which messages, and who else may see it (§5). */
export const report = element(reporting, 'report', {
  reason: attr(name),
  texts: many(words),
  messages: many(stanzaId),
  reportOrigin: flag(undefined, 'report-origin'),
  thirdParty: flag(undefined, 'third-party'),
})
