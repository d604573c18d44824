import { setting, time, whole, within } from '../../server/config.ts'
import { Failures } from '../../server/failures.ts'
import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Stream } from '../../server/stream.ts'
import type { StreamFeature } from '../../server/stream-feature.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { admissions, answerBeforeLogin, checkSafe, isSafe, networkOf, type Permit } from '../registration/exports.ts'
import { type Inviting, inviteCommands } from './commands.ts'
import { Invitations, invitations, noSuchToken } from './invitations.ts'
import { inviteFeature, preauth } from './wire.ts'

const offered = inviteFeature.write({})

const day = 86_400_000
const hosts = new WeakMap<Host, Inviting>()

/** Accounts for whoever was invited, also where registration is closed (XEP-0445). */
export default feature({
  name: 'invite-registration',
  xeps: [{ number: 445, version: '0.2.0' }],
  config: {
    maximum: setting(within(whole, 1, 100_000, 'from 1 to 100000'), 1000, 'Invitations of one host at once.'),
    expires: setting(
      within(time, 60_000, 366 * day, 'from one minute to a year'),
      7 * day,
      'How long an invitation can be used where whoever makes it says nothing else.',
    ),
    failuresPerAddress: setting(
      within(whole, 1, 1_000_000, 'from 1 to 1000000'),
      20,
      'Wrong tokens from one network address before it has to wait.',
    ),
    window: setting(within(time, 1000, 30 * day, 'from 1 s to 30 days'), 3_600_000, 'How long a wrong token counts.'),
  },
  tables: [invitations],
  commands: server => inviteCommands(server, host => hosts.get(host)),
  start: ({ config, host }) => {
    const all = new Invitations(host, () => config.maximum)
    hosts.set(host, { invitations: all, lasting: () => config.expires })
    // Whether there are any is announced to streams; what fails here is tried again when somebody shows a token.
    all.load().catch(error => host.shared.log('error', 'invitations not read', { reason: String(error) }))
    const failures = new Failures(
      () => host.shared.now(),
      () => config.window,
      () => config.failuresPerAddress,
    )
    const invited = new PreAuthentication(all, failures)
    return [invited, admissions.add({ offered: () => all.offered, permit: stream => invited.permits.get(stream) })]
  },
})

/** Showing a token before registration (XEP-0445 §4). */
class PreAuthentication implements StreamFeature {
  readonly registers = 'stream-feature'
  readonly namespace = preauth.namespace
  readonly when = ['secure'] as const
  /** What streams have shown. */
  readonly permits = new WeakMap<Stream, Permit>()
  readonly #invitations: Invitations
  readonly #failures: Failures

  constructor(all: Invitations, failures: Failures) {
    this.#invitations = all
    this.#failures = failures
  }

  offer(stream: Stream): Element | undefined {
    return this.#invitations.offered && isSafe(stream) ? offered : undefined
  }

  take(stream: Stream, iq: Element): Promise<void> {
    return answerBeforeLogin(stream, iq, async (type, payload) => {
      if (type !== 'set') throw new StanzaError('bad-request', { text: 'A token is shown by an IQ of type set.' })
      checkSafe(stream)
      const { token } = preauth.read(payload)
      const network = networkOf(stream.link.peer.host)
      if (this.#failures.blocked(network))
        throw new StanzaError('not-acceptable', { type: 'wait', text: 'Too many wrong tokens. Try again later.' })
      // Counted in advance, so that many at once are no way around it.
      this.#failures.count(network)
      const permit = await this.#invitations.permit(token)
      if (permit === undefined) throw noSuchToken()
      this.#failures.uncount(network)
      this.permits.set(stream, permit)
      return undefined
    })
  }
}
