import type { Command } from '../server/command.ts'

/** The command that ends the server; `stop` resolves when everything but the process itself is gone. */
export function stopCommand(stop: () => Promise<void>): Command {
  return {
    words: ['stop'],
    manual: 'Ends the server: its sessions go unavailable, their clients are told why, and its data is closed.',
    arguments: [],
    async run() {
      await stop()
      return { say: 'The server has stopped.' }
    },
  }
}
