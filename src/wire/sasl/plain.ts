import { Malformed } from '../errors.ts'
import { checkAuthorization } from './authorization.ts'
import { SaslError } from './errors.ts'
import { preparePassword } from './password.ts'
import type { SaslServerContext, SaslServerSide } from './server.ts'
import { fromUtf8, utf8 } from './text.ts'

/** The server's side of PLAIN (RFC 4616). */
export function plainServer(context: SaslServerContext): SaslServerSide {
  return {
    async respond(message) {
      const parts = fromUtf8(message).split('\0')
      const [authzid, username, password] = parts
      if (parts.length !== 3 || !username || !password)
        throw new Malformed('PLAIN is authzid, NUL, name, NUL, password')
      checkAuthorization(context, username, authzid)
      const prepared = prepare(password)
      if (prepared === undefined || !(await context.checkPassword(username, prepared)))
        throw new SaslError('not-authorized')
      return { success: { username } }
    },
  }
}

/** RFC 4616 §2: where preparation fails, verification shall fail. */
function prepare(password: string): string | undefined {
  try {
    return preparePassword(password)
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** The one message of PLAIN's client (RFC 4616 §2). Throws `Malformed` for a name or password that cannot be written. */
export function plainMessage(username: string, password: string, authzid = ''): Uint8Array {
  const prepared = preparePassword(password)
  if (username === '') throw new Malformed('The user name is empty')
  const message = `${authzid}\0${username}\0${prepared}`
  if (message.split('\0').length !== 3) throw new Malformed('A name contains NUL')
  return utf8(message)
}
