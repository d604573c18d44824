import { list, setting, text, time, type Values, whole, within, yes } from '../../server/config.ts'
import { StanzaError } from '../../wire/errors.ts'

const few = within(whole, 1, 1_000_000, 'from 1 to 1000000')
const hour = 3_600_000

export const registrationSettings = {
  open: setting(yes, false, 'Whether anybody may make an account on this host from a client, without an invitation.'),
  instructions: setting(text, 'Choose a user name and a password.', 'What a client shows above the form.'),
  passwordLength: setting(
    within(whole, 1, 255, 'from 1 to 255'),
    8,
    'Characters that a password set from a client has at least.',
  ),
  reserved: setting(
    list(text),
    ['abuse', 'admin', 'administrator', 'hostmaster', 'postmaster', 'root', 'security', 'support', 'webmaster', 'xmpp'],
    'User names that nobody can register from a client; they look taken.',
  ),
  reuse: setting(
    yes,
    false,
    'Whether the address of a removed account may be registered again from a client: its old contacts may still trust it.',
  ),
  accountsPerAddress: setting(few, 3, 'Accounts made from one network address without an invitation within `window`.'),
  accountsPerHost: setting(few, 100, 'Accounts made on this host without an invitation within `window`.'),
  failuresPerAddress: setting(few, 20, 'Attempts from one network address that made no account within `window`.'),
  passwordChange: setting(yes, true, 'Whether a user may set another password from a client.'),
  passwordChanges: setting(few, 10, 'Passwords that one account may set from a client within `window`.'),
  cancel: setting(yes, true, 'Whether a user may take the own account away from a client.'),
  window: setting(within(time, 1000, 30 * 24 * hour, 'from 1 s to 30 days'), hour, 'How long such an attempt counts.'),
}

export type RegistrationSettings = Values<typeof registrationSettings>

/** Throws StanzaError where a password is too short. What is too long, or no password at all, is known where it is set. */
export function checkLength(password: string, least: number): void {
  // Counted as people do: a character beyond 16 bits is one.
  if ([...password].length < least)
    throw new StanzaError('not-acceptable', { text: `A password has at least ${least} characters.` })
}
