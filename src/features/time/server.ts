import { feature } from '../../server/feature.ts'
import { server } from '../../server/handlers.ts'
import { entityTime } from './wire.ts'

/** Tells what time it is (XEP-0202), in UTC: where the server stands is nobody's business (§6). */
export default feature({
  name: 'time',
  xeps: [{ number: 202, version: '2.0' }],
  disco: { server: [entityTime.namespace] },
  start: ({ host }) => [
    server.get(entityTime, () => entityTime.write({ zone: 0, moment: new Date(host.shared.now()) })),
  ],
})
