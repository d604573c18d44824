import type { Crypto } from '../runtime/runtime.ts'
import { encodeBase64 } from '../wire/base64.ts'
import type { Jid } from '../wire/jid.ts'
import { utf8 } from '../wire/sasl/text.ts'

/**
 * The name of a device (DESIGN 6) in the store, and towards operators: 22 characters of base64url, made of its account and
 * of the id that its client gives itself (XEP-0388 §2.3). The id is kept nowhere, and cannot be had back from the name:
 * what it opens besides (see features/fast) stays closed to whoever reads the store.
 */
export async function deviceName(crypto: Pick<Crypto, 'hash'>, account: Jid, id: string): Promise<string> {
  const digest = await crypto.hash('sha-256', utf8(`device\0${account.bare}\0${id}`))
  return base64url(digest.subarray(0, 16))
}

/** Base64 with characters that are safe in names, without padding (RFC 4648 §5). */
export function base64url(bytes: Uint8Array): string {
  return encodeBase64(bytes).replaceAll('+', '-').replaceAll('/', '_').replace(/=+$/, '')
}
