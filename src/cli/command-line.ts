import { keyOf } from '../server/check-config.ts'
import type { Argument } from '../server/command.ts'
import { didYouMean, nearest } from '../server/nearest.ts'
import type { CommandShape } from './control.ts'

/** The command line itself is wrong: exit code 2. */
export class UsageError extends Error {
  override readonly name = 'UsageError'
}

/** Options that every command has. */
export interface GlobalOptions {
  readonly config: string | undefined
  readonly data: string | undefined
  readonly json: boolean
  readonly help: boolean
  readonly version: boolean
}

const everywhere: readonly string[] = ['--config', '--data', '--json', '--help', '--version']

/** Takes the options of every command out of the arguments; what is behind `--` stays untouched. Throws `UsageError`. */
export function splitGlobal(args: readonly string[]): { options: GlobalOptions; rest: readonly string[] } {
  const end = args.indexOf('--')
  const mine = end < 0 ? [...args] : args.slice(0, end)
  const rest: string[] = []
  const options = {
    config: undefined as string | undefined,
    data: undefined as string | undefined,
    json: false,
    help: false,
    version: false,
  }
  while (mine.length > 0) {
    const token = mine.shift()!
    const [name, value] = splitOption(token)
    if (name === 'config' || name === 'data') {
      options[name] = value ?? mine.shift()
      if (!options[name]) throw new UsageError(`--${name} needs a ${name === 'config' ? 'file' : 'folder'} behind it`)
    } else if (token === '--json') options.json = true
    else if (token === '--help' || token === '-h') options.help = true
    else if (token === '--version' || token === '-v') options.version = true
    else rest.push(token)
  }
  return { options, rest: end < 0 ? rest : [...rest, ...args.slice(end)] }
}

/** The command whose words the arguments begin with, and what is left. Throws `UsageError` with what was probably meant. */
export function findCommand<C extends CommandShape>(
  rest: readonly string[],
  commands: readonly C[],
): { command: C; rest: readonly string[] } {
  let found: C | undefined
  for (const command of commands) {
    const matches = command.words.every((word, index) => rest[index] === word)
    if (matches && command.words.length > (found?.words.length ?? 0)) found = command
  }
  if (found) return { command: found, rest: rest.slice(found.words.length) }
  throw new UsageError(unknownCommand(rest, commands))
}

/** The values that stand on the command line; `many` where they are to be read from standard input, a line each. */
export function readValues(
  command: CommandShape,
  rest: readonly string[],
): { values: Record<string, string | boolean>; many: boolean } {
  const values: Record<string, string | boolean> = {}
  const places = command.arguments.filter(isPlace)
  const tokens = [...rest]
  const given: string[] = []
  while (tokens.length > 0) {
    const token = tokens.shift()!
    if (token === '--') given.push(...tokens.splice(0))
    else if (token.startsWith('-') && token !== '-' && !/^-\d/.test(token)) readOption(command, token, tokens, values)
    else given.push(token)
  }
  if (given.length === 1 && given[0] === '-' && places.length > 0) return { values, many: true }
  fillPlaces(command, given, values)
  return { values, many: false }
}

/** Puts words into the places of a command. Throws `UsageError` where there are too many or too few. */
export function fillPlaces(
  command: CommandShape,
  given: readonly string[],
  values: Record<string, string | boolean>,
): void {
  const places = command.arguments.filter(isPlace)
  if (given.length > places.length) {
    const typed = command.arguments.find(isTyped)
    // Everybody on the machine can read a process's arguments.
    const instead = typed?.kind === 'secret' ? 'leave it out, and it is asked for' : 'it is standard input'
    const why = typed ? `; the ${typed.name} never stands on the command line: ${instead}` : ''
    throw new UsageError(`too many arguments for "${command.words.join(' ')}"${why}\nusage: ${usage(command)}`)
  }
  places.forEach((argument, index) => {
    const value = given[index]
    if (value !== undefined) values[argument.name] = value
    else if (!argument.optional) throw new UsageError(`the ${argument.name} is missing\nusage: ${usage(command)}`)
  })
}

/** One line that shows how a command is typed. */
export function usage(command: CommandShape): string {
  const parts = command.arguments.flatMap(argument => {
    const key = keyOf(argument.name)
    if (isTyped(argument)) return []
    if (argument.kind === 'flag') return [`[--${key}]`]
    if (argument.option) return [`[--${key} ${argument.kind.toUpperCase()}]`]
    return [argument.optional ? `[${key.toUpperCase()}]` : key.toUpperCase()]
  })
  const input = command.arguments.find(({ kind }) => kind === 'input')
  return ['jackdaw', ...command.words, ...parts, ...(input ? [`< ${keyOf(input.name).toUpperCase()}`] : [])].join(' ')
}

/** Whether an argument is given by its place. */
export function isPlace(argument: Argument): boolean {
  return !argument.option && argument.kind !== 'flag' && !isTyped(argument)
}

/** Whether an argument never stands on the command line: it is typed, or comes from standard input. */
export function isTyped({ kind }: Argument): boolean {
  return kind === 'secret' || kind === 'input'
}

function readOption(
  command: CommandShape,
  token: string,
  tokens: string[],
  values: Record<string, string | boolean>,
): void {
  const [key, inline] = splitOption(token)
  const options = command.arguments.filter(
    argument => (argument.option || argument.kind === 'flag') && !isTyped(argument),
  )
  const argument = options.find(option => keyOf(option.name) === key)
  if (!argument) {
    const names = [...options.map(option => `--${keyOf(option.name)}`), ...everywhere]
    throw new UsageError(`"${command.words.join(' ')}" has no option ${token}${didYouMean(token, names)}`)
  }
  if (argument.kind === 'flag') {
    if (inline !== undefined) throw new UsageError(`--${key} takes no value`)
    values[argument.name] = true
    return
  }
  const value = inline ?? tokens.shift()
  if (value === undefined) throw new UsageError(`--${key} needs a value behind it`)
  values[argument.name] = value
}

/** `--name=value` as its parts; the name is undefined where it is no long option. */
function splitOption(token: string): [string | undefined, string | undefined] {
  const parts = /^--([a-z][a-z0-9-]*)(?:=([\s\S]*))?$/i.exec(token)
  return parts ? [parts[1], parts[2]] : [undefined, undefined]
}

function unknownCommand(rest: readonly string[], commands: readonly CommandShape[]): string {
  const typed = rest.filter(token => !token.startsWith('-'))
  const first = typed[0]
  const unknown = (what: string, meant: string | undefined) =>
    `unknown ${what}${meant === undefined ? '; see "jackdaw help"' : `; did you mean "${meant}"? See "jackdaw help".`}`
  if (first === undefined) return unknown(`option "${rest[0]}"`, nearest(rest[0]!, everywhere))
  const family = commands.filter(command => command.words.length > 1 && command.words[0] === first)
  if (family.length > 0) {
    const names = family.map(command => command.words.slice(1).join(' '))
    const meant = typed[1] === undefined ? undefined : nearest(typed[1], names)
    if (meant !== undefined) return `unknown command "${first} ${typed[1]}"; did you mean "${first} ${meant}"?`
    return `"${first}" needs one of: ${names.join(', ')}`
  }
  const names = commands.map(command => command.words.join(' '))
  const meant =
    nearest(typed.slice(0, 2).join(' '), names) ??
    nearest(first, [...names, ...commands.map(command => command.words[0]!)])
  return unknown(`command "${first}"`, meant)
}
