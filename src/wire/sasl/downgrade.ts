import { encodeBase64 } from '../base64.ts'
import type { SaslCrypto, ScramHash } from './crypto.ts'
import { type Soon, when } from './soon.ts'
import { utf8 } from './text.ts'

/** What a server has announced on a stream, by the profile of SASL in use (XEP-0474 §6.1). */
export interface Announced {
  /** The names in `<mechanisms/>` or `<authentication/>`. */
  readonly mechanisms: readonly string[]
  /** The types in `<sasl-channel-binding/>` (XEP-0440); undefined or empty where there was none. */
  readonly channelBindings?: readonly string[] | undefined
}

/**
 * The value of SCRAM's attribute `h`, by which a client sees whether somebody between has changed what was announced
 * (XEP-0474 §6.1); `hash` is the mechanism's. Of one `Announced` it is made once.
 */
export function announcedHash(crypto: SaslCrypto, hash: ScramHash, announced: Announced): Soon<string> {
  let made = known.get(announced)
  if (made === undefined) known.set(announced, (made = {}))
  return (made[hash] ??= hashOf(crypto, hash, announced))
}

/** By what was announced: that is mostly the same for thousands of streams. */
const known = new WeakMap<Announced, Partial<Record<ScramHash, Soon<string>>>>()

function hashOf(crypto: SaslCrypto, hash: ScramHash, announced: Announced): Soon<string> {
  const { mechanisms, channelBindings = [] } = announced
  const types = channelBindings.length === 0 ? '' : `\x1f${sorted(channelBindings)}`
  return when(crypto.hash(hash, utf8(sorted(mechanisms) + types)), encodeBase64)
}

/** RFC 4790 §9.3, i;octet: the names are ASCII, so the order of characters is that of octets. */
function sorted(names: readonly string[]): string {
  return [...names].sort().join('\x1e')
}
