import { allSettings, type Declared, defaultText, hostTables, topLevel } from './settings-list.ts'

/** What stands in a configuration file that is written for somebody. */
export interface Beginning {
  readonly domain: string
  /** As it is to stand in the file; undefined for the default. */
  readonly data: string | undefined
  /** Addresses of clients, by the keys of `[listen]`, where they are not the defaults. */
  readonly listen: Readonly<Record<string, readonly string[]>>
}

const width = 110

/** A configuration file with every setting in it: those that are chosen, and all others with their defaults as comments. */
export function initText({ domain, data, listen }: Beginning): string {
  const sections = Map.groupBy(allSettings(), ({ section }) => section)
  const chosen = new Map<string, string>([
    ...(data === undefined ? [] : [['.data', JSON.stringify(data)] as const]),
    ...Object.entries(listen).map(([key, list]) => [`listen.${key}`, writtenList(list)] as const),
  ])
  const tables = [...sections].map(([section, settings]) => {
    const head =
      section === topLevel ? '' : `[${section === hostTables ? `hosts.${JSON.stringify(domain)}` : section}]\n`
    const lines = settings.map(one => settingText(one, chosen.get(`${section}.${one.key}`)))
    return `${head}${lines.join('\n')}${section === hostTables ? forOneHost : ''}`
  })
  return `${preface}\n${tables.join('\n')}`
}

const preface = `# The configuration of a Jackdaw server.
#
# Each setting has its sentence and what it may be above it. A line that begins with "#" and a name, such as
# #data = "jackdaw-data", shows the default: take the "#" away to change it.
# "jackdaw config check" finds mistakes in this file, "jackdaw config explain" shows what is in effect and why,
# and "jackdaw reload" lets a running server read it again.
`

const forOneHost = `
# Any setting of a feature, below, may stand here too, for this host alone:
#offline.maximum = 2000
`

function settingText({ key, setting }: Declared, chosen: string | undefined): string {
  const { manual, kind } = setting
  const words = `${manual} ${kind.name[0]!.toUpperCase()}${kind.name.slice(1)}.`
  const otherwise = `#${key} = ${defaultText(setting) ?? kind.example.split(' or ')[0]}`
  return `${wrapped(words)}\n${chosen === undefined ? otherwise : `${key} = ${chosen}`}\n`
}

function writtenList(texts: readonly string[]): string {
  return `[${texts.map(text => JSON.stringify(text)).join(', ')}]`
}

/** Lines of comment. */
function wrapped(words: string): string {
  const lines = ['#']
  for (const word of words.split(' ')) {
    if (lines.at(-1)!.length + word.length >= width) lines.push('#')
    lines.push(`${lines.pop()} ${word}`)
  }
  return lines.join('\n')
}
