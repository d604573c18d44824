/**
 * The load of one run: a process of its own, which reads no XML. Each stanza is made once, and what arrives is counted
 * by a byte that occurs nowhere else.
 *
 *     node bench/load.ts --scenario chat|people|constant|presence|login|back|roster|idle --port 5223 --authority ca.pem --pid PID
 *         [--clients 200] [--window 4] [--bytes 234] [--hash SHA-1] [--at-once 16] [--items 1000] [--warm 2]
 *         [--seconds 5] [--settle 5] [--rate 1000] [--cpu 1] [--protocol xmpp|floor] [--plain 0] [--archived 0] [--devices 1]
 *         [--acknowledge-every 0] [--token 0] [--password TEXT] [--profile 0]
 *
 * prints one line of JSON (`Measurement`). `--pid` is the process whose processor time and memory are counted, with its
 * descendants.
 */
import { parseArgs } from 'node:util'
import { back } from './load/back.ts'
import { chat } from './load/chat.ts'
import { constant } from './load/constant.ts'
import { idle } from './load/idle.ts'
import type { Load } from './load/load.ts'
import { login } from './load/login.ts'
import { people } from './load/people.ts'
import { presence } from './load/presence.ts'
import { roster } from './load/roster.ts'
import type { Measurement } from './measurement.ts'

const { values } = parseArgs({
  options: {
    scenario: { type: 'string', default: 'chat' },
    host: { type: 'string', default: 'localhost' },
    port: { type: 'string' },
    authority: { type: 'string' },
    pid: { type: 'string' },
    clients: { type: 'string', default: '200' },
    window: { type: 'string', default: '4' },
    bytes: { type: 'string', default: '234' },
    hash: { type: 'string', default: 'SHA-1' },
    'at-once': { type: 'string', default: '16' },
    items: { type: 'string', default: '1000' },
    warm: { type: 'string', default: '2' },
    seconds: { type: 'string', default: '5' },
    rate: { type: 'string', default: '1000' },
    settle: { type: 'string', default: '5' },
    cpu: { type: 'string', default: '1' },
    protocol: { type: 'string', default: 'xmpp' },
    plain: { type: 'string', default: '0' },
    archived: { type: 'string', default: '0' },
    devices: { type: 'string', default: '1' },
    'acknowledge-every': { type: 'string', default: '0' },
    token: { type: 'string', default: '0' },
    password: { type: 'string' },
    profile: { type: 'string', default: '0' },
  },
})
function number(
  name: Exclude<keyof typeof values, 'scenario' | 'host' | 'authority' | 'hash' | 'protocol' | 'password'>,
): number {
  const value = Number(values[name] ?? Number.NaN)
  if (!(value >= 0)) throw new Error(`--${name} must be a number`)
  return value
}
const scenarios: Readonly<Record<string, (load: Load) => Promise<Measurement>>> = {
  back,
  chat,
  constant,
  people,
  presence,
  login,
  roster,
  idle,
}
const scenario = scenarios[values.scenario]
if (!scenario) throw new Error(`no scenario "${values.scenario}": ${Object.keys(scenarios)}`)
const measurement = await scenario({
  target: {
    host: values.host,
    port: number('port'),
    authority: values.authority ?? '',
    plain: number('plain') > 0,
    ...(values.password !== undefined && { password: values.password }),
  },
  floor: values.protocol === 'floor',
  pid: number('pid'),
  cpu: number('cpu'),
  clients: number('clients'),
  window: number('window'),
  bytes: number('bytes'),
  hash: values.hash === 'SHA-1' ? 'SHA-1' : 'SHA-256',
  atOnce: number('at-once'),
  items: number('items'),
  warm: number('warm'),
  seconds: number('seconds'),
  settle: number('settle'),
  rate: number('rate'),
  archived: number('archived') > 0,
  devices: number('devices'),
  acknowledgeEvery: number('acknowledge-every'),
  token: number('token') > 0,
  profile: number('profile') > 0,
})
console.log(JSON.stringify(measurement))
setTimeout(() => process.exit(0), 2000).unref()
