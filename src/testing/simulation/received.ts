import type { Account } from './cast.ts'
import type { Device } from './device.ts'
import type { Kept } from './logs.ts'
import type { World } from './world.ts'

/** What is wrong with what one device has. */
export function wrongInbox(world: World, device: Device, log: Kept): readonly string[] {
  const { inbox, name } = device
  return [
    ...inbox.faults.map(fault => `${name}: ${fault}`),
    ...incomplete(world, device, log),
    ...disordered(world, device, log),
  ]
}

/**
 * Whoever reads the archive, or is sent copies of everything, has all that is in it. What was refused may have been kept
 * all the same, where the disk did not say.
 */
function incomplete(world: World, { profile, inbox, name }: Device, { places }: Kept): readonly string[] {
  if (!profile.catchesUp) return []
  const missing = [...places.keys()].filter(token => !inbox.has(token) && !world.ledger.said.get(token)?.refused)
  return missing.map(token => `${name} has never had ${token}`)
}

/**
 * In each session messages come in the order of the archive, copies included (XEP-0313 §3.1); and so do those that had to
 * wait. Only what somebody else did not take comes when that is known, behind what was there before.
 */
function disordered({ again }: World, { inbox, name }: Device, { id, places }: Kept): readonly string[] {
  const found: string[] = []
  const last = new Map<string, { place: number; token: string }>()
  for (const { token, way, session } of inbox.had) {
    const place = places.get(token)
    if (place === undefined || way === 'archive' || (way === 'delayed' && again.get(id)?.has(token))) continue
    const lane = `${session} ${way === 'delayed'}`
    const before = last.get(lane)
    if (before !== undefined && before.place > place) found.push(`${name} got ${token} behind ${before.token}`)
    last.set(lane, { place, token })
  }
  return found
}

/**
 * What was to wait for somebody was got by somebody; and where all devices are managed, so was everything, but for what
 * came before their sessions were.
 */
export function unread(world: World, { jid, profiles }: Account, { id, entries, tokens }: Kept): readonly string[] {
  const devices = world.devices.filter(device => device.account === jid)
  const owed = world.owed.get(id)
  // After a crash too (DESIGN 6); but where the disk is full, nothing can be kept for anybody.
  const whole = profiles.every(profile => profile.managed) && !world.hasFailed
  const found: string[] = []
  for (const [place, entry] of entries.entries()) {
    const token = tokens[place]!
    const due = entry.direction === 'in' && ((whole && !world.written.has(token)) || owed?.has(entry.id))
    const said = world.ledger.said.get(token)
    if (due && said !== undefined && !said.refused && !devices.some(device => device.inbox.has(token)))
      found.push(`nobody of ${jid} has ever had ${token}`)
  }
  return found
}
