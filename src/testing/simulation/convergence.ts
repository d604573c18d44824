import { blockedOf } from '../../features/blocking/lists.ts'
import { features } from '../../features/index.ts'
import type { Owner } from '../../server/owner.ts'
import { roster } from '../../server/roster.ts'
import { tablesOf } from '../../server/server.ts'
import { Jid } from '../../wire/jid.ts'
import type { Account } from './cast.ts'
import type { Device } from './device.ts'
import type { List } from './lists.ts'
import type { Kept } from './logs.ts'
import type { World } from './world.ts'

export type OwnersAtHand = ReadonlyMap<string, Owner>

const loadedTables = tablesOf(features).filter(table => table.loaded)

/**
 * All accounts as the server has them in memory, by their bare JIDs. Those whose memory counts for nothing since a commit
 * failed are read anew, as they are before anybody uses them.
 */
export async function atHand({ server, simulated }: World, accounts: readonly Account[]): Promise<OwnersAtHand> {
  const owners = new Map<string, Owner>()
  const reloads: Promise<unknown>[] = []
  for (const { jid } of accounts) {
    const address = Jid.parse(jid)
    const host = server.server!.hosts.get(address.domain)!
    const owner = host.owners.loaded(address)
    if (owner === undefined) continue
    owners.set(jid, owner)
    if (owner.stale) reloads.push(host.owners.reload(owner))
  }
  if (reloads.length > 0) await simulated.advance(1000)
  await Promise.all(reloads)
  return owners
}

/** What the server believes of an account is what is on the disk. */
export function wrongMemory(owner: Owner, { id, data }: Kept): readonly string[] {
  const found: string[] = []
  const name = owner.address.full
  for (const table of loadedTables) {
    const memory = [...owner.rows(table).values()].map(row => JSON.stringify(table.write(row)))
    const disk = data.read({ query: 'rows', owner: id, table: table.shape.name, key: {} })
    const kept = disk.map(row => JSON.stringify(table.write(table.read(row))))
    if (memory.sort().join() !== kept.sort().join())
      found.push(`${table.shape.name} of ${name} is ${memory} in memory, and ${kept} on the disk`)
  }
  const state = data.read({ query: 'state', owner: id })
  if (owner.undelivered !== state.undelivered)
    found.push(`${owner.undelivered} messages wait for ${name} in memory, and ${state.undelivered} on the disk`)
  // Whoever gets messages has got them all by now.
  if (owner.undelivered > 0 && owner.sessions.some(session => session.reachable))
    found.push(`${owner.undelivered} messages still wait for ${name}`)
  return found
}

/** Rosters and blocklists are what was answered, and every device knows it. */
export function wrongLists(world: World, device: Device, owner: Owner): readonly string[] {
  const family = world.devices.filter(one => one.account === device.account)
  const contacts = [...owner.rows(roster).values()].filter(contact => contact.listed)
  const names = new Map(contacts.map(({ contact, name }) => [contact.full, name ?? '']))
  const blocked = new Map(blockedOf(owner).map(jid => [String(jid), 'blocked']))
  return [
    ...wrongList(world, `${device.name}: the roster's`, family, one => one.roster, device.roster, names),
    ...wrongList(world, `${device.name}: the blocklist's`, family, one => one.blocked, device.blocked, blocked),
  ]
}

function wrongList(
  world: World,
  whose: string,
  family: readonly Device[],
  listOf: (device: Device) => List,
  list: List,
  there: ReadonlyMap<string, string>,
): readonly string[] {
  const found = list.wrong(there).map(sentence => `${whose} ${sentence}`)
  const sure = (name: string) => !family.some(device => listOf(device).unsure(name))
  // Where the disk did not say, something refused may have been kept: nobody was told of it.
  const told = world.counts.get('uncertain commits') === 0
  if (told && list.fetched && textOf(list.shown, sure) !== textOf(there, sure))
    found.push(`${whose} entries are ${textOf(there, sure)}, and shown are ${textOf(list.shown, sure)}`)
  return found
}

function textOf(entries: ReadonlyMap<string, string>, sure: (name: string) => boolean): string {
  return [...entries]
    .filter(([name]) => sure(name))
    .map(([name, value]) => `${name}=${value}`)
    .sort()
    .join(' ')
}

/** Whoever may see a contact sees all of its available resources, and no others (RFC 6121 §4). */
export function wrongPresence(world: World, device: Device, owners: OwnersAtHand): readonly string[] {
  // It is in memory only: what waited behind a commit that has failed is lost with it.
  if (world.hasFailed) return []
  const found: string[] = []
  const own = owners.get(device.account)!
  for (const [jid, owner] of owners) {
    const trusted = jid === device.account || sees(own, owner)
    if (!trusted) continue
    const there = owner.sessions.filter(session => session.presence !== undefined).map(session => session.jid.full)
    const seen = [...device.presences.seen].filter(full => full.startsWith(`${jid}/`))
    if (there.sort().join() !== seen.sort().join())
      found.push(`${device.name} sees ${seen.join() || 'nobody'} of ${jid}, where ${there.join() || 'nobody'} is there`)
  }
  return found
}

function sees(one: Owner, other: Owner): boolean {
  const to = one.rows(roster).get(other.address.full)?.subscription
  const from = other.rows(roster).get(one.address.full)?.subscription
  return (to === 'to' || to === 'both') && (from === 'from' || from === 'both')
}

/** Both sides of a subscription agree (RFC 6121 §3). */
export function wrongSubscriptions(owners: OwnersAtHand): readonly string[] {
  const found: string[] = []
  for (const [jid, owner] of owners)
    for (const [other, its] of owners) {
      const mine = owner.rows(roster).get(other)?.subscription ?? 'none'
      const theirs = its.rows(roster).get(jid)?.subscription ?? 'none'
      const to = mine === 'to' || mine === 'both'
      const from = theirs === 'from' || theirs === 'both'
      if (jid !== other && to !== from) found.push(`${jid} has ${mine} for ${other}, which has ${theirs}`)
    }
  return found
}
