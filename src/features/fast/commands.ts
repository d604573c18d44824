import { AccountError } from '../../server/accounts.ts'
import type { Command } from '../../server/command.ts'
import { accountArgument, accountOf } from '../../server/commands/finding.ts'
import type { Owner } from '../../server/owner.ts'
import type { Server } from '../../server/server.ts'
import { StreamError } from '../../wire/errors.ts'
import { writeDateTime } from '../../wire/time.ts'
import { lastUse, revocation, type Token, tokens } from './tokens.ts'

/** Which devices log in without the password, and ending that. */
export function tokenCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['tokens', 'list'],
      manual: 'Lists the devices of an account that have a token, with which they log in without the password.',
      arguments: [accountArgument],
      async run({ jid }) {
        const owner = await accountOf(server, jid)
        const rows = devicesOf(owner).map(rowOf)
        return { rows, say: rows.length === 0 ? `No device of ${owner.address} has a token.` : undefined }
      },
    },
    {
      words: ['tokens', 'revoke'],
      manual:
        'Takes the tokens of an account from all its devices, or from one, and ends the sessions of those devices. ' +
        'They need the password again; see "user passwd" where somebody else may know it.',
      arguments: [
        accountArgument,
        { name: 'device', kind: 'text', manual: 'Only this device, as "tokens list" names it.', optional: true },
      ],
      async run({ jid, device }) {
        const owner = await accountOf(server, jid)
        const devices = devicesOf(owner).map(token => token.device)
        const wanted = device === undefined ? devices : devices.filter(name => name === device)
        if (device !== undefined && wanted.length === 0)
          throw new AccountError(`No device ${device} of ${owner.address} has a token.`, 'item-not-found')
        await owner.commit(...wanted.flatMap(name => revocation(owner, name)))
        const end = new StreamError('not-authorized', 'An operator took the token of this device.')
        for (const session of [...owner.sessions]) {
          if (session.device !== undefined && wanted.includes(session.device)) session.fail(end)
        }
        const said = wanted.length === 1 ? 'One device has' : `${wanted.length} devices have`
        return {
          say: wanted.length === 0 ? `No device of ${owner.address} had a token.` : `${said} no token any more.`,
        }
      },
    },
  ]
}

/** Of each device the token that it was given last, the device that was used last first. */
function devicesOf(owner: Owner): readonly Token[] {
  const found = new Map<string, Token>()
  for (const token of owner.rows(tokens).values()) {
    const other = found.get(token.device)
    const last = lastUse(token) > (other === undefined ? 0 : lastUse(other)) ? token : other!
    const issued = token.issued > (other?.issued ?? new Date(0)) ? token : other!
    found.set(token.device, { ...issued, used: last.used ?? issued.used })
  }
  return [...found.values()].sort((a, b) => lastUse(b) - lastUse(a))
}

function rowOf({ device, software, description, mechanism, since, used, expires }: Token) {
  return {
    device,
    software: software ?? null,
    name: description ?? null,
    mechanism,
    'logged in': writeDateTime(since),
    used: used === undefined ? null : writeDateTime(used),
    expires: writeDateTime(expires),
  }
}
