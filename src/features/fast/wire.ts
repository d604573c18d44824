import { attr, element, leaf, many, maybe } from '../../wire/codec.ts'
import { bool, date, name, text, whole } from '../../wire/kinds.ts'

/** The namespace of XEP-0484. */
export const fastNamespace = 'urn:xmpp:fast:0'

/** Which mechanisms tokens can be had for, in the server's `<inline/>` (XEP-0484 §3.1). */
export const fastFeature = element(fastNamespace, 'fast', {
  earlyData: maybe(attr(bool, 'tls-0rtt')),
  mechanisms: many(leaf(name, 'mechanism')),
})

/** A client asks for a token (XEP-0484 §3.2). */
export const requestToken = element(fastNamespace, 'request-token', { mechanism: attr(name) })

/** A client shows that it logs in with a token (XEP-0484 §3.4, §3.6). */
export const fast = element(fastNamespace, 'fast', {
  /** How often it has tried this token. */
  count: maybe(attr(whole)),
  /** Whether the token is to be good for nothing from then on. */
  invalidate: maybe(attr(bool)),
})

/** A new token (XEP-0484 §3.3). */
export const tokenElement = element(fastNamespace, 'token', { token: attr(text), expiry: attr(date) })
