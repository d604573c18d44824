import { keyOf } from '../server/check-config.ts'
import type { Answer } from '../server/command.ts'
import { checkValues } from './arguments.ts'
import { fillPlaces, isPlace, isTyped, readValues, UsageError } from './command-line.ts'
import { type CommandShape, type CommandValues, requestsAtOnce } from './control.ts'
import type { ControlClient } from './control-client.ts'
import { Refused } from './control-client.ts'
import { type Input, readLines, readSecret, readWhole } from './input.ts'
import type { Output } from './terminal.ts'

/** What became of one line of many. */
interface Failure {
  readonly line: number
  readonly reason: string
}

/** The outcome of a command that ran once for each line of standard input. */
export interface ManyAnswer extends Answer {
  readonly done: number
  readonly failed: readonly Failure[]
}

/** Runs a command in the server, with the arguments of the command line and what standard input adds. */
export async function runRemote(
  client: ControlClient,
  command: CommandShape,
  rest: readonly string[],
  io: { readonly input: Input; readonly prompts: Output },
): Promise<Answer | ManyAnswer> {
  const { values, many } = readGiven(command, rest)
  if (many) return await runMany(client, command, values, io.input)
  const typed = command.arguments.filter(argument => isTyped(argument) && !argument.optional)
  const asked: Record<string, string> = {}
  for (const { name, kind } of typed) {
    const read = kind === 'secret' ? readSecret : readWhole
    asked[name] = await read(keyOf(name), io.input, io.prompts)
  }
  return await client.run(command.words, { ...values, ...asked })
}

/**
 * What the command line itself gives a command. Throws `UsageError` where that is wrong: before anybody has typed a
 * password, and also where no server runs.
 */
export function readGiven(command: CommandShape, rest: readonly string[]): ReturnType<typeof readValues> {
  const given = readValues(command, rest)
  const placed = command.arguments.filter(argument => !isTyped(argument))
  if (!given.many) checkHere({ ...command, arguments: placed }, given.values)
  return given
}

/** Each line: the arguments in their places, then what is typed, which may contain spaces. Empty lines do not count. */
async function runMany(
  client: ControlClient,
  command: CommandShape,
  shared: CommandValues,
  input: Input,
): Promise<ManyAnswer> {
  const failed: Failure[] = []
  let done = 0
  let number = 0
  let broken: unknown
  const atWork = new Set<Promise<void>>()
  const runLine = async (line: number, text: string) => {
    try {
      await client.run(command.words, { ...shared, ...lineValues(command, text) })
      done++
    } catch (error) {
      if (error instanceof Refused || error instanceof UsageError)
        failed.push({ line, reason: error.message.split('\n')[0]! })
      else broken ??= error
    }
  }
  for await (const text of readLines(input)) {
    number++
    if (text.trim() === '') continue
    const work = runLine(number, text).finally(() => atWork.delete(work))
    atWork.add(work)
    if (atWork.size >= requestsAtOnce) await Promise.race(atWork)
    if (broken) break
  }
  await Promise.all(atWork)
  if (broken) throw broken
  failed.sort((a, b) => a.line - b.line)
  const refused = failed.length === 0 ? '' : `, ${failed.length} refused`
  return { say: `${command.words.join(' ')}: ${done} done${refused}`, done, failed }
}

function lineValues(command: CommandShape, text: string): Record<string, string | boolean> {
  const values: Record<string, string | boolean> = {}
  const words: string[] = []
  const last = command.arguments.find(isTyped)
  let rest = text.trimStart()
  for (const _ of command.arguments.filter(isPlace)) {
    const word = /^(\S+)\s*/.exec(rest)
    if (!word) break
    words.push(word[1]!)
    rest = rest.slice(word[0].length)
  }
  if (!last && rest !== '') words.push(rest)
  fillPlaces(command, words, values)
  if (last && rest === '') throw new UsageError(`the ${keyOf(last.name)} is missing`)
  return last ? { ...values, [last.name]: rest } : values
}

/** Checks values as the server would, before it is asked. Throws `UsageError`. */
export function checkHere(command: CommandShape, values: CommandValues): void {
  try {
    checkValues(command, values)
  } catch (error) {
    throw new UsageError((error as Error).message)
  }
}
