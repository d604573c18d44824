import { Malformed } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import type { Setting, Settings } from './config.ts'
import { addressText, file, Misfit, text, yes } from './config.ts'
import { didYouMean } from './nearest.ts'
import type { Config, CoreValues, HasSettings, HostConfig } from './settings.ts'
import { coreSettings, hostSettings, otherSettings } from './settings.ts'

/** One thing that is wrong in a configuration, and where: the keys that lead there, list elements by their index. */
export interface Mistake {
  readonly path: readonly (string | number)[]
  readonly message: string
}

export type Table = Readonly<Record<string, unknown>>
type Report = (path: readonly (string | number)[], message: string) => void

/**
 * Checks plain values (a parsed file, or an object in a test) against the settings of the core and of the features.
 * The config is whole in any case: what was mistaken has its default, so that all mistakes are found in one go.
 */
export function checkConfig(root: Table, features: readonly HasSettings[]): { config: Config; mistakes: Mistake[] } {
  const mistakes: Mistake[] = []
  const report: Report = (path, message) => mistakes.push({ path, message })
  const named = new Map(features.map(feature => [feature.name, feature.config ?? {}]))
  for (const name of named.keys()) {
    if ([coreSettings, hostSettings, otherSettings].some(known => Object.hasOwn(known, name)) || name === 'hosts')
      throw new Error(`no feature may be called "${name}"`)
  }
  const known = [...Object.keys(otherSettings), 'hosts', ...Object.keys(coreSettings), ...named.keys()]
  for (const key of Object.keys(root)) {
    if (!known.includes(key)) report([key], `unknown key "${key}"${didYouMean(key, known)}`)
  }
  const core = Object.fromEntries(
    Object.entries(coreSettings).map(([section, settings]) => [
      section,
      values(settings, root[section], [section], report),
    ]),
  ) as unknown as CoreValues
  const shared = new Map([...named].map(([name, settings]) => [name, values(settings, root[name], [name], report)]))
  const config: Config = {
    ...core,
    data: one(text, otherSettings.data.initial, root['data'], ['data'], report),
    workers: one(otherSettings.workers.kind, otherSettings.workers.initial, root['workers'], ['workers'], report),
    hosts: hosts(root['hosts'], named, shared, report),
    features: Object.fromEntries(shared),
  }
  checkListen(config, report)
  return { config, mistakes }
}

/** The config of these plain values; throws one Error that lists all mistakes. For programs that bring no file. */
export function configOf(root: Table, features: readonly HasSettings[] = []): Config {
  const { config, mistakes } = checkConfig(root, features)
  if (mistakes.length === 0) return config
  throw new Error(mistakes.map(mistake => `${mistake.path.join('.')}: ${mistake.message}`).join('\n'))
}

/** How a setting's name is written in the file. */
export function keyOf(name: string): string {
  return name.replaceAll(/[A-Z]/g, letter => `-${letter.toLowerCase()}`)
}

/** Reads one table; `above` are the values that hold where it is silent. */
function values(settings: Settings, table: unknown, path: readonly string[], report: Report, above?: Table): Table {
  const byKey = new Map(Object.entries(settings).map(([name, declared]) => [keyOf(name), { name, declared }]))
  const result: Record<string, unknown> = {}
  for (const { name, declared } of byKey.values()) result[name] = above ? above[name] : declared.initial
  if (table === undefined) return result
  if (!isTable(table)) {
    report(path, `"${path.at(-1)}" must be a table of settings`)
    return result
  }
  for (const [key, value] of Object.entries(table)) {
    const found = byKey.get(key)
    if (found)
      result[found.name] = one(
        (found.declared as Setting<unknown>).kind,
        result[found.name],
        value,
        [...path, key],
        report,
      )
    else report([...path, key], `unknown key "${key}" in ${path.join('.')}${didYouMean(key, byKey.keys())}`)
  }
  return result
}

function one<T>(kind: Setting<T>['kind'], otherwise: T, value: unknown, path: readonly string[], report: Report): T {
  if (value === undefined) return otherwise
  try {
    return kind.read(value)
  } catch (error) {
    if (!(error instanceof Misfit)) throw error
    const inside = error.index === undefined ? '' : ` number ${error.index + 1}`
    report(error.index === undefined ? path : [...path, error.index], `"${path.at(-1)}"${inside} ${error.message}`)
    return otherwise
  }
}

function hosts(found: unknown, named: Map<string, Settings>, shared: Map<string, Table>, report: Report): HostConfig[] {
  const all: HostConfig[] = []
  if (found !== undefined && !isTable(found)) report(['hosts'], '"hosts" must be tables such as [hosts."example.org"]')
  for (const [key, table] of Object.entries(isTable(found) ? found : { localhost: {} })) {
    const name = domain(key, report)
    if (name === undefined) continue
    if (all.some(host => host.name === name)) report(['hosts', key], `the host "${name}" is there twice`)
    else if (isTable(table)) all.push(host(name, table, ['hosts', key], named, shared, report))
    else report(['hosts', key], `"${key}" must be a table such as [hosts."example.org"]`)
  }
  if (isTable(found) && Object.keys(found).length === 0)
    report(['hosts'], 'no host is named, such as [hosts."example.org"]')
  return all
}

function domain(key: string, report: Report): string | undefined {
  try {
    const jid = Jid.parse(key)
    if (jid.full === jid.domain) return jid.domain
    report(['hosts', key], `"${key}" is not a host's name: leave out what is before the @ and behind the /`)
  } catch (error) {
    if (!(error instanceof Malformed)) throw error
    report(['hosts', key], `"${key}" is not a host's name: ${error.message}`)
  }
  return undefined
}

function host(
  name: string,
  table: Table,
  path: readonly string[],
  named: Map<string, Settings>,
  shared: Map<string, Table>,
  report: Report,
): HostConfig {
  const { certificate, key, disabled, ...others } = table
  for (const other of Object.keys(others)) {
    if (named.has(other)) continue
    const wrong = Object.hasOwn(coreSettings, other)
      ? `"${other}" is for the whole server: write [${other}] outside of hosts`
      : `unknown key "${other}" in hosts."${name}"${didYouMean(other, [...Object.keys(hostSettings), ...named.keys()])}`
    report([...path, other], wrong)
  }
  const chainPath = one<string | undefined>(file, undefined, certificate, [...path, 'certificate'], report)
  const keyPath = one<string | undefined>(file, undefined, key, [...path, 'key'], report)
  if ((certificate === undefined) !== (key === undefined)) {
    report(
      path,
      `"${name}" needs both certificate and key, or neither; "${key === undefined ? 'key' : 'certificate'}" is missing`,
    )
  }
  const features = [...named].map(([feature, settings]) => [
    feature,
    values(settings, table[feature], [...path, feature], report, shared.get(feature)),
  ])
  const own = chainPath !== undefined && keyPath !== undefined && { certificate: { chain: chainPath, key: keyPath } }
  const off = one(yes, false, disabled, [...path, 'disabled'], report) && { disabled: true }
  return { name, ...own, ...off, features: Object.fromEntries(features) }
}

function checkListen(config: Config, report: Report): void {
  const { starttls, directTls, plain, plainBeyondLoopback } = config.listen
  const seen = new Set<string>()
  for (const [key, endpoints] of Object.entries({ starttls, 'direct-tls': directTls, plain })) {
    endpoints.forEach((endpoint, index) => {
      const { host, port } = endpoint
      const written = addressText(endpoint)
      if (port !== 0 && seen.has(written)) report(['listen', key, index], `${written} is there twice`)
      seen.add(written)
      if (key === 'plain' && !plainBeyondLoopback && !isLoopback(host)) {
        report(
          ['listen', key, index],
          `${written} is no loopback address; use starttls, or set plain-beyond-loopback = true`,
        )
      }
    })
  }
  if (seen.size === 0) report(['listen'], 'there is no address to listen on')
}

function isLoopback(host: string): boolean {
  return host === 'localhost' || host === '::1' || host.startsWith('127.')
}

function isTable(value: unknown): value is Table {
  return typeof value === 'object' && value !== null && !Array.isArray(value) && !(value instanceof Date)
}
