import { allCommands } from '../all-commands.ts'
import { usage } from '../command-line.ts'
import { argumentName, argumentNote } from '../render.ts'

/** docs/cli.md: every command with its arguments. */
export function manualDocument(): string {
  const commands = [...allCommands()].sort((a, b) => a.words.join(' ').localeCompare(b.words.join(' ')))
  const parts = commands.map(command => {
    const { words, manual, arguments: all } = command
    const list = all.map(one => `- \`${argumentName(one)}\`: ${one.manual}${argumentNote(one)}`)
    return `## ${words.join(' ')}

\`\`\`
${usage(command)}
\`\`\`

${manual}${list.length > 0 ? `\n\n${list.join('\n')}` : ''}
`
  })
  return `# Commands

Written by \`npm run docs\` from what the code declares. \`jackdaw help\` says the same.

Commands talk to the running server through a socket in the data directory: give them the same \`--config FILE\` or \`--data
FOLDER\` as the server has. \`--json\` makes any of them answer for machines. Exit codes: 0 done, 1 refused or failed, 2 wrong
command line or configuration.

${parts.join('\n')}`
}
