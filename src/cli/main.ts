import { allCommands } from './all-commands.ts'
import { comeBack } from './come-back.ts'
import { findCommand, type GlobalOptions, readValues, splitGlobal, UsageError } from './command-line.ts'
import { ConfigError } from './config/config.ts'
import { controlPath } from './control.ts'
import { type ControlClient, connectControl } from './control-client.ts'
import { faultText, isBug, sentenceText } from './faults.ts'
import type { Input } from './input.ts'
import { programVersion, typedCommand } from './invocation.ts'
import { type LocalCommand, localCommands, localShapes } from './local.ts'
import { checkHere, readGiven, runRemote } from './remote.ts'
import { answerText, helpText, manualText } from './render.ts'
import { look, type Output } from './terminal.ts'
import { shown, type Where, where } from './where.ts'

/** What a run of the command line has around it: the process's own, or a test's. */
export interface Surroundings {
  readonly args: readonly string[]
  readonly cwd: string
  readonly environment: Readonly<Record<string, string | undefined>>
  readonly input: Input
  readonly output: Output
  readonly errors: Output
}

/** Runs one command line; resolves with its exit code: 0 done, 1 refused or failed, 2 wrong command line or configuration. */
export async function main(around: Surroundings): Promise<number> {
  let json = around.args.includes('--json')
  try {
    const { options, rest } = splitGlobal(around.args)
    json = options.json
    if (options.version) return print(around, json, { version: programVersion() }, `jackdaw ${programVersion()}`)
    if (rest.length === 0) return await help(around, options, [])
    if (rest[0] === 'help') return await help(around, options, rest.slice(1))
    if (options.help) return await help(around, options, rest)
    if (rest[0] === 'start') return await start(around, options, rest.slice(1))
    const found = localCommand(rest)
    if (found) return await local(around, options, found.command, found.rest)
    return await remote(around, options, rest)
  } catch (error) {
    return fail(around, json, error)
  }
}

async function start(around: Surroundings, options: GlobalOptions, rest: readonly string[]): Promise<number> {
  if (rest.length > 0)
    throw new UsageError(`"start" takes no "${rest[0]}"; a configuration file is given as --config FILE`)
  const { runServer } = await import('./start.ts')
  return await runServer(around, options)
}

/** The command without a server that the arguments name. Throws `UsageError` where they name only half of one. */
function localCommand(rest: readonly string[]): { command: LocalCommand; rest: readonly string[] } | undefined {
  return localCommands.some(({ words }) => words[0] === rest[0]) ? findCommand(rest, localCommands) : undefined
}

async function local(
  around: Surroundings,
  options: GlobalOptions,
  command: LocalCommand,
  rest: readonly string[],
): Promise<number> {
  const { values, many } = readValues(command, rest)
  if (many) throw new UsageError(`"${command.words.join(' ')}" does not read its arguments from standard input`)
  checkHere(command, values)
  const { text, ok = true, ...answer } = await command.run(values, around, options)
  const style = look(around.output, around.environment)
  print(around, options.json, { ok, ...answer }, text ?? answerText(answer, style))
  return ok ? 0 : 1
}

async function remote(around: Surroundings, options: GlobalOptions, rest: readonly string[]): Promise<number> {
  const place = where(options, around.cwd)
  const client = await connect(place)
  if (!client) {
    const { command, rest: values } = findCommand(rest, allCommands())
    readGiven(command, values)
    throw noServer(around, place)
  }
  try {
    const { command, rest: values } = findCommand(rest, [...localShapes, ...(await client.commands())])
    const answer = await runRemote(client, command, values, { input: around.input, prompts: around.errors })
    if (command.comesBack) await comeBack(controlPath(place.data()), client.hello.pid)
    const failed = 'failed' in answer ? answer.failed : []
    const style = look(around.errors, around.environment)
    print(
      around,
      options.json,
      { ok: failed.length === 0, ...answer },
      answerText(answer, look(around.output, around.environment)),
    )
    if (!options.json)
      for (const { line, reason } of failed) around.errors.write(`${style.red(`line ${line}:`)} ${reason}\n`)
    return failed.length === 0 ? 0 : 1
  } finally {
    client.close()
  }
}

async function help(around: Surroundings, options: GlobalOptions, words: readonly string[]): Promise<number> {
  const place = where(options, around.cwd)
  const client = await connect(place)
  const commands = client ? [...localShapes, ...(await client.commands())] : allCommands()
  client?.close()
  const style = look(around.output, around.environment)
  if (words.length > 0) {
    const { command } = findCommand(words, commands)
    return print(around, options.json, { ok: true, commands: [command] }, manualText(command, style))
  }
  const data = shown(place.data(), around.cwd)
  const remark = client ? '' : `\nNo server is running with data in ${data}.\n`
  return print(around, options.json, { ok: true, commands }, helpText(commands, remark, style))
}

async function connect(place: Where): Promise<ControlClient | undefined> {
  return await connectControl(controlPath(place.data()))
}

function noServer(around: Surroundings, place: Where): Error {
  const command = `${typedCommand(around)} start${place.options}`
  return new Error(`no server is running with data in ${shown(place.data(), around.cwd)}; start one with: ${command}`)
}

function print(around: Surroundings, json: boolean, value: object, text: string): number {
  if (json) around.output.write(`${JSON.stringify(value)}\n`)
  else if (text !== '') around.output.write(text.endsWith('\n') ? text : `${text}\n`)
  return 0
}

function fail(around: Surroundings, json: boolean, error: unknown): number {
  const wrongUse = error instanceof UsageError || error instanceof ConfigError
  const message = sentenceText(error)
  const told = isBug(error) ? faultText(error) : message
  if (json) around.output.write(`${JSON.stringify({ ok: false, error: message })}\n`)
  else around.errors.write(`${look(around.errors, around.environment).red('jackdaw:')} ${told}\n`)
  return wrongUse ? 2 : 1
}
