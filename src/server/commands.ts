import { Jid } from '../wire/jid.ts'
import type { Accounts } from './accounts.ts'
import { AccountError } from './accounts.ts'
import type { Argument, Command } from './command.ts'
import type { Server } from './server.ts'

const address: Argument = { name: 'jid', kind: 'jid', manual: 'Address of the account, such as romeo@example.org.' }

/** What an operator can ask of the core; features add their own. */
export function coreCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['user', 'add'],
      manual: 'Makes an account. The password is asked for, or read from standard input.',
      arguments: [address, { name: 'password', kind: 'secret', manual: 'The password of the new account.' }],
      async run({ jid, password }) {
        const { accounts, account } = find(server, jid)
        await accounts.create(account, String(password))
        return { say: `${account} can log in now.`, rows: [] }
      },
    },
    {
      words: ['user', 'remove'],
      manual: 'Takes an account away with all its data. Its contacts see their subscriptions cancelled.',
      arguments: [address],
      async run({ jid }) {
        const { accounts, account } = find(server, jid)
        await accounts.remove(account)
        return { say: `${account} is gone.` }
      },
    },
    {
      words: ['user', 'list'],
      manual: 'Lists the accounts, of one host or of all.',
      arguments: [{ name: 'host', kind: 'text', manual: 'Only accounts of this host.', optional: true }],
      async run({ host }) {
        const rows = []
        for (const name of host === undefined ? server.hosts.keys() : [knownHost(server, String(host))]) {
          for (const jid of await server.addresses(name)) {
            const owner = server.hosts.get(name)!.owners.loaded(Jid.parse(jid))
            rows.push({ jid, sessions: owner?.sessions.length ?? 0 })
          }
        }
        return {
          rows,
          say: rows.length === 0 ? 'There are no accounts yet. Make one with: jackdaw user add NAME@HOST' : undefined,
        }
      },
    },
    {
      words: ['status'],
      manual: 'Shows what the server listens on and how much it has to do.',
      arguments: [],
      run: () => ({ rows: Object.entries(server.status()).map(([what, value]) => ({ what, value })) }),
    },
  ]
}

function find(server: Server, jid: unknown): { accounts: Accounts; account: Jid } {
  const account = Jid.parse(String(jid))
  return { accounts: server.hosts.get(knownHost(server, account.domain))!.accounts, account }
}

function knownHost(server: Server, name: string): string {
  if (server.hosts.has(name)) return name
  throw new AccountError(`${name} is no host of this server. It serves ${[...server.hosts.keys()].join(', ')}.`)
}
