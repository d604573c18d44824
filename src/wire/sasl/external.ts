import { accountOf, bareJid } from './authorization.ts'
import { SaslError } from './errors.ts'
import type { SaslServerContext, SaslServerSide } from './server.ts'
import { fromUtf8 } from './text.ts'

/** The server's side of EXTERNAL (RFC 4422 appendix A) with the addresses of a certificate (XEP-0178 §2). */
export function externalServer(context: SaslServerContext): SaslServerSide {
  return {
    async respond(message) {
      return { success: { username: certifiedUser(context, fromUtf8(message)) } }
    },
  }
}

/** The user that the certificate proves and the authzid names (XEP-0178 §2, step 11). Throws SaslError. */
function certifiedUser(context: SaslServerContext, authzid: string): string {
  const users = new Map<string, string>()
  for (const text of context.certificateJids) {
    const jid = bareJid(text)
    if (jid === undefined) continue
    const username = jid.includes('@') ? jid.slice(0, jid.indexOf('@')) : ''
    // An address at another host is valid, but proves nobody here.
    if (accountOf(context, username) === jid) users.set(jid, username)
  }
  if (users.size === 0) throw new SaslError('not-authorized')
  if (authzid !== '') {
    const user = users.get(bareJid(authzid) ?? '')
    if (user === undefined) throw new SaslError('invalid-authzid')
    return user
  }
  // Case 11b: with several addresses it is the client that says which.
  const [only, ...others] = users.values()
  if (only === undefined || others.length > 0) throw new SaslError('invalid-authzid')
  return only
}
