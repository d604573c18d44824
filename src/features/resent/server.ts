import { setting, time, whole, within } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { message } from '../../server/pipeline.ts'
import { Resent } from './resent.ts'

/**
 * A message that a client sends again, because it cannot know that it was taken, is taken once (DESIGN 6): where sender,
 * addressee, origin-id and content are those of one in the sender's log. The id alone says nothing: anybody can write one
 * (XEP-0359 §6).
 */
export default feature({
  name: 'resent',
  config: {
    remembered: setting(
      within(whole, 0, 10_000, 'from 0 to 10000'),
      250,
      'The last messages of an account among which one that is sent again is recognised; 0 recognises none.',
    ),
    age: setting(time, 7 * 86_400_000, 'How old they may be.'),
  },
  start: ({ config, host }) => {
    const resent = new Resent(host, config)
    return [
      message.sending.ready(e => resent.ready(e)),
      message.sending.check(e => resent.check(e)),
      message.sending.store(e => resent.remember(e)),
      message.arriving.store(e => (e.from.bare.equals(e.owner.address) ? resent.remember(e) : undefined)),
    ]
  },
})
