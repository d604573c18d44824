import { element, flag } from '../../wire/codec.ts'
import { ns } from '../../wire/namespaces.ts'

/** `<session/>` (RFC 3921 §3); `<optional/>` says that nobody needs it (draft-cridland-xmpp-session). */
export const legacySession = element(ns.session, 'session', { optional: flag() })
