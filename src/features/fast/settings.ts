import { setting, time, type Values, whole, within, yes } from '../../server/config.ts'

const day = 86_400_000
const years = 3650 * day

/** What an operator can say about tokens. */
export const fastSettings = {
  enabled: setting(yes, true, 'Whether clients can have tokens with which they log in again without the password.'),
  lifetime: setting(
    within(time, 60_000, years, 'from one minute to ten years'),
    30 * day,
    'How long a token can be used: a device that does not come for so long needs the password again.',
  ),
  rotate: setting(time, day, 'How old a token may get before the device that uses it is given another one.'),
  password: setting(
    time,
    0,
    'How long a device may go on with tokens until it has to show the password again; 0 is for ever.',
  ),
  devices: setting(
    within(whole, 1, 1000, 'from 1 to 1000'),
    30,
    'Devices of one account that may have tokens; one more takes those of the device that was used longest ago.',
  ),
  unbound: setting(
    yes,
    true,
    'Whether there are tokens that are not bound to the TLS connection (HT-SHA-256-NONE); browsers can have no others.',
  ),
}

export type FastSettings = Values<typeof fastSettings>
