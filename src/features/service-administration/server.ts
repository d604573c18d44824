import { beginnings } from '../../server/binding.ts'
import { setting, whole, within } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import { presence } from '../../server/pipeline.ts'
import { type AdHocCommand, adHocCommands } from '../commands/exports.ts'
import { announcingCommands } from './commands.ts'
import { listNodes } from './lists.ts'
import { lastLogin, noteLogin } from './logins.ts'
import { MessageOfTheDay, messageOfTheDay, messageSeen } from './motd.ts'
import { asking, done, operate, telling } from './nodes.ts'
import { userNodes } from './users.ts'
import { announcement, messageForm } from './wire.ts'

const days = new WeakMap<Host, MessageOfTheDay>()

/**
 * Administration from a client, by the nodes and forms that clients know (XEP-0133): the operators' commands in other
 * clothes. Lists and numbers are those of the host that is asked.
 */
export default feature({
  name: 'service-administration',
  xeps: [{ number: 133, version: '1.3.1' }],
  config: {
    listed: setting(within(whole, 1, 100_000, 'from 1 to 100000'), 1000, 'Accounts in one answer that lists them.'),
  },
  tables: [lastLogin, messageOfTheDay, messageSeen],
  commands: server => announcingCommands(server, host => days.get(host)!),
  start({ config, host }) {
    const day = new MessageOfTheDay(host)
    days.set(host, day)
    // Who comes first would have to wait for it; what fails here is tried again then.
    day.load().catch(error => host.shared.log('error', 'message of the day not read', { reason: String(error) }))
    return [
      beginnings.add(noteLogin),
      presence.sending.notify(({ to, type, session }) => {
        if (to === undefined && type === 'available' && session?.wasAvailable === false) day.greet(session)
      }),
      ...[...userNodes(host), ...listNodes(host, () => config.listed), ...announcingNodes(host, day)].map(one =>
        adHocCommands.add(one),
      ),
    ]
  },
})

/** XEP-0133 §4.23 to §4.26. */
function announcingNodes(host: Host, day: MessageOfTheDay): readonly AdHocCommand[] {
  const here = { host: host.domain.full }
  return [
    asking('announce', 'Send Announcement to Online Users', announcement, values =>
      done(operate(host, 'announce', { ...here, text: values.announcement })),
    ),
    asking('set-motd', 'Set Message of the Day', setForm, ({ motd }) =>
      done(operate(host, 'motd set', { ...here, text: motd })),
    ),
    asking(
      'edit-motd',
      'Edit Message of the Day',
      editForm,
      ({ motd }) => done(operate(host, 'motd edit', { ...here, text: motd })),
      async () => ({ motd: (await day.current()) ?? '' }),
    ),
    telling('delete-motd', 'Delete Message of the Day', () => done(operate(host, 'motd delete', here))),
  ]
}

const setForm = messageForm('Setting the Message of the Day', 'Fill out this form to set the message of the day.')
const editForm = messageForm('Editing the Message of the Day', 'Fill out this form to edit the message of the day.')
