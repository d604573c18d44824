import { attr, body, type Codec, element } from '../../wire/codec.ts'
import { base64, name, whole } from '../../wire/kinds.ts'

/** The namespace of what is announced and asked for (XEP-0480 §2). */
export const upgradeNamespace = 'urn:xmpp:sasl:upgrade:0'

const scramNamespace = 'urn:xmpp:scram-upgrade:0'

/** A task that a server offers or a client asks for (XEP-0480 §2.1, §2.2). */
export const upgrade: Codec<{ readonly task: string }> = element(upgradeNamespace, 'upgrade', { task: body(name) })

/** With what to make a salted password (XEP-0480 §3). */
export const salt = element(scramNamespace, 'salt', { iterations: attr(whole), salt: body(base64) })

/** The `SaltedPassword` of RFC 5802 §3 (XEP-0480 §3). */
export const saltedHash = element(scramNamespace, 'hash', { salted: body(base64) })
