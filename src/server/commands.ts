import type { Command } from './command.ts'
import { hostCommands } from './commands/hosts.ts'
import { sendCommand } from './commands/send.ts'
import { sessionCommands } from './commands/sessions.ts'
import { userCommands } from './commands/users.ts'
import type { Server } from './server.ts'

/** What an operator can ask of the core; features add their own. */
export function coreCommands(server: Server): readonly Command[] {
  return [
    ...userCommands(server),
    ...sessionCommands(server),
    ...hostCommands(server),
    sendCommand(server),
    {
      words: ['status'],
      manual: 'Shows what the server listens on and how much it has to do.',
      arguments: [],
      run: () => ({ rows: Object.entries(server.status()).map(([what, value]) => ({ what, value })) }),
    },
  ]
}
