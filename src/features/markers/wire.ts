import { attr, element } from '../../wire/codec.ts'
import { name } from '../../wire/kinds.ts'

/** What both elements are qualified by (XEP-0333). */
export const markers = 'urn:xmpp:chat-markers:0'

/** Asks to hear when the message has been displayed (XEP-0333 §4.1). */
export const markable = element(markers, 'markable', {})

/** Says that everything up to the message with this id has been displayed (XEP-0333 §4.2). */
export const displayed = element(markers, 'displayed', { id: attr(name) })
