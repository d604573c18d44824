import type { Element } from '../../wire/element.ts'
import {
  type Form,
  form,
  jidMulti,
  jidSingle,
  listSingle,
  moment,
  textMulti,
  textPrivate,
  textSingle,
  whole,
} from '../../wire/form.ts'
import type { Jid } from '../../wire/jid.ts'

/** The FORM_TYPE of all these forms, and the beginning of the nodes (XEP-0133 §8.2). */
export const adminNamespace = 'http://jabber.org/protocol/admin'

const required = { required: true } as const

/** §4.1. Email and names, which the registered form has too, are nothing that an account keeps here. */
export const addUser = form(
  adminNamespace,
  {
    accountjid: jidSingle('The Jabber ID for the account to be added', required),
    password: textPrivate('The password for this account', required),
    retyped: textPrivate('Retype password', { ...required, name: 'password-verify' }),
  },
  { title: 'Adding a User', instructions: 'Fill out this form to add a user.' },
)

/** §4.7 */
export const changePassword = form(
  adminNamespace,
  {
    accountjid: jidSingle('The Jabber ID for this account', required),
    password: textPrivate('The password for this account', required),
  },
  { title: 'Changing a User Password', instructions: "Fill out this form to change a user's password." },
)

/** A form that asks for some addresses: §4.2 to §4.5, §4.8, §4.9. */
export function addressesForm(
  title: string,
  instructions: string,
  label: string,
): Form<{ accountjids: readonly Jid[] }> {
  return form(adminNamespace, { accountjids: jidMulti(label, required) }, { title, instructions })
}

/** §4.10 */
export const statisticsOf = form(
  adminNamespace,
  { accountjid: jidSingle('The Jabber ID for statistics', required) },
  { title: 'Get User Statistics', instructions: 'Fill out this form to gather user statistics.' },
)

/** §4.10, what the server knows of it. */
export const statistics = form(adminNamespace, {
  ipaddresses: textMulti('The IP addresses of an account’s online sessions'),
  rostersize: textSingle('Number of roster items for an account'),
  onlineresources: textMulti('The names of an account’s online sessions'),
})

const most = { 25: '25', 50: '50', 75: '75', 100: '100', 150: '150', 200: '200', none: 'None' } as const

/** §4.18 to §4.20: how many are to be listed. */
export function listForm(what: string) {
  return form(
    adminNamespace,
    { atMost: listSingle('Maximum number of items to show', most, { name: 'max_items' }) },
    {
      title: `Requesting List of ${what} Users`,
      instructions: `Fill out this form to request the ${what.toLowerCase()} users of this service.`,
    },
  )
}

/** What is counted: §4.13 to §4.15. */
export const numbers = form(adminNamespace, {
  registered: whole('The number of registered users', { name: 'registeredusersnum' }),
  disabled: whole('The number of disabled users', { name: 'disabledusersnum' }),
  online: whole('The number of online users', { name: 'onlineusersnum' }),
})

/** What is listed: §4.18 to §4.20. */
export const lists = form(adminNamespace, {
  registered: jidMulti('The list of all users', { name: 'registereduserjids' }),
  disabled: jidMulti('The list of all disabled users', { name: 'disableduserjids' }),
  online: jidMulti('The list of all online users', { name: 'onlineuserjids' }),
})

/** §4.23 */
export const announcement = form(
  adminNamespace,
  { announcement: textMulti('Announcement', required) },
  {
    title: 'Making an Announcement',
    instructions: 'Fill out this form to make an announcement to all active users of this service.',
  },
)

/** §4.24, §4.25 */
export function messageForm(title: string, instructions: string) {
  return form(adminNamespace, { motd: textMulti('Message of the Day', required) }, { title, instructions })
}

const oneAccount = form(adminNamespace, {
  accountjids: jidMulti('The Jabber ID'),
  lastlogin: moment('The last login time'),
})

/** §4.9, example 32; without a time for who never logged in. */
export function lastLoginResult(account: Jid, at: Date | undefined): Element {
  return oneAccount.result({ accountjids: [account], ...(at !== undefined && { lastlogin: at }) })
}

/** §4.8, example 28: the roster stands inside the form. */
export function rosterResult(account: Jid, roster: Element): Element {
  const result = oneAccount.result({ accountjids: [account] })
  return result.withChildren([...result.children, roster])
}
