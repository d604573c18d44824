import { attr, element, maybe } from '../../wire/codec.ts'
import { text } from '../../wire/kinds.ts'

/** The namespace of XEP-0509. */
export const pipelining = 'urn:xmpp:iap:0'

/** What a stream offers, as one value (§2.1); a client that says it knows it sends it along (§2.2). */
export const configVersion = element(pipelining, 'config-version', { scheme: maybe(attr(text)), value: attr(text) })

/** What has been known is not what is on offer now (§2.2). */
export const mismatch = element(pipelining, 'config-version-mismatch', {})
