import { allSettings, defaultText, hostTables, topLevel } from '../local/settings-list.ts'

/** docs/settings.md: every setting with its type, default and sentence. */
export function settingsDocument(): string {
  const sections = Map.groupBy(allSettings(), declared => declared.section)
  const parts = [...sections].map(([section, declared]) => {
    const rows = declared.map(({ key, setting }) => {
      const initial = defaultText(setting)
      return `| \`${key}\` | ${cell(setting.kind.name)} | ${initial === undefined ? '–' : `\`${cell(initial)}\``} | ${cell(setting.manual)} |`
    })
    return `## ${title(section)}

${declared[0]!.perHost && section !== hostTables ? `Also for one host, under \`[hosts."NAME".${section}]\`.\n\n` : ''}| setting | type | default | what it is |
| --- | --- | --- | --- |
${rows.join('\n')}
`
  })
  return `# Settings

Written by \`npm run docs\` from what the code declares. The file is TOML; every setting may be left out. \`jackdaw config
check\` finds mistakes, \`jackdaw config explain\` shows what is in effect and where it comes from.

${parts.join('\n')}`
}

function title(section: string): string {
  if (section === topLevel) return 'Outside of all tables'
  return section === hostTables ? '`[hosts."NAME"]`' : `\`[${section}]\``
}

/** Text as it may stand in a cell of a table. */
function cell(text: string): string {
  return text.replaceAll('|', '\\|').replaceAll('\n', ' ')
}
