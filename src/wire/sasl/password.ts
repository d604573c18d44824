import { Malformed } from '../errors.ts'
import { opaqueString } from '../precis.ts'
import { utf8 } from './text.ts'

/** The longest password, in bytes of UTF-8; RFC 4616 §2 asks for 255 at least. */
export const maximumPassword = 1024

/**
 * A password as it goes into hashes and comparisons: the OpaqueString profile (RFC 8265 §4.2). Throws `Malformed`
 * with a sentence for whoever chose the password.
 *
 * RFC 5802 §2.2 and RFC 4616 §2 say SASLprep, which RFC 8265 §1 replaces by OpaqueString. Both leave ASCII alone and
 * agree on nearly everything that keyboards make; they differ in NFKC against NFC (`ﬁ` and `²` stay what they are)
 * and in what SASLprep drops silently (a soft hyphen). There a client that prepares nothing agrees with OpaqueString
 * and one with SASLprep does not; no choice suits both, for a server keeps keys and not the password. Keeping the
 * characters apart accepts no other password than the one that was set.
 */
export function preparePassword(password: string): string {
  // RFC 8265 §4.2 changes and refuses nothing among these, and each login passes here.
  if (/^[\x20-\x7e]{1,255}$/.test(password)) return password
  if (password.length > maximumPassword) throw tooLong()
  const prepared = opaqueString(password, 'The password')
  if (utf8(prepared).length > maximumPassword) throw tooLong()
  return prepared
}

function tooLong(): Malformed {
  return new Malformed(`The password is longer than ${maximumPassword} bytes`)
}
