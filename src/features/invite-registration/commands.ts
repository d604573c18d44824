import { AccountError } from '../../server/accounts.ts'
import type { Argument, Command } from '../../server/command.ts'
import { Misfit, time } from '../../server/config.ts'
import type { Host } from '../../server/host.ts'
import type { Server } from '../../server/server.ts'
import { writeDateTime } from '../../wire/time.ts'
import { type Invitations, idOf } from './invitations.ts'

const minute = 60_000
const year = 366 * 24 * 60 * minute
const usesAtMost = 10_000

/** What commands need of a host's invitations, and how long they are good for where nothing else is said. */
export interface Inviting {
  readonly invitations: Invitations
  readonly lasting: () => number
}

const host: Argument = {
  name: 'host',
  kind: 'text',
  manual: 'The host; needed where the server has several.',
  optional: true,
  option: true,
}

/** Making, listing and revoking invitations. */
export function inviteCommands(server: Server, inviting: (host: Host) => Inviting | undefined): readonly Command[] {
  const on = (one: Host): Inviting => {
    const found = inviting(one)
    if (found === undefined) throw new AccountError(`${one.domain} has no invitations.`)
    return found
  }
  return [
    {
      words: ['invite', 'create'],
      manual: 'Makes an invitation: whoever has its link can make an account, also where registration is closed.',
      arguments: [
        host,
        {
          name: 'expires',
          kind: 'text',
          manual: 'How long it can be used, such as 12h or 7d.',
          optional: true,
          option: true,
        },
        {
          name: 'uses',
          kind: 'number',
          manual: 'How many accounts can be made with it; 1 unless told.',
          optional: true,
          option: true,
        },
      ],
      async run(values) {
        const one = chosen(server, values['host'])
        const { invitations, lasting } = on(one)
        const uses = usesOf(values['uses'] ?? 1)
        const made = await invitations.create(timeOf(values['expires']) ?? lasting(), uses)
        const link = `xmpp:${one.domain}?register;preauth=${made.token}`
        const expires = writeDateTime(made.invitation.expires)
        return {
          say: `Whoever has this link can make ${uses === 1 ? 'an account' : `${uses} accounts`}. It is not shown again.`,
          rows: [{ id: idOf(made.invitation), host: one.domain.full, link, token: made.token, expires, uses }],
        }
      },
    },
    {
      words: ['invite', 'list'],
      manual: 'Lists the invitations that can still be used, of one host or of all. Their links are not kept.',
      arguments: [{ ...host, manual: 'Only invitations of this host.' }],
      async run(values) {
        const rows = []
        for (const one of values['host'] === undefined ? server.hosts.values() : [chosen(server, values['host'])]) {
          for (const row of (await inviting(one)?.invitations.list()) ?? []) {
            rows.push({
              id: idOf(row),
              host: one.domain.full,
              created: writeDateTime(row.created),
              expires: writeDateTime(row.expires),
              used: row.used,
              uses: row.uses,
            })
          }
        }
        if (rows.length > 0) return { rows }
        return { rows, say: 'There are no invitations. Make one with: jackdaw invite create' }
      },
    },
    {
      words: ['invite', 'revoke'],
      manual: 'Takes an invitation back. Accounts that were made with it stay.',
      arguments: [{ name: 'id', kind: 'text', manual: 'Its id, as "invite list" shows it.' }],
      async run({ id }) {
        for (const one of server.hosts.values()) {
          if (await inviting(one)?.invitations.revoke(String(id))) return { say: `The invitation ${id} is revoked.` }
        }
        throw new AccountError(`There is no invitation ${id}. See them with: jackdaw invite list`)
      },
    },
  ]
}

function chosen(server: Server, name: unknown): Host {
  const names = [...server.hosts.keys()].join(', ')
  const only = server.hosts.size === 1 ? server.hosts.values().next().value : undefined
  const found = name === undefined ? only : server.hosts.get(String(name))
  if (found !== undefined) return found
  if (name === undefined) throw new AccountError(`Say for which host with --host. This server serves ${names}.`)
  throw new AccountError(`${name} is no host of this server. It serves ${names}.`)
}

function usesOf(value: unknown): number {
  if (Number.isInteger(value) && (value as number) >= 1 && (value as number) <= usesAtMost) return value as number
  throw new AccountError(`An invitation is good for 1 to ${usesAtMost} accounts, not for ${value}.`)
}

/** Milliseconds; undefined where nothing was said. */
function timeOf(value: unknown): number | undefined {
  if (value === undefined) return undefined
  let milliseconds = Number.NaN
  try {
    milliseconds = time.read(value)
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
  }
  if (milliseconds >= minute && milliseconds <= year) return milliseconds
  throw new AccountError(`An invitation lasts from one minute to a year, such as 12h or 7d, not ${value}.`)
}
