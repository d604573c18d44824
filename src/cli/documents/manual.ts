import type { Argument } from '../../server/command.ts'
import { allCommands } from '../all-commands.ts'

/** docs/cli.md: every command with its arguments. */
export function manualDocument(): string {
  const commands = [...allCommands()].sort((a, b) => a.words.join(' ').localeCompare(b.words.join(' ')))
  const parts = commands.map(({ words, manual, arguments: all }) => {
    const list = all.map(one => `- \`${shape(one)}\`: ${one.manual}`)
    const usage = ['jackdaw', ...words, ...all.map(usageOf).filter(text => text !== '')].join(' ')
    return `## ${words.join(' ')}

\`\`\`
${usage}
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

/** How an argument is written in a line of usage; what comes from standard input is not in it. */
function usageOf(argument: Argument): string {
  if (argument.kind === 'secret' || argument.kind === 'input') return ''
  const written = shape(argument)
  return argument.optional || argument.option ? `[${written}]` : written
}

function shape({ name, kind, option }: Argument): string {
  if (kind === 'flag') return `--${name}`
  return option ? `--${name} ${name.toUpperCase()}` : name.toUpperCase()
}
