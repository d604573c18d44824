import { feature } from '../../server/feature.ts'
import { account, server } from '../../server/handlers.ts'
import { StreamError } from '../../wire/errors.ts'
import { legacySession } from './wire.ts'

const offered = legacySession.write({ optional: true })

/**
 * The session of RFC 3921 §3 is a formality since RFC 6120: announced as optional for the clients that insist on it, and
 * agreed to whenever they ask.
 */
export default feature({
  name: 'legacy-session',
  start: () => [
    {
      registers: 'stream-feature',
      namespace: legacySession.namespace,
      when: ['authenticated'],
      offer: () => offered,
      take() {
        throw new StreamError('not-authorized', 'Bind a resource first.')
      },
    },
    account.set(legacySession, () => undefined),
    server.set(legacySession, () => undefined),
  ],
})
