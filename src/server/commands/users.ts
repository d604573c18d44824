import type { Command } from '../command.ts'
import { isSubscriber, roster } from '../roster.ts'
import type { Server } from '../server.ts'
import { accountArgument, accountOf, addressed, hostNamed } from './finding.ts'

/** Accounts, and what they know of others. */
export function userCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['user', 'add'],
      manual: 'Makes an account. The password is asked for, or read from standard input.',
      arguments: [
        accountArgument,
        { name: 'password', kind: 'secret', manual: 'The password of the new account.' },
        {
          name: 'again',
          kind: 'flag',
          manual: 'Also where an account of this address was removed: others may trust whoever has it now.',
        },
      ],
      async run({ jid, password, again }) {
        const { host, address } = addressed(server, jid)
        await host.accounts.create(address, String(password), { again: again === true })
        return { say: `${address} can log in now.`, rows: [] }
      },
    },
    {
      words: ['user', 'remove'],
      manual:
        'Takes an account away with all its data. Its sessions end, its contacts see their subscriptions cancelled, ' +
        'and its address is not given to anybody else by mistake.',
      arguments: [accountArgument],
      async run({ jid }) {
        const { host, address } = addressed(server, jid)
        await host.accounts.remove(address)
        return { say: `${address} is gone.` }
      },
    },
    {
      words: ['user', 'list'],
      manual: 'Lists the accounts, of one host or of all.',
      arguments: [{ name: 'host', kind: 'text', manual: 'Only accounts of this host.', optional: true }],
      async run({ host }) {
        const hosts = host === undefined ? [...server.hosts.values()] : [hostNamed(server, String(host))]
        const rows = (await Promise.all(hosts.map(one => server.standings(one)))).flat()
        const none = 'There are no accounts yet. Make one with: jackdaw user add NAME@HOST'
        return { rows, say: rows.length === 0 ? none : undefined }
      },
    },
    {
      words: ['user', 'passwd'],
      manual: 'Sets another password. Sessions that are there stay.',
      arguments: [accountArgument, { name: 'password', kind: 'secret', manual: 'The new password.' }],
      async run({ jid, password }) {
        const { host, address } = addressed(server, jid)
        await host.accounts.setPassword(address, String(password))
        return { say: `${address} has another password now.` }
      },
    },
    {
      words: ['user', 'disable'],
      manual:
        'Ends the sessions of an account and lets it log in no more. Its data stays, and messages to it are kept.',
      arguments: [accountArgument],
      async run({ jid }) {
        const { host, address } = addressed(server, jid)
        await host.accounts.setDisabled(address, true)
        return { say: `${address} cannot log in any more.` }
      },
    },
    {
      words: ['user', 'enable'],
      manual: 'Lets an account that was disabled log in again.',
      arguments: [accountArgument],
      async run({ jid }) {
        const { host, address } = addressed(server, jid)
        await host.accounts.setDisabled(address, false)
        return { say: `${address} can log in again.` }
      },
    },
    {
      words: ['roster', 'show'],
      manual: "Shows an account's contacts, and who sees whose presence.",
      arguments: [accountArgument],
      async run({ jid }) {
        const owner = await accountOf(server, jid)
        const rows = [...owner.rows(roster).values()].map(contact => ({
          contact: contact.contact.full,
          name: contact.name ?? null,
          groups: contact.groups.join(', ') || null,
          subscription: contact.subscription,
          'asked them': contact.pendingOut,
          'they asked': contact.pendingIn,
          approved: contact.approved || isSubscriber(contact),
        }))
        return { rows, say: rows.length === 0 ? `${owner.address} has no contacts.` : undefined }
      },
    },
  ]
}
