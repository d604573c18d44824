import type { Account } from './cast.ts'
import { atHand, wrongLists, wrongMemory, wrongPresence, wrongSubscriptions } from './convergence.ts'
import { type Kept, type Logs, logsOf } from './logs.ts'
import { unread, wrongInbox } from './received.ts'
import { numberOf } from './stanzas.ts'
import type { World } from './world.ts'

/** What of the promise (DESIGN 6) was not kept, a sentence each. To be asked when nothing moves. */
export async function wrong(world: World, accounts: readonly Account[]): Promise<readonly string[]> {
  const logs = logsOf(world, accounts)
  const owners = await atHand(world, accounts)
  const found: string[] = [...lost(world, logs)]
  for (const account of accounts) {
    const { jid } = account
    const log = logs.get(jid)!
    const owner = owners.get(jid)!
    found.push(...doubled(jid, log), ...disordered(world, jid, log))
    for (const device of world.devices) {
      if (device.account !== jid) continue
      found.push(
        ...wrongInbox(world, device, log),
        ...wrongLists(world, device, owner),
        ...wrongPresence(world, device, owners),
      )
    }
    found.push(...unread(world, account, log), ...wrongMemory(owner, log))
  }
  return [...found, ...wrongSubscriptions(owners)]
}

/** Each message is in an archive once. */
function doubled(jid: string, { entries, tokens, places }: Kept): readonly string[] {
  const twice = tokens.filter((token, place) => entries[place]!.archived && places.get(token) !== place)
  return twice.map(token => `${token} is in the archive of ${jid} twice`)
}

/** What was acknowledged, and not refused, is in both logs. */
function lost(world: World, logs: Logs): readonly string[] {
  const found: string[] = []
  for (const { token, from, to, kept, acknowledged, refused } of world.ledger.said.values()) {
    if (!kept || refused) continue
    const inFrom = logs.get(from)!.places.has(token)
    const inTo = logs.get(to)!.places.has(token)
    if (acknowledged && !inFrom) found.push(`${token} was acknowledged, and is not in the log of ${from}`)
    if (acknowledged && !inTo) found.push(`${token} was acknowledged, and is not in the log of ${to}`)
    if (inFrom !== inTo)
      found.push(`${token} is in the log of ${inFrom ? from : to}, and not in that of ${inFrom ? to : from}`)
  }
  return found
}

/**
 * What one device said to somebody stands in both logs in the order in which it said it; but what was refused, and sent
 * again because its client had not heard that, stands where it was taken.
 */
function disordered(world: World, jid: string, { places }: Kept): readonly string[] {
  const found: string[] = []
  const last = new Map<string, string>()
  for (const token of places.keys()) {
    const said = world.ledger.said.get(token)
    if (said === undefined || said.refused) continue
    const conversation = `${said.device} ${said.to}`
    const before = last.get(conversation)
    if (before !== undefined && numberOf(before) > numberOf(token))
      found.push(`${token} of ${said.device} stands behind ${before} in the archive of ${jid}`)
    last.set(conversation, token)
  }
  return found
}
