import { dirname, resolve } from 'node:path'
import { parse, TomlError } from 'smol-toml'
import { checkConfig, type Table } from '../../server/check-config.ts'
import type { Config, HasSettings } from '../../server/settings.ts'
import { findLines, lineOf } from './lines.ts'

/** One mistake of a configuration file, for people. */
export interface LineMistake {
  /** Counted from 1; undefined where something is missing that has no place yet. */
  readonly line: number | undefined
  readonly message: string
}

/** All that is wrong with a configuration file, at once; its message is ready for a terminal. */
export class ConfigError extends Error {
  override readonly name = 'ConfigError'
  readonly mistakes: readonly LineMistake[]

  constructor(fileName: string, mistakes: readonly LineMistake[]) {
    super(mistakesText(fileName, mistakes))
    this.mistakes = mistakes
  }
}

/** Mistakes of a file, a line each, below a line that counts them. */
export function mistakesText(fileName: string, mistakes: readonly LineMistake[]): string {
  const head = mistakes.length === 1 ? 'has a mistake' : `has ${mistakes.length} mistakes`
  const lines = mistakes.map(({ line, message }) => `  ${line === undefined ? '' : `line ${line}: `}${message}`)
  return `${fileName} ${head}:\n${lines.join('\n')}`
}

/**
 * Reads the text of a configuration file: all values typed, defaults filled in, paths resolved against the file's
 * folder. Throws one `ConfigError` with every mistake.
 */
export function readConfig(text: string, fileName: string, features: readonly HasSettings[]): Config {
  const table = parsed(text, fileName)
  const { config, mistakes } = checkConfig(table, features)
  if (mistakes.length > 0) {
    const lines = findLines(text)
    const placed = mistakes.map(({ path, message }) => ({ line: lineOf(lines, path), message }))
    throw new ConfigError(
      fileName,
      placed.sort((a, b) => (a.line ?? 0) - (b.line ?? 0)),
    )
  }
  return located(config, dirname(resolve(fileName)))
}

/** The config of a server without a file, its data in `folder`. */
export function defaultConfig(folder: string, features: readonly HasSettings[]): Config {
  return located(checkConfig({}, features).config, folder)
}

/**
 * Only the data directory that a file names: enough to find a running server, whatever else is wrong with the file.
 * Throws `ConfigError` where it cannot be read at all.
 */
export function dataOf(text: string, fileName: string): string {
  return resolve(dirname(resolve(fileName)), checkConfig({ data: parsed(text, fileName)['data'] }, []).config.data)
}

function located(config: Config, folder: string): Config {
  return {
    ...config,
    data: resolve(folder, config.data),
    hosts: config.hosts.map(host => {
      if (!host.certificate) return host
      const { chain, key } = host.certificate
      return { ...host, certificate: { chain: resolve(folder, chain), key: resolve(folder, key) } }
    }),
  }
}

/** The values of a file as they stand there. Throws `ConfigError` where it is no TOML. */
export function parsed(text: string, fileName: string): Table {
  try {
    return parse(text, { maxDepth: 32 }) as Table
  } catch (error) {
    if (!(error instanceof TomlError)) throw error
    // The parser's own message ends in a drawing of the place, which line and column say already.
    const [message] = error.message.replace(/^Invalid TOML document: /, '').split('\n')
    throw new ConfigError(fileName, [{ line: error.line, message: `column ${error.column}: ${message}` }])
  }
}
