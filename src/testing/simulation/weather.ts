import type { Device } from './device.ts'
import { say } from './life.ts'
import { type Condition, sound } from './platter.ts'
import type { World } from './world.ts'

const hour = 3_600_000

/** What goes wrong in a run, at times that follow from the seed; all of it is over when its time is. */
export function storm(world: World, time: number): void {
  const { random, counts } = world
  const at = (count: number, act: (device: Device) => void) => {
    for (let done = 0; done < count; done++) world.after(random.below(time), () => act(world.pick(world.devices)))
  }
  const some = (chance: number, most: number) => (world.chance(chance) ? 1 + random.below(most) : 0)
  at(some(80, 6), device => {
    if (device.connection === undefined) return
    counts.add('links cut')
    device.note('-- link cut')
    device.connection.pair.cut()
  })
  at(some(60, 4), device => stall(world, device))
  at(some(60, 4), device => {
    if (device.connection === undefined) return
    counts.add('links half open')
    device.note('-- link half open')
    device.connection.pair.vanish(world.chance(50) ? 'client' : 'server')
  })
  at(some(50, 3), device => sleep(world, device))
  at(some(50, 3), device => {
    device.leave(world.chance(40))
    world.after(random.below(time), () => {
      if (world.calm) return
      device.wanted = true
      device.connect()
    })
  })
  at(some(70, 3), () => desert(world))
  at(some(25, 2), device => {
    counts.add('clients restarted')
    device.note('-- restarted')
    device.restart()
  })
  at(some(50, 3), () => disk(world))
  at(some(40, 2), () => crash(world))
  at(some(20, 1), () => void world.server.stop(false))
  at(some(30, 2), () => void world.server.stop(true))
  if (world.nodes > 1) at(some(60, 3), () => world.server.nodeDies())
  at(some(15, 1), () => {
    counts.add('clock jumps')
    world.trace.add('world', 'the clock goes back an hour')
    world.skew -= hour
  })
}

/** A device that knows no archive goes without a word, for longer than its session waits, while it is spoken to. */
function desert(world: World): void {
  const device: Device | undefined = world.pick(
    world.devices.filter(({ profile, online }) => online && !profile.catchesUp),
  )
  if (device === undefined) return
  device.note('-- goes')
  device.leave(false)
  for (let count = 0; count < 3; count++)
    world.after(100 + world.random.below(3000), () => say(world, world.pick(world.devices), device.account, 0))
  world.after(20_000 + world.random.below(30_000), () => comeBack(world, device))
}

/** It is back; but perhaps it goes again while it is told what it has missed. */
function comeBack(world: World, device: Device): void {
  if (world.calm) return
  device.wanted = true
  device.connect()
  if (world.chance(40)) return
  online(world, device, 100, () => {
    device.note('-- goes again')
    device.leave(false)
    world.after(20_000 + world.random.below(30_000), () => comeBack(world, device))
  })
}

/** Soon after a device has come online. */
function online(world: World, device: Device, looks: number, act: () => void): void {
  world.after(device.online ? world.random.below(80) : 20, () => {
    if (world.calm || looks === 0) return
    if (device.online) act()
    else online(world, device, looks - 1, act)
  })
}

/** Now, or in the middle of the next commit. */
function crash(world: World): void {
  const phase = world.pick(['writing', 'synced', undefined] as const)
  if (phase === undefined) world.server.crash()
  else world.platter.moment = { phase, act: () => world.server.crash() }
}

/** Nothing moves for a while, longer than anybody waits or not. */
function stall(world: World, device: Device): void {
  const { connection } = device
  if (connection === undefined) return
  world.counts.add('links stalled')
  device.note('-- link stalled')
  connection.pair.stall()
  world.after(500 + world.random.below(40_000), () => connection.pair.flow())
}

function sleep(world: World, device: Device): void {
  if (!device.online) return
  world.counts.add('slow readers')
  device.note('-- reads no more')
  device.suspend()
  // Now and then more is said to it than anybody keeps for one who does not read.
  if (world.chance(50)) world.after(500, () => flood(world, world.pick(world.devices), device))
  world.after(2000 + world.random.below(40_000), () => device.wake())
}

function flood(world: World, from: Device, to: Device): void {
  for (let count = 0; count < 16; count++) say(world, from, to.account, 3500)
}

/** The disk is not what it should be for a while. */
function disk(world: World): void {
  const kinds: readonly (() => Partial<Condition>)[] = [
    () => {
      world.counts.add('slow disks')
      return { commit: [200, 2500], read: [20, 400] }
    },
    () => ({ full: true }),
    () => ({ unitFails: 0.2 }),
    () => ({ uncertain: 0.3 }),
    () => ({ readFails: 0.2 }),
  ]
  const condition = world.pick(kinds)()
  world.trace.add('disk', JSON.stringify(condition))
  world.platter.condition = { ...sound, ...condition }
  world.after(1000 + world.random.below(12_000), () => {
    world.platter.condition = sound
    world.trace.add('disk', 'sound')
  })
}
