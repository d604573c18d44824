import { element } from '../../wire/codec.ts'

const namespace = 'urn:xmpp:csi:0'

/** The server takes the client's state (XEP-0352 §4.1). */
export const csi = element(namespace, 'csi', {})

/** The user looks at the client (XEP-0352 §4.2). */
export const active = element(namespace, 'active', {})

/** The user does not look at the client (XEP-0352 §4.2). */
export const inactive = element(namespace, 'inactive', {})
