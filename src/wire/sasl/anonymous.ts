import { Malformed } from '../errors.ts'
import type { SaslServerSide } from './server.ts'
import { fromUtf8 } from './text.ts'

/** The most characters of trace information (RFC 4505 §2; RFC 6120 §6.5.8 has it as its example). */
const maximumTrace = 255

/** The server's side of ANONYMOUS (RFC 4505). The trace information is checked and forgotten: it proves nothing (§5). */
export const anonymousServer: SaslServerSide = {
  async respond(message) {
    const trace = fromUtf8(message)
    if ([...trace].length > maximumTrace)
      throw new Malformed(`Trace information is longer than ${maximumTrace} characters`)
    // RFC 4505 §3 prohibits control, private and unassignable characters and those that change the display; its rule
    // on directions is for those who show the trace.
    if (/[\p{Cc}\p{Cf}\p{Co}\p{Noncharacter_Code_Point}\ufffc\ufffd]/u.test(trace))
      throw new Malformed('Trace information contains a character that is not for plain text')
    return { success: { username: undefined } }
  },
}
