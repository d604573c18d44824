import { AccountError } from '../../server/accounts.ts'
import type { Command } from '../../server/command.ts'
import { accountArgument, accountOf } from '../../server/commands/finding.ts'
import type { Owner } from '../../server/owner.ts'
import { legacyCursor } from '../../server/owner.ts'
import type { Server } from '../../server/server.ts'
import { writeDateTime } from '../../wire/time.ts'
import { cursorOf, devices, forgotten, isConnected } from './devices.ts'
import { acknowledged } from './places.ts'

/** Entries that are read at once, and at most, to count what waits. */
const chunk = 250
const most = 1000

/** What operators can see and do of devices. */
export function deviceCommands(server: Server): readonly Command[] {
  return [
    {
      words: ['devices', 'list'],
      manual:
        'Lists the devices of an account: how far each has taken its messages, how many wait for it, and when it was last ' +
        'seen. What is under "legacy" nobody has taken; it waits for whoever comes first, device or not.',
      arguments: [accountArgument],
      async run({ jid }) {
        const owner = await accountOf(server, jid)
        const legacy = owner.cursor(legacyCursor)
        const rows = [rowOf(legacyCursor, legacy, String(owner.undelivered), undefined, undefined)]
        for (const { device, seen } of owner.rows(devices).values()) {
          const place = placeOf(owner, device)
          rows.push(rowOf(device, place, await waiting(owner, place), seen, isConnected(owner, device)))
        }
        return { rows }
      },
    },
    {
      words: ['devices', 'forget'],
      manual:
        'Forgets a device of an account: nothing waits for it any more. When it comes again it is a new one, and gets what ' +
        'nobody has taken.',
      arguments: [accountArgument, { name: 'device', kind: 'text', manual: 'Its name, as "devices list" shows it.' }],
      async run({ jid, device }) {
        const owner = await accountOf(server, jid)
        const name = String(device)
        if (!owner.rows(devices).has(name))
          throw new AccountError(
            `${owner.address} has no device "${name}". "devices list" shows those that it has.`,
            'item-not-found',
          )
        await owner.commit(...forgotten(name))
        return { say: `The device ${name} of ${owner.address} is forgotten.` }
      },
    },
  ]
}

function rowOf(
  device: string,
  place: number,
  waits: string,
  seen: Date | undefined,
  connected: boolean | undefined,
): Readonly<Record<string, string | boolean | null>> {
  return {
    device,
    // Ids of the log are microseconds.
    has: place === 0 ? null : writeDateTime(new Date(Math.floor(place / 1000))),
    waits,
    seen: seen === undefined ? null : writeDateTime(seen),
    connected: connected ?? null,
  }
}

/** How far it has come: cursors of devices that are there follow later. */
function placeOf(owner: Owner, device: string): number {
  const there = owner.sessions.filter(session => session.device === device && session.managed !== undefined)
  return Math.max(owner.cursor(cursorOf(device)), ...there.map(acknowledged))
}

/** How many messages to the account are behind this place. */
async function waiting(owner: Owner, place: number): Promise<string> {
  let count = 0
  for (let after = place; ; ) {
    const entries = await owner.entries({ after, limit: chunk })
    for (const { direction } of entries) if (direction === 'in') count++
    if (count > most) return `more than ${most}`
    if (entries.length < chunk) return String(count)
    after = entries.at(-1)!.id
  }
}
