import { Failures } from '../../server/failures.ts'
import { StanzaError } from '../../wire/errors.ts'
import type { RegistrationSettings } from './settings.ts'

type Limits = Pick<RegistrationSettings, 'accountsPerAddress' | 'accountsPerHost' | 'failuresPerAddress' | 'window'>

/** How many accounts may be made from where. Everything counts in advance, so that many at once are no way around it. */
export class Quota {
  readonly #failures: Failures
  readonly #accounts: Failures
  readonly #all: Failures

  /** `now` in milliseconds. The limits may change. */
  constructor(now: () => number, limits: Limits) {
    const window = () => limits.window
    this.#failures = new Failures(now, window, () => limits.failuresPerAddress)
    this.#accounts = new Failures(now, window, () => limits.accountsPerAddress)
    this.#all = new Failures(now, window, () => limits.accountsPerHost)
  }

  /** An attempt begins; `finished` tells how it went. Throws StanzaError where it is one too many. */
  begin(network: string, invited: boolean): void {
    const uninvited = !invited && (this.#accounts.blocked(network) || this.#all.blocked(''))
    // XEP-0077 §3.1.1 names the condition.
    if (uninvited || this.#failures.blocked(network))
      throw new StanzaError('not-acceptable', { type: 'wait', text: 'Too many registrations. Try again later.' })
    this.#failures.count(network)
    if (invited) return
    this.#accounts.count(network)
    this.#all.count('')
  }

  finished(network: string, invited: boolean, made: boolean): void {
    if (made) this.#failures.uncount(network)
    else if (!invited) {
      this.#accounts.uncount(network)
      this.#all.uncount('')
    }
  }
}
