import { parseArgs } from 'node:util'
import { programs } from './peers/all.ts'
import type { Case, Wishes } from './scenario.ts'
import { scenarios } from './scenarios.ts'

/** What is asked for cannot be measured, or not here; the message says why. Exit code 2. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** What stands on the bench's command line. */
export interface Asked {
  readonly wishes: Wishes
  /** The scenarios, by their keys, with the cases that are to be measured; none without any. */
  readonly cases: ReadonlyMap<string, readonly Case[]>
  readonly programs: readonly string[]
  readonly rounds: number
  readonly seconds: number
  readonly warm: number
  readonly json: boolean
  readonly profile: boolean
  readonly write: boolean
  readonly guard: boolean
  readonly record: boolean
}

const options = {
  scenario: { type: 'string', default: Object.keys(scenarios).join() },
  case: { type: 'string', default: '' },
  servers: { type: 'string', default: programs.join() },
  rounds: { type: 'string', default: '3' },
  seconds: { type: 'string', default: '2' },
  warm: { type: 'string', default: '0.7' },
  window: { type: 'string', default: '4,1' },
  pairs: { type: 'string', default: '100' },
  bytes: { type: 'string', default: '234' },
  contacts: { type: 'string', default: '200' },
  items: { type: 'string', default: '1000' },
  connections: { type: 'string', default: '1000,10000' },
  json: { type: 'boolean', default: false },
  profile: { type: 'boolean', default: false },
  write: { type: 'boolean', default: false },
  guard: { type: 'boolean', default: false },
  record: { type: 'boolean', default: false },
} as const

/** Reads the command line. Throws `Refused`. */
export function readOptions(args: readonly string[]): Asked {
  const values = parsed(args)
  const wishes: Wishes = {
    pairs: count('pairs', values.pairs),
    windows: values.window.split(',').map(one => count('window', one)),
    bytes: count('bytes', values.bytes),
    contacts: count('contacts', values.contacts),
    items: count('items', values.items),
    connections: values.connections.split(',').map(one => count('connections', one)),
  }
  const { json, profile, write, guard, record } = values
  const chosenPrograms = chosen('server', values.servers, programs)
  if (write && programs.some(program => !chosenPrograms.includes(program)))
    throw new Refused('--write wants all servers: what is compared is of one run')
  return {
    ...{ wishes, json, profile, write, guard, record },
    cases: chosenCases(chosen('scenario', values.scenario, Object.keys(scenarios)), values.case, wishes),
    programs: chosenPrograms,
    rounds: count('rounds', values.rounds),
    seconds: time('seconds', values.seconds, Number.MIN_VALUE),
    warm: time('warm', values.warm, 0),
  }
}

function parsed(args: readonly string[]) {
  try {
    return parseArgs({ args, options }).values
  } catch (error) {
    throw new Refused((error as Error).message, { cause: error })
  }
}

function chosenCases(names: readonly string[], part: string, wishes: Wishes): Asked['cases'] {
  const all = names.map(name => [name, scenarios[name]!.cases(wishes)] as const)
  const found = all
    .map(([name, cases]) => [name, cases.filter(({ label }) => label.includes(part))] as const)
    .filter(([, cases]) => cases.length > 0)
  if (found.length > 0) return new Map(found)
  const labels = all.flatMap(([, cases]) => cases.map(({ label }) => `"${label}"`))
  throw new Refused(`there is no case "${part}", but ${labels.join(', ')}`)
}

function chosen(what: string, list: string, known: readonly string[]): string[] {
  const all = list.split(',')
  const strange = all.find(name => !known.includes(name))
  if (strange !== undefined) throw new Refused(`there is no ${what} "${strange}", but ${known.join(', ')}`)
  return all
}

function count(name: string, text: string): number {
  const value = Number(text)
  if (!Number.isSafeInteger(value) || value < 1) throw new Refused(`--${name} must be 1 or more, not "${text}"`)
  return value
}

function time(name: string, text: string, least: number): number {
  const value = Number(text)
  if (text.trim() === '' || !Number.isFinite(value) || value < least)
    throw new Refused(`--${name} must be a number of seconds${least > 0 ? ' above 0' : ''}, not "${text}"`)
  return value
}
