import { setting, whole } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { drop, message, presence, writing } from '../../server/pipeline.ts'
import { Backlogs } from './backlogs.ts'
import { isForgettable, isStorable } from './storable.ts'

/** Messages for those who are not there: kept in the log, handed over in order when they come (XEP-0160, XEP-0334). */
export default feature({
  name: 'offline',
  xeps: [
    { number: 160, version: '1.0.1' },
    { number: 334, version: '1.0.0' },
  ],
  disco: { server: ['msgoffline'] },
  config: { maximum: setting(whole, 1000, 'Messages that may wait for one account.') },
  start: ({ config, host }) => {
    const backlogs = new Backlogs(host, config)
    return [
      message.arriving.store(e => backlogs.keepBehind(e)),
      message.undelivered.check(e => (isForgettable(e) ? drop : undefined)),
      message.undelivered.store(e => (isStorable(e) ? backlogs.keep(e) : undefined)),
      // What one session did not take may be for another one that is there.
      message.undelivered.notify(({ owner }) => backlogs.handOver(owner)),
      writing.hold((session, stanza, envelope) => backlogs.holds(session, stanza, envelope)),
      presence.sending.notify(({ to, owner, session }) => {
        if (to === undefined && session?.reachable) backlogs.handOver(owner, session)
      }),
    ]
  },
})
