import { list, oneOf, setting, size } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { writing } from '../../server/pipeline.ts'
import { suspensions } from '../../server/restart.ts'
import { StreamError } from '../../wire/errors.ts'
import { bindInline } from '../bind2/exports.ts'
import { resumptions } from '../stream-management/exports.ts'
import { kinds } from './unimportant.ts'
import { Waiting } from './waiting.ts'
import { active, csi, inactive } from './wire.ts'

const offered = csi.write({})

/** A client that nobody looks at is not woken for what can wait (XEP-0352). */
export default feature({
  name: 'csi',
  xeps: [{ number: 352, version: '1.0.0' }],
  config: {
    waits: setting(
      list(oneOf(...kinds)),
      kinds,
      'What waits for a client that says it is inactive: presence, of which only the latest of each sender is kept, chat states, receipts for other devices, news of nodes (PEP).',
    ),
    waiting: setting(size, 64 * 1024, 'How much may wait for one inactive client before it is sent all the same.'),
  },
  start: ({ config }) => {
    const waiting = new Waiting(config)
    return [
      {
        registers: 'stream-feature',
        namespace: csi.namespace,
        // §4.1: announced with binding, of use once there is a session.
        when: ['authenticated', 'bound'],
        offer: () => offered,
        take({ session }, element) {
          if (session === undefined) throw new StreamError('not-authorized', 'Bind a resource first.')
          if (active.is(element)) waiting.active(session)
          else if (inactive.is(element)) waiting.inactive(session)
          else throw new StreamError('unsupported-stanza-type', `<${element.name}/> means nothing here.`)
          return undefined
        },
      },
      writing.hold((session, stanza, envelope) => waiting.holds(session, stanza, envelope)),
      // XEP-0386 §3.2: the session begins in that state. It is active where nothing is said, or both.
      bindInline.add({
        feature: csi.namespace,
        begin(session, bind) {
          if (inactive.of(bind) && !active.of(bind)) waiting.inactive(session)
          return undefined
        },
      }),
      // §5.2: a resumed stream begins active.
      resumptions.add(session => waiting.active(session)),
      suspensions.add(session => waiting.active(session)),
    ]
  },
})
