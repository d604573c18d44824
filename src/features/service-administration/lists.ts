import type { Host } from '../../server/host.ts'
import { Jid } from '../../wire/jid.ts'
import type { AdHocCommand } from '../commands/exports.ts'
import { asking, operate, telling } from './nodes.ts'
import { listForm, lists, numbers } from './wire.ts'

type What = 'registered' | 'disabled' | 'online'

const names = { registered: 'Registered', disabled: 'Disabled', online: 'Online' } as const

/** How many accounts there are, and which (XEP-0133 §4.13 to §4.15, §4.18 to §4.20); never more than so many at once. */
export function listNodes(host: Host, atMost: () => number): readonly AdHocCommand[] {
  return (['registered', 'disabled', 'online'] as const).flatMap(what => [
    telling(`get-${what}-users-num`, `Get Number of ${names[what]} Users`, async () => ({
      payload: [numbers.result({ [what]: (await addresses(host, what)).length })],
    })),
    asking(
      `get-${what}-users-list`,
      `Get List of ${names[what]} Users`,
      listForm(names[what]),
      async ({ atMost: wanted = 'none' }) => {
        const all = await addresses(host, what)
        const shown = all.slice(0, wanted === 'none' ? atMost() : Math.min(Number(wanted), atMost()))
        const text = `These are the first ${shown.length} of ${all.length}.`
        return {
          payload: [lists.result({ [what]: shown })],
          notes: shown.length < all.length ? [{ type: 'warn', text }] : [],
        }
      },
    ),
  ])
}

/** Bare JIDs of the accounts of this host that are so. */
async function addresses(host: Host, what: What): Promise<readonly Jid[]> {
  if (what === 'online') {
    const { rows = [] } = await operate(host, 'sessions list')
    const connected = rows.map(({ session }) => Jid.parse(String(session)).bare)
    return [...new Set(connected)].filter(({ domain }) => domain === host.domain.domain)
  }
  const { rows = [] } = await operate(host, 'user list', { host: host.domain.full })
  return rows
    .filter(({ disabled }) => what === 'registered' || disabled === true)
    .map(({ jid }) => Jid.parse(String(jid)))
}
