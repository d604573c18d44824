import { beginnings, endings } from '../../server/binding.ts'
import { setting, time, whole } from '../../server/config.ts'
import { feature, load } from '../../server/feature.ts'
import type { Owner } from '../../server/owner.ts'
import { drop, message, presence, writing } from '../../server/pipeline.ts'
import { restorations, starts, suspensions } from '../../server/restart.ts'
import { catchUps } from '../archive/exports.ts'
import { resumptions } from '../stream-management/exports.ts'
import { Backlogs } from './backlogs.ts'
import { deviceCommands } from './commands.ts'
import { Devices, devices as table } from './devices.ts'
import { Places } from './places.ts'
import { isForgettable, isStorable } from './storable.ts'
import { attended, Unconfirmed } from './unconfirmed.ts'

/** Messages for those who are not there: kept in the log, handed over in order when they come (XEP-0160, XEP-0334, DESIGN 6). */
export default feature({
  name: 'offline',
  xeps: [
    { number: 160, version: '1.0.1' },
    { number: 334, version: '1.0.0' },
  ],
  disco: { server: ['msgoffline'] },
  config: {
    maximum: setting(whole, 1000, 'Messages that may wait for one account.'),
    devices: setting(
      whole,
      20,
      'Devices of one account that each get what they have missed; for one more, the one that was away longest is forgotten. 0: who comes first gets it.',
    ),
    forget: setting(time, 90 * 86_400_000, 'How long a device may be away before it is forgotten.'),
  },
  tables: [table, attended],
  commands: deviceCommands,
  start: ({ config, host }) => {
    const devices = new Devices(config, () => host.shared.now())
    const places = new Places(host, devices)
    const unconfirmed = new Unconfirmed(host, devices)
    const backlogs = new Backlogs(host, config, devices, places)
    const tend = (owner: Owner) => {
      places.tend(owner)
      unconfirmed.tend(owner)
      backlogs.tend(owner)
    }
    return [
      load(owner => devices.tidy(owner)),
      load(owner => unconfirmed.loaded(owner)),
      message.arriving.store(e => backlogs.keepBehind(e)),
      message.arriving.notify(({ logged, owner }) => {
        if (logged !== undefined) owner.delivered = logged.id
      }),
      message.undelivered.check(e => (isForgettable(e) ? drop : undefined)),
      message.undelivered.store(e => (isStorable(e) ? backlogs.keep(e) : undefined)),
      // What one session did not take may be for another one that is there.
      message.undelivered.notify(({ owner }) => backlogs.handOver(owner)),
      writing.hold((session, stanza, envelope) => backlogs.holds(session, stanza, envelope)),
      presence.sending.notify(({ to, session }) => {
        if (to !== undefined || session === undefined) return
        backlogs.announced(session)
        unconfirmed.tend(session.owner)
      }),
      beginnings.add(({ owner }) => unconfirmed.tend(owner)),
      catchUps.add((session, learnt) => backlogs.asks(session, learnt)),
      resumptions.add(session => backlogs.resumed(session)),
      suspensions.add(session => {
        backlogs.suspended(session)
        unconfirmed.tend(session.owner)
      }),
      restorations.add(session => backlogs.resumed(session)),
      endings.add(session => backlogs.ended(session)),
      endings.add(session => unconfirmed.ended(session)),
      starts.add(async () => {
        await unconfirmed.begin()
        unconfirmed.all()
      }),
      {
        registers: 'chore',
        run: () => {
          for (const owner of host.owners.all())
            if (!owner.stale) tend(owner)
            // What memory says since a commit has failed is not so; while the store fails, it is for the next time.
            else if (owner.sessions.length > 0) host.owners.reload(owner).then(() => tend(owner), nothing)
        },
      },
    ]
  },
})

function nothing(): void {}
