import { attr, element } from '../../wire/codec.ts'
import { name } from '../../wire/kinds.ts'

/** What both elements are qualified by (XEP-0184). */
export const receipts = 'urn:xmpp:receipts'

/** Asks for a receipt (XEP-0184 §7). */
export const request = element(receipts, 'request', {})

/** Says that the message with this id has arrived at a client (XEP-0184 §7). */
export const received = element(receipts, 'received', { id: attr(name) })
