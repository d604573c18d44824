import { features } from '../../features/index.ts'
import { checkConfig, type Table } from '../../server/check-config.ts'
import { isUnset, writtenValue } from '../../server/config.ts'
import { didYouMean } from '../../server/nearest.ts'
import type { Config } from '../../server/settings.ts'
import { Jid } from '../../wire/jid.ts'
import { UsageError } from '../command-line.ts'
import { parsed } from '../config/config.ts'
import { findLines, type Lines, pathKey } from '../config/lines.ts'
import type { LocalCommand } from '../local.ts'
import { look } from '../terminal.ts'
import { shown, where } from '../where.ts'
import { explainedText } from './explained-text.ts'
import { allSettings, type Declared, defaultText, hostTables, topLevel } from './settings-list.ts'

/** A setting, its value, and why it has that. */
export interface Explained {
  /** As it is asked for: `limits.stanza`. */
  readonly setting: string
  /** The host for which it holds, where that has a value of its own. */
  readonly host: string | null
  /** As the file would have them; null where there is none. */
  readonly value: string | null
  readonly default: string | null
  readonly type: string
  /** `default`, or the line of the file. */
  readonly from: string
  readonly manual: string
}

/** Shows what a configuration means. */
export const configExplain: LocalCommand = {
  words: ['config', 'explain'],
  manual:
    'Shows settings: all, those of a section, or one. Of each its value, where that comes from, its type and default. ' +
    'The values are those of the configuration file; a server that runs may not have read it yet (see "reload").',
  arguments: [
    { name: 'setting', kind: 'text', manual: 'A section or a setting, such as limits.stanza.', optional: true },
  ],
  local: true,
  async run({ setting }, around, options) {
    const { config } = where(options, around.cwd)
    const file = config && shown(config.path, around.cwd)
    const { rows, mistakes } = explain(config?.text ?? '', config?.path ?? 'jackdaw.toml')
    const chosen = setting === undefined ? rows : choose(rows, String(setting))
    const style = look(around.output, around.environment)
    if (mistakes > 0 && !options.json) {
      around.errors.write(`${file} has mistakes, and defaults stand in for them here: see "jackdaw config check"\n`)
    }
    return { rows: chosen.map(row => ({ ...row })), text: explainedText(chosen, file, style) }
  },
}

/** All settings as a file has them; what is mistaken there has its default. Throws `ConfigError` where it is no TOML. */
export function explain(text: string, fileName: string): { rows: readonly Explained[]; mistakes: number } {
  const table = parsed(text, fileName)
  const { config, mistakes } = checkConfig(table, features)
  const mistaken = new Set(mistakes.flatMap(({ path }) => path.map((_, index) => pathKey(path.slice(0, index + 1)))))
  const lines = findLines(text)
  const rows = allSettings().flatMap(declared => rowsOf(declared, config, table, lines, mistaken))
  return { rows, mistakes: mistakes.length }
}

function rowsOf(
  declared: Declared,
  config: Config,
  table: Table,
  lines: Lines,
  mistaken: ReadonlySet<string>,
): Explained[] {
  const { section, key, name, setting, perHost } = declared
  const row = (host: string | null, path: readonly string[], value: unknown): Explained => {
    const line = lines.get(pathKey(path))
    const wrong = mistaken.has(pathKey(path))
    return {
      setting: section === topLevel ? key : `${section}.${key}`,
      host,
      value: isUnset(value) ? null : writtenValue(setting.kind, value),
      default: defaultText(setting) ?? null,
      type: setting.kind.name,
      from: line === undefined ? 'default' : wrong ? `default: line ${line} is a mistake` : `line ${line}`,
      manual: setting.manual,
    }
  }
  const inHosts = hostKeys(table).flatMap(([host, written]) => {
    const path = section === hostTables ? ['hosts', written, key] : ['hosts', written, section, key]
    return perHost && lines.has(pathKey(path)) ? [row(host, path, valueIn(declared, config, host))] : []
  })
  if (section === hostTables) return inHosts.length > 0 ? inHosts : [row(null, [], setting.initial)]
  const values = section === topLevel ? config : (config.features[section] ?? coreValues(config, section))
  const shared = (values as Readonly<Record<string, unknown>>)[name]
  return [row(null, section === topLevel ? [key] : [section, key], shared), ...inHosts]
}

/** The value that a host has. */
function valueIn({ section, name }: Declared, config: Config, host: string): unknown {
  const found = config.hosts.find(one => one.name === host)
  if (section !== hostTables) return found?.features[section]?.[name]
  if (name === 'disabled') return found?.disabled === true
  return name === 'key' ? found?.certificate?.key : found?.certificate?.chain
}

function coreValues(config: Config, section: string): Readonly<Record<string, unknown>> {
  return Object.entries(config).find(([name]) => name === section)?.[1] as Readonly<Record<string, unknown>>
}

/** Hosts by their canonical names, and as the file has them. */
function hostKeys({ hosts }: Table): [string, string][] {
  if (typeof hosts !== 'object' || hosts === null) return []
  return Object.keys(hosts).flatMap(written => {
    const name = Jid.tryParse(written)?.domain
    return name === undefined ? [] : [[name, written] as [string, string]]
  })
}

function choose(rows: readonly Explained[], wanted: string): readonly Explained[] {
  const found = rows.filter(({ setting }) => setting === wanted || setting.startsWith(`${wanted}.`))
  if (found.length > 0) return found
  const names = new Set(rows.flatMap(({ setting }) => [setting, setting.split('.')[0]!]))
  const meant = didYouMean(wanted, names) || '; "config explain" alone shows all'
  throw new UsageError(`there is no setting "${wanted}"${meant}`)
}
