import { castFor } from './cast.ts'
import type { Counts } from './counts.ts'
import { Device } from './device.ts'
import { wrong } from './invariants.ts'
import { live } from './life.ts'
import type { Plant } from './planted.ts'
import { sound } from './platter.ts'
import { storm } from './weather.ts'
import { World } from './world.ts'

/** What came of one seed. */
export interface Outcome {
  readonly seed: number
  /** What the promise was broken by, a sentence each; empty where it held. */
  readonly failures: readonly string[]
  /** The same whenever the seed is. */
  readonly hash: string
  readonly counts: Counts
  /** How much was said. */
  readonly messages: number
}

export interface RunOptions {
  /** A bug that the run should find. */
  readonly plant?: Plant
  /** Shown each line of the trace. */
  readonly show?: (line: string) => void
  /** How many loops carry the server's connections; 1 where missing. */
  readonly nodes?: number
}

/** Milliseconds in which things go wrong, then at most until all is well again. */
const storms = 70_000
const calm = 600_000

/** Runs one seed from the first login to the last goodbye. */
export async function run(seed: number, { plant, show, nodes }: RunOptions = {}): Promise<Outcome> {
  const idle = 20_000
  const resumption = 10_000 + (seed % 5) * 10_000
  const world = new World(seed, { unsent: 45_000, resumption, idle }, show, nodes)
  const uproot = plant?.(world)
  try {
    const failures = await play(world, { idle, resumption })
    const { trace, counts, ledger } = world
    return { seed, failures, hash: trace.digest(), counts, messages: ledger.said.size }
  } finally {
    uproot?.()
  }
}

async function play(
  world: World,
  { idle, resumption }: { idle: number; resumption: number },
): Promise<readonly string[]> {
  const { simulated, devices, random, server } = world
  void server.start()
  await simulated.until(() => server.up)
  const accounts = castFor(random)
  const made = Promise.all(accounts.map(({ jid }) => server.addUser(jid)))
  await simulated.advance(1000)
  await made
  for (const { profiles } of accounts) for (const profile of profiles) devices.push(new Device(world, profile))
  for (const device of devices) world.after(random.below(5000), () => device.connect())
  live(world, accounts, storms)
  storm(world, storms)
  await simulated.advance(storms)
  const restless = await rest(world)
  if (restless !== undefined) return [...found(world), restless]
  // Whoever was believed to be there is found out, and what waited for them goes elsewhere.
  await simulated.advance(2 * idle + 70_000 + resumption)
  const stillRestless = await rest(world)
  if (stillRestless !== undefined) return [...found(world), stillRestless]
  const failures = [...found(world), ...(await wrong(world, accounts))]
  return [...failures, ...(await leave(world, idle))]
}

/** Nothing goes wrong any more; waits until every device has what it wants. Says what does not come to rest. */
async function rest(world: World): Promise<string | undefined> {
  world.calm = true
  world.platter.condition = sound
  world.platter.moment = undefined
  world.trace.add('world', 'calm')
  const { simulated, devices, server, network } = world
  network.heal()
  for (const device of devices) {
    device.wake()
    device.wanted = true
    device.connect()
    if (!device.available || device.priority !== device.profile.priority) {
      device.available = true
      device.priority = device.profile.priority
      device.present()
    }
  }
  const quiet = () => server.up && devices.every(device => device.quiet)
  try {
    await simulated.until(quiet, calm)
    await simulated.advance(5000)
    // Who is sent no copies has to look.
    for (const { profile, catchUp } of devices) if (!profile.carbons) catchUp()
    await simulated.until(quiet, calm)
    return undefined
  } catch {
    return `it does not come to rest: ${devices.filter(device => !device.quiet).map(device => device.doing)}`
  }
}

/** Everybody leaves: memory is what it was before they came. */
async function leave(world: World, idle: number): Promise<readonly string[]> {
  const { devices, simulated, server } = world
  for (const device of devices) device.leave(true)
  await simulated.advance(5 * idle)
  const status = server.server!.status()
  const empty = ['connections', 'sessions', 'accounts in memory', 'bytes to be stored']
  return empty.filter(name => status[name] !== 0).map(name => `after all have left: ${name} ${status[name]}`)
}

function found(world: World): readonly string[] {
  return [...world.lines.faults, ...world.devices.flatMap(({ name, faults }) => faults.map(one => `${name}: ${one}`))]
}
