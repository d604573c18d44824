import type { Argument } from '../server/command.ts'
import { Malformed } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import type { CommandShape, CommandValues } from './control.ts'

/**
 * The values of a command, each of its declared kind: addresses in their canonical form, numbers as numbers. Throws
 * `Malformed` with a sentence where one is missing, unknown, or not what it should be.
 */
export function checkValues(command: CommandShape, values: unknown): CommandValues {
  if (typeof values !== 'object' || values === null || Array.isArray(values))
    throw new Malformed('the values are no table')
  const known = new Map(command.arguments.map(argument => [argument.name, argument]))
  for (const name of Object.keys(values)) {
    if (!known.has(name)) throw new Malformed(`"${command.words.join(' ')}" takes no ${name}`)
  }
  const found = new Map(Object.entries(values))
  return Object.fromEntries(
    command.arguments.map(argument => [argument.name, checkValue(argument, found.get(argument.name))]),
  )
}

function checkValue(argument: Argument, value: unknown): string | number | boolean | undefined {
  const { name, kind } = argument
  if (value === undefined) {
    if (argument.optional || argument.option || kind === 'flag') return undefined
    throw new Malformed(`the ${name} is missing`)
  }
  if (kind === 'flag') return expect(typeof value === 'boolean', value as boolean, `${name} is yes or no`)
  if (kind === 'number') {
    const number = typeof value === 'string' && value.trim() !== '' ? Number(value) : value
    return expect(Number.isFinite(number), number as number, `the ${name} must be a number, not "${value}"`)
  }
  const text = expect(typeof value === 'string', value as string, `the ${name} must be text`)
  if (kind === 'secret') return expect(text !== '', text, `the ${name} is empty`)
  if (kind === 'input') return expect(text.trim() !== '', text, `the ${name} is empty`)
  if (kind !== 'jid') return text
  try {
    return Jid.parse(text).full
  } catch (error) {
    throw error instanceof Malformed ? new Malformed(`"${text}" is not an address: ${error.message}`) : error
  }
}

function expect<T>(fits: boolean, value: T, otherwise: string): T {
  if (!fits) throw new Malformed(otherwise)
  return value
}
