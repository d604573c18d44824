import { element, one } from '../../wire/codec.ts'
import { forwarded } from '../forward/wire.ts'

const carbons = 'urn:xmpp:carbons:2'

/** Asks for copies from now on (XEP-0280 §4). */
export const enable = element(carbons, 'enable', {})

/** Asks for no more copies (XEP-0280 §5). */
export const disable = element(carbons, 'disable', {})

/** A copy of what another resource got (XEP-0280 §7). To be believed only where it comes from one's own bare JID (§11). */
export const received = element(carbons, 'received', { forwarded: one(forwarded) })

/** A copy of what another resource sent (XEP-0280 §8). To be believed only where it comes from one's own bare JID (§11). */
export const sent = element(carbons, 'sent', { forwarded: one(forwarded) })

/** Says that a message is not to be copied (XEP-0280 §9). */
export const privately = element(carbons, 'private', {})
