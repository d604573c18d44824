import type { Account } from './cast.ts'
import type { Device } from './device.ts'
import * as stanzas from './stanzas.ts'
import type { World } from './world.ts'

/** What people do in a run: they talk, change their lists and their presence, at times that follow from the seed. */
export function live(world: World, accounts: readonly Account[], time: number): void {
  const { devices, random } = world
  const at = (count: number, act: () => void) => {
    for (let done = 0; done < count; done++) world.after(random.below(time), act)
  }
  for (const { jid, kind } of accounts)
    for (const other of accounts)
      if (other !== undefined && other.jid !== jid && world.chance(50)) befriend(world, jid, other.jid, kind)
  at(30 + random.below(50), () => talk(world, world.pick(devices), accounts))
  // Bursts, because order shows only where several are on their way at once.
  at(3, () => {
    const device = world.pick(devices)
    const to = world.pick(accounts).jid
    const big = world.chance(30) ? 1500 : 0
    for (let count = 4 + random.below(14); count > 0; count--) say(world, device, to, big)
  })
  at(8, () => changeRoster(world, world.pick(devices)))
  at(5, () => changeBlocklist(world, world.pick(devices)))
  at(6, () => changePresence(world, world.pick(devices)))
}

function talk(world: World, device: Device, accounts: readonly Account[]): void {
  const to = world.pick(accounts).jid
  for (let count = world.chance(80) ? 1 : 3; count > 0; count--) say(world, device, to, 0)
}

/** A message to an account, now and then to one of its devices; now and then one that is not kept. */
export function say(world: World, device: Device, to: string, padding: number): void {
  const others = world.devices.filter(one => one.account === to && one !== device)
  const full = others.length > 0 && world.chance(15)
  const kept = !world.chance(8)
  const said = world.ledger.say({ from: device.account, to, device: device.name, kept })
  const type = world.chance(90) || full ? 'chat' : 'normal'
  const address = full ? world.pick(others).name : to
  device.say({ xml: stanzas.chat(address, type, said.token, padding, kept ? '' : stanzas.noStore), said })
}

function befriend(world: World, jid: string, other: string, kind: string): void {
  const device = world.devices.find(one => one.account === jid)!
  world.after(1000 + world.random.below(kind === 'plain' ? 3000 : 20_000), () => {
    device.say({ xml: `<presence type="subscribe" to="${other}"/>` })
  })
}

function changeRoster(world: World, device: Device): void {
  const jid = `friend${world.random.below(3)}.${device.resource}@elsewhere.test`
  const name = world.chance(75) ? `name ${world.random.below(1000)}` : undefined
  // Nobody can be taken out who is not there (RFC 6121 §2.5.3).
  if (name === undefined && !device.roster.shown.has(jid)) return
  const id = device.request('set', stanzas.rosterSet(jid, name))
  if (id !== undefined) device.roster.ask(id, jid, name)
}

function changeBlocklist(world: World, device: Device): void {
  const jid = `foe${world.random.below(2)}.${device.resource}@elsewhere.test`
  const blocked = world.chance(65)
  if (!blocked && !device.blocked.shown.has(jid)) return
  const id = device.request('set', stanzas.block(jid, blocked))
  if (id !== undefined) device.blocked.ask(id, jid, blocked ? 'blocked' : undefined)
}

function changePresence(world: World, device: Device): void {
  const act = world.random.below(3)
  if (act === 0) device.priority = world.random.below(8) - 2
  else device.available = act === 1
  device.present()
}
