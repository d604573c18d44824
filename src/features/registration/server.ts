import { feature } from '../../server/feature.ts'
import { ownRegistration } from './account.ts'
import { registrationSettings } from './settings.ts'
import { Registration } from './stream.ts'
import { registerQuery } from './wire.ts'

/** Accounts that people make, change and cancel from their client (XEP-0077). Making them is closed by default. */
export default feature({
  name: 'registration',
  xeps: [{ number: 77, version: '2.4' }],
  disco: { server: [registerQuery.namespace] },
  config: registrationSettings,
  start: ({ config, host }) => [new Registration(host, config), ...ownRegistration(host, config)],
})
