import { features } from '../features/index.ts'
import { coreCommands } from '../server/commands.ts'
import type { CommandShape } from './control.ts'
import { localShapes } from './local.ts'
import { runningCommands } from './running-commands.ts'

/** What stands for a server where commands are only looked at: whatever they do with it, they do when they run. */
const nowhere = undefined as never

/**
 * Every command there is, without a server: those of the command line itself (`local`), of the program around a server,
 * of its core and of its features. For help and for the manual.
 */
export function allCommands(): readonly CommandShape[] {
  const remote = [
    ...runningCommands(nowhere),
    ...coreCommands(nowhere),
    ...features.flatMap(feature => feature.commands?.(nowhere) ?? []),
  ]
  const shapes = remote.map(({ words, manual, arguments: all }) => ({ words, manual, arguments: all }))
  return [...localShapes, ...shapes]
}
