import type { Answer } from '../server/command.ts'
import type { GlobalOptions } from './command-line.ts'
import type { CommandShape, CommandValues } from './control.ts'
import { bench } from './local/bench.ts'
import { configCheck } from './local/config-check.ts'
import { configExplain } from './local/config-explain.ts'
import { dbCommands } from './local/db.ts'
import { init } from './local/init.ts'
import type { Surroundings } from './main.ts'

/** What a command that needs no server answers. */
export interface LocalAnswer extends Answer {
  /** What people see instead of sentence and rows. */
  readonly text?: string
  /** False where the exit code is 1, though the command has done what it should. */
  readonly ok?: boolean
}

/** A command that the command line does by itself. */
export interface LocalCommand extends CommandShape {
  readonly local: true
  run(values: CommandValues, around: Surroundings, options: GlobalOptions): Promise<LocalAnswer>
}

/** These two are the command line itself (see `main`). */
const inMain: readonly CommandShape[] = [
  {
    words: ['start'],
    manual: 'Starts a server in the foreground, until Ctrl-C or "jackdaw stop".',
    arguments: [],
    local: true,
  },
  {
    words: ['help'],
    manual: 'Lists the commands, or shows the manual of one.',
    arguments: [{ name: 'command', manual: 'The words of a command.', kind: 'text', optional: true }],
    local: true,
  },
]

/** What is done without a server, but for `start` and `help`. */
export const localCommands: readonly LocalCommand[] = [init, configCheck, configExplain, ...dbCommands, bench]

/** Everything that needs no running server. */
export const localShapes: readonly CommandShape[] = [...inMain, ...localCommands.map(shapeOf)]

function shapeOf({ words, manual, arguments: all, local }: LocalCommand): CommandShape {
  return { words, manual, arguments: all, local }
}
