import { AccountError } from '../../server/accounts.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { roster } from '../../server/roster.ts'
import { Malformed } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import type { AdHocCommand } from '../commands/exports.ts'
import { itemOf } from '../roster/exports.ts'
import { rosterQuery } from '../roster/wire.ts'
import { lastLogin } from './logins.ts'
import { asking, done, forEach, operate } from './nodes.ts'
import {
  addressesForm,
  addUser,
  changePassword,
  lastLoginResult,
  rosterResult,
  statistics,
  statisticsOf,
} from './wire.ts'

/** What is done to accounts, and what is known of one (XEP-0133 §4.1 to §4.10). */
export function userNodes(host: Host): readonly AdHocCommand[] {
  const toEach = (node: string, name: string, title: string, purpose: string, label: string, command: string) =>
    asking(node, name, addressesForm(title, `Fill out this form to ${purpose}.`, label), ({ accountjids }) =>
      forEach(accountjids, jid => done(operate(host, command, { jid: jid.full }))),
    )
  return [
    asking('add-user', 'Add User', addUser, async ({ accountjid, password, retyped }) => {
      if (password !== retyped) throw new Malformed('The two passwords differ')
      return done(operate(host, 'user add', { jid: accountjid.full, password }))
    }),
    toEach(
      'delete-user',
      'Delete User',
      'Deleting a User',
      'delete a user',
      'The Jabber ID(s) to delete',
      'user remove',
    ),
    toEach(
      'disable-user',
      'Disable User',
      'Disabling a User',
      'disable a user',
      'The Jabber ID(s) to disable',
      'user disable',
    ),
    toEach(
      'reenable-user',
      'Re-Enable User',
      'Re-Enable a User',
      're-enable a user',
      'The Jabber ID(s) to re-enable',
      'user enable',
    ),
    toEach(
      'end-user-session',
      'End User Session',
      'Ending a User Session',
      "end a user's session",
      'The Jabber ID(s) for which to end sessions',
      'sessions close',
    ),
    asking('change-user-password', 'Change User Password', changePassword, ({ accountjid, password }) =>
      done(operate(host, 'user passwd', { jid: accountjid.full, password })),
    ),
    asking('get-user-roster', 'Get User Roster', rosterForm, ({ accountjids }) =>
      forEach(accountjids, async jid => {
        const items = contactsOf(await accountOf(host, jid)).map(itemOf)
        return { payload: [rosterResult(jid, rosterQuery.write({ items }))] }
      }),
    ),
    asking('get-user-lastlogin', 'Get User Last Login Time', lastLoginForm, ({ accountjids }) =>
      forEach(accountjids, async jid => {
        const at = (await (await accountOf(host, jid)).read(lastLogin))[0]?.at
        const notes = at === undefined ? [{ text: `${jid} has not logged in yet.` }] : []
        return { payload: [lastLoginResult(jid, at)], notes }
      }),
    ),
    asking('user-stats', 'Get User Statistics', statisticsOf, async ({ accountjid }) => {
      const rostersize = String(contactsOf(await accountOf(host, accountjid)).length)
      const { rows = [] } = await operate(host, 'sessions list', { jid: accountjid.full })
      const addresses = new Set(rows.map(({ from }) => from ?? '').filter(from => from !== ''))
      const resources = rows.map(({ session }) => Jid.parse(String(session)).resource)
      const ipaddresses = [...addresses].join('\n')
      return { payload: [statistics.result({ ipaddresses, rostersize, onlineresources: resources.join('\n') })] }
    }),
  ]
}

const rosterForm = addressesForm(
  "Getting a User's Roster",
  "Fill out this form to get a user's roster.",
  'The Jabber ID(s) for which to retrieve the roster',
)

const lastLoginForm = addressesForm(
  "Getting a User's Last Login Time",
  "Fill out this form to get a user's last login time.",
  'The Jabber ID(s) for which to retrieve the last login time',
)

/** An account of this host. Throws AccountError where it is none. */
async function accountOf(host: Host, jid: Jid): Promise<Owner> {
  const ours = jid.isBare && jid.local !== '' && jid.domain === host.domain.domain
  const owner = ours ? await host.owners.find(jid) : undefined
  if (owner !== undefined) return owner
  throw new AccountError(`There is no account ${jid} at ${host.domain}.`, 'item-not-found')
}

function contactsOf(owner: Owner) {
  return [...owner.rows(roster).values()].filter(({ listed }) => listed)
}
