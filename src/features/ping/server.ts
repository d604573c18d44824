import { feature } from '../../server/feature.ts'
import { account, server } from '../../server/handlers.ts'
import { ping } from './wire.ts'

/** Answers pings to the host and to one's own account (XEP-0199 §4.2). */
export default feature({
  name: 'ping',
  xeps: [{ number: 199, version: '2.0.1' }],
  disco: { server: [ping.namespace], account: [ping.namespace] },
  start: () => [account.get(ping, () => undefined), server.get(ping, () => undefined)],
})
