import { element } from '../../wire/codec.ts'

/** `<ping/>` (XEP-0199 §4). */
export const ping = element('urn:xmpp:ping', 'ping', {})
