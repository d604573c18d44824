import { AccountError } from '../accounts.ts'
import type { Command } from '../command.ts'
import type { Server } from '../server.ts'
import { hostNamed } from './finding.ts'

/** Hosts of a running server. The configuration file stays the truth: what must be in it is always said. */
export function hostCommands(server: Server): readonly Command[] {
  const name = { name: 'host', kind: 'text', manual: 'The name of a host, such as example.org.' } as const
  return [
    {
      words: ['host', 'list'],
      manual: 'Lists the hosts.',
      arguments: [],
      async run() {
        const rows = []
        for (const [host, { served, owners, config }] of server.hosts) {
          const accounts = (await server.addresses(host)).length
          const sessions = [...owners.all()].reduce((sum, owner) => sum + owner.sessions.length, 0)
          rows.push({ host, served, accounts, sessions, certificate: config.certificate?.chain ?? 'signed by itself' })
        }
        return { rows }
      },
    },
    {
      words: ['host', 'disable'],
      manual:
        'Takes a host out of service. Its sessions end, nobody can log in, nothing reaches its accounts; its data stays. ' +
        'Until the next restart or reload, unless the configuration file says so too.',
      arguments: [name],
      run({ host }) {
        const found = hostNamed(server, String(host))
        if (!found.served) throw new AccountError(`${host} is disabled already.`)
        server.setServed(found, false)
        return {
          say: `${host} is disabled. To keep it so, write into the configuration file:\n${table(String(host))}\ndisabled = true`,
        }
      },
    },
    {
      words: ['host', 'enable'],
      manual: 'Puts a host that was disabled back into service.',
      arguments: [name],
      run({ host }) {
        const found = hostNamed(server, String(host))
        if (found.served) throw new AccountError(`${host} is not disabled.`)
        server.setServed(found, true)
        const file = found.config.disabled ? ` Take "disabled = true" out of ${table(String(host))} to keep it so.` : ''
        return { say: `${host} is served again.${file}` }
      },
    },
    {
      words: ['host', 'remove'],
      manual:
        'Removes a host with all its data, for good. Its accounts go as by "user remove": contacts elsewhere see their ' +
        'subscriptions cancelled.',
      arguments: [name, { name: 'yes', kind: 'flag', manual: 'That this is really meant.' }],
      async run({ host, yes }) {
        const found = hostNamed(server, String(host))
        if (server.hosts.size === 1) throw new AccountError(`${host} is the last host of this server: it stays.`)
        const count = (await server.addresses(String(host))).length
        const accounts = count === 1 ? 'one account' : `${count} accounts`
        if (yes !== true) {
          throw new AccountError(
            `${host} has ${accounts}, and their data would be gone for good. If that is meant, add --yes.`,
          )
        }
        await server.removeHost(found)
        return {
          say: `${host} is gone, with ${accounts}. Take ${table(String(host))} out of the configuration file, or it comes back empty.`,
        }
      },
    },
  ]
}

/** The head of a host's table in the configuration file. */
function table(host: string): string {
  return `[hosts.${JSON.stringify(host)}]`
}
