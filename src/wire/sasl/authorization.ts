import { Malformed } from '../errors.ts'
import { Jid } from '../jid.ts'
import { SaslError } from './errors.ts'
import type { SaslServerContext } from './server.ts'

/**
 * Whether the user may act as the authzid: it is absent, empty or the account's own bare JID (RFC 6120 §6.3.8). Says
 * nothing about whether the account exists. Throws SaslError: `not-authorized` for a name that no account here can
 * have, `invalid-authzid` for an authzid that is not theirs.
 */
export function checkAuthorization(
  context: Pick<SaslServerContext, 'jid'>,
  username: string,
  authzid: string | undefined,
): void {
  const account = accountOf(context, username)
  if (account === undefined) throw new SaslError('not-authorized')
  if (authzid && authzid !== account && bareJid(authzid) !== account) throw new SaslError('invalid-authzid')
}

/** The bare JID of the account that a username names here; undefined where no account can have that name. */
export function accountOf(context: Pick<SaslServerContext, 'jid'>, username: string): string | undefined {
  try {
    return context.jid(username)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** The canonical text of a bare JID; undefined where the text is none. */
export function bareJid(text: string): string | undefined {
  const jid = Jid.tryParse(text)
  return jid?.isBare ? jid.full : undefined
}
