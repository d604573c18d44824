import { createPrivateKey, X509Certificate } from 'node:crypto'
import { readFileSync } from 'node:fs'
import { resolve } from 'node:path'
import { features } from '../../features/index.ts'
import { nodeRuntime } from '../../runtime/node.ts'
import { reason } from '../../runtime/node-disk.ts'
import type { Config } from '../../server/settings.ts'
import { UsageError } from '../command-line.ts'
import { ConfigError, type LineMistake, mistakesText, readConfig } from '../config/config.ts'
import { findLines, lineOf } from '../config/lines.ts'
import type { LocalCommand } from '../local.ts'
import { shown, where } from '../where.ts'

/** Looks for mistakes without a server. */
export const configCheck: LocalCommand = {
  words: ['config', 'check'],
  manual:
    'Looks for mistakes in a configuration file. All are told at once, with their lines, and what is wrong with the ' +
    'certificates that it names. Exit code 1 where there are any.',
  arguments: [
    {
      name: 'file',
      kind: 'text',
      manual: 'The file; else what --config names, else ./jackdaw.toml.',
      optional: true,
    },
  ],
  local: true,
  async run({ file }, { cwd }, options) {
    const config = file === undefined ? options.config : resolve(cwd, String(file))
    const found = where({ ...options, config }, cwd).config
    if (!found)
      throw new UsageError('there is no jackdaw.toml in this folder: name a file, or make one with "jackdaw init"')
    const name = shown(found.path, cwd)
    const { mistakes, hosts } = check(found.text, found.path)
    if (mistakes.length === 0) return { ok: true, say: `${name} is in order. It serves ${hosts.join(', ')}.` }
    const rows = mistakes.map(({ line = null, message }) => ({ line, message }))
    return { ok: false, rows, text: `${mistakesText(name, mistakes)}\n` }
  },
}

function check(text: string, path: string): { mistakes: readonly LineMistake[]; hosts: readonly string[] } {
  try {
    const config = readConfig(text, path, features)
    return { mistakes: certificateMistakes(config, text), hosts: config.hosts.map(({ name }) => name) }
  } catch (error) {
    if (error instanceof ConfigError) return { mistakes: error.mistakes, hosts: [] }
    throw error
  }
}

function certificateMistakes(config: Config, text: string): LineMistake[] {
  const lines = findLines(text)
  return config.hosts.flatMap(({ name, certificate }) => {
    if (certificate === undefined) return []
    const at = (key: string, message: string) => ({ line: lineOf(lines, ['hosts', name, key]), message })
    const [chain, key] = [textOf(certificate.chain), textOf(certificate.key)]
    const found: LineMistake[] = []
    const unread = (what: string, path: string, error: Error) =>
      at(what, `the ${what} of ${name} cannot be read: ${path}: ${reason(error)}`)
    if (chain instanceof Error) found.push(unread('certificate', certificate.chain, chain))
    if (key instanceof Error) found.push(unread('key', certificate.key, key))
    if (chain instanceof Error || key instanceof Error) return found
    const problem = pairProblem(chain, key)
    return problem === undefined ? [] : [at('certificate', `the certificate of ${name} cannot be used: ${problem}`)]
  })
}

function pairProblem(chain: string, key: string): string | undefined {
  try {
    const leaf = new X509Certificate(chain)
    if (!leaf.checkPrivateKey(createPrivateKey(key))) return 'the key belongs to another certificate'
    return leaf.validToDate.getTime() < nodeRuntime().clock.now() ? `it ended on ${leaf.validTo}` : undefined
  } catch (error) {
    return `it is no PEM: ${(error as Error).message}`
  }
}

function textOf(path: string): string | Error {
  try {
    return readFileSync(path, 'utf8')
  } catch (error) {
    return error as Error
  }
}
