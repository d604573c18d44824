import { passwordChanges } from '../../server/accounts.ts'
import { feature } from '../../server/feature.ts'
import { saslInline } from '../sasl2/exports.ts'
import { tokenCommands } from './commands.ts'
import { TokenLogins } from './logins.ts'
import { fastSettings } from './settings.ts'
import { revocation, tokens } from './tokens.ts'

/** Clients log in again with a token, in one round trip and without arithmetic that costs (XEP-0484). */
export default feature({
  name: 'fast',
  xeps: [{ number: 484, version: '0.2.0' }],
  config: fastSettings,
  tables: [tokens],
  commands: tokenCommands,
  start: ({ config, host }) => [
    saslInline.add(new TokenLogins(host, config)),
    // Who changes the password means those, too, who have got in with the old one.
    passwordChanges.add(owner => revocation(owner)),
  ],
})
