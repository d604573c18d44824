import { attr, element } from '../../wire/codec.ts'
import { name } from '../../wire/kinds.ts'

/** The stream feature (XEP-0445 §3). */
export const inviteFeature = element('urn:xmpp:ibr-token:0', 'register', {})

/** What an invited client shows before it registers (XEP-0445 §4). */
export const preauth = element('urn:xmpp:pars:0', 'preauth', { token: attr(name) })
