import { setting, text } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { server } from '../../server/handlers.ts'
import { version } from '../../server/version.ts'
import { softwareVersion } from './wire.ts'

/** Tells which software serves the host (XEP-0092); of the operating system only what its operator says (§5). */
export default feature({
  name: 'version',
  xeps: [{ number: 92, version: '1.1' }],
  disco: { server: [softwareVersion.namespace] },
  config: {
    system: setting(
      text,
      '',
      'The operating system, as whoever asks for the software version is told; unset: nothing.',
    ),
  },
  start: ({ config: { system } }) => {
    const answer = softwareVersion.write({ name: 'Jackdaw', version, ...(system !== '' && { os: system }) })
    return [server.get(softwareVersion, () => answer)]
  },
})
