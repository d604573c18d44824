import { AccountError } from '../../server/accounts.ts'
import { sessionOf } from '../../server/delivery.ts'
import type { Envelope } from '../../server/envelope.ts'
import { Failures } from '../../server/failures.ts'
import { account, type IqRegistration, server } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { replyAttributes } from '../../server/refusal.ts'
import { Element } from '../../wire/element.ts'
import { Malformed, StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { preparePassword } from '../../wire/sasl/password.ts'
import { checkLength, type RegistrationSettings } from './settings.ts'
import { credentialsOf, passwordForm, type RegisterQuery, registerQuery } from './wire.ts'

/** What users ask about their own accounts, of the account or of the host (XEP-0077 §3.2, §3.3). */
export function ownRegistration(host: Host, settings: RegistrationSettings): readonly IqRegistration[] {
  const changes = new Failures(
    () => host.shared.now(),
    () => settings.window,
    () => settings.passwordChanges,
  )
  const get = (_: RegisterQuery, e: Envelope) => current(asker(host, e))
  const set = (query: RegisterQuery, e: Envelope) =>
    query.remove
      ? cancel(host, settings, asker(host, e), e)
      : changePassword(host, settings, changes, asker(host, e), query)
  return [
    account.get(registerQuery, get, { refusal: 'forbidden' }),
    account.set(registerQuery, set, { refusal: 'forbidden' }),
    server.get(registerQuery, get),
    server.set(registerQuery, set),
  ]
}

/** The account that asks. It has a session here: memory holds it. */
function asker(host: Host, { from }: Envelope): Owner {
  const owner = from.domain === host.domain.domain ? host.owners.loaded(from.bare) : undefined
  if (owner === undefined) throw new StanzaError('registration-required', { text: 'You have no account here.' })
  return owner
}

/** §3.1, example 3, without the password, which nobody knows. */
function current(owner: Owner): Element {
  return registerQuery.write({
    registered: true,
    username: owner.address.local,
    password: '',
    remove: false,
    more: [],
  })
}

/** §3.2: the result, then the end of all sessions. */
async function cancel(host: Host, settings: RegistrationSettings, owner: Owner, e: Envelope): Promise<undefined> {
  if (!settings.cancel) throw new StanzaError('not-allowed', { text: 'Accounts are not cancelled from a client here.' })
  if (e.stanza.elements[0]!.elements.length !== 1)
    throw new StanzaError('bad-request', { text: 'To cancel an account, <remove/> stands alone.' })
  const session = e.session ?? sessionOf(owner, e.from.resource)
  await host.accounts.remove(owner.address, session).catch(refuse)
  host.shared.log('info', 'account cancelled by its user', { account: owner.address.full })
  // Of a request to the host only the address of who asked is known, and that leads to nobody any more.
  if (e.session === undefined) session?.answer(new Element('iq', ns.client, replyAttributes(e.stanza, 'result')))
  return undefined
}

async function changePassword(
  host: Host,
  settings: RegistrationSettings,
  changes: Failures,
  owner: Owner,
  query: RegisterQuery,
): Promise<undefined> {
  if (!settings.passwordChange)
    throw new StanzaError('not-allowed', { text: 'Passwords are not changed from a client here.' })
  // §3.3: what is missing or empty is a bad request, and the password stays.
  const { username, password } = credentialsOf(query, passwordForm)
  if (!names(username, owner)) throw new StanzaError('forbidden', { text: 'You may set only your own password.' })
  const { full } = owner.address
  if (changes.blocked(full))
    throw new StanzaError('policy-violation', { type: 'wait', text: 'Too many passwords were set. Try again later.' })
  checkLength(checkPassword(password), settings.passwordLength)
  changes.count(full)
  await host.accounts.setPassword(owner.address, password).catch(refuse)
  host.shared.log('info', 'password changed by its user', { account: full })
  return undefined
}

/** Somebody else has removed the account meanwhile. */
function refuse(error: unknown): never {
  if (error instanceof AccountError) throw new StanzaError('registration-required', { text: error.message })
  throw error
}

/** Whether this is what the account is called: its localpart, or its whole address (§3.3, example 24). */
function names(username: string, { address }: Owner): boolean {
  const jid = username.includes('@') ? Jid.tryParse(username) : Jid.tryParse(`${username}@${address.domain}`)
  return jid?.equals(address) ?? false
}

function checkPassword(password: string): string {
  try {
    return preparePassword(password)
  } catch (error) {
    if (error instanceof Malformed) throw new StanzaError('not-acceptable', { text: error.message })
    throw error
  }
}
