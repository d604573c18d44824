import { keyOf } from './check-config.ts'
import { isUnset, type Settings, writtenValue } from './config.ts'
import type { Feature } from './feature.ts'
import type { Host } from './host.ts'
import type { Config, HostConfig } from './settings.ts'
import { coreSettings, otherSettings } from './settings.ts'

/** One setting that is another than before, and what became of that. */
export interface SettingChange {
  /** As the file has it: `offline.maximum`, `hosts."example.org".disabled`. */
  readonly setting: string
  /** Both as the file would have them; empty where it was or is unset. */
  readonly was: string
  readonly now: string
  /** A few words on when it takes effect, or why it did not. */
  readonly effect: string
}

/** What a running server can be asked to change. */
export interface Changeable {
  readonly config: Config
  readonly features: readonly Feature[]
  readonly hosts: ReadonlyMap<string, Host>
  /** Returns a sentence for each address that cannot be had. */
  listen(listen: Config['listen']): Promise<readonly string[]>
  addHost(config: HostConfig): Promise<unknown>
  setServed(host: Host, served: boolean): void
  dropHost(host: Host): void
}

const restart = 'needs a restart'
const atOnce = 'in effect'

/** When a setting of the core that has changed takes effect. */
const effects: Readonly<Record<keyof typeof coreSettings, string>> = {
  listen: atOnce,
  tls: 'in effect for new connections',
  login: 'in effect from the next login on',
  administration: atOnce,
  timeouts: 'in effect for new connections',
  limits: 'in effect for new connections',
  log: atOnce,
}

/** Of single settings, where it is otherwise. */
const exceptions: Readonly<Record<string, string>> = {
  'timeouts.idle': 'in effect from the next look at who is silent on',
  'login.iterations': 'in effect for new passwords',
}

/**
 * Makes a running server what a configuration says, as far as that goes without a restart. Returns what has changed,
 * and the configuration that is in effect now: what needs a restart is in it as it was. Rejects with StorageError where
 * a new host cannot be made.
 */
export async function reload(
  server: Changeable,
  wanted: Config,
): Promise<{ config: Config; changes: readonly SettingChange[] }> {
  const before = server.config
  const changes: SettingChange[] = []
  for (const { name, ...change } of differences(otherSettings, before, wanted))
    changes.push({ setting: keyOf(name), ...change, effect: restart })
  for (const section of Object.keys(coreSettings) as (keyof typeof coreSettings)[]) {
    const found = differences(coreSettings[section], before[section], wanted[section])
    for (const { name, ...change } of found) {
      const setting = `${section}.${keyOf(name)}`
      changes.push({ setting, ...change, effect: exceptions[setting] ?? effects[section] })
    }
  }
  let { listen } = wanted
  if (changes.some(({ setting }) => setting.startsWith('listen.'))) {
    const problems = await server.listen(listen)
    if (problems.length > 0) {
      listen = before.listen
      const effect = `not in effect, the old addresses stay: ${problems.join(' ')}`
      for (const [at, change] of changes.entries())
        if (change.setting.startsWith('listen.')) changes[at] = { ...change, effect }
    }
  }
  changes.push(...(await changeHosts(server, wanted.hosts)))
  const hosts = wanted.hosts.map(({ name }) => server.hosts.get(name)!.config)
  return { config: { ...wanted, data: before.data, workers: before.workers, listen, hosts }, changes }
}

async function changeHosts(server: Changeable, wanted: readonly HostConfig[]): Promise<SettingChange[]> {
  const changes: SettingChange[] = []
  for (const config of wanted) {
    const host = server.hosts.get(config.name)
    if (host !== undefined) changes.push(...changeHost(server, host, config))
    else {
      await server.addHost(config)
      changes.push({ setting: tableOf(config.name), was: '', now: 'a host of this server', effect: atOnce })
    }
  }
  for (const [name, host] of [...server.hosts]) {
    if (wanted.some(config => config.name === name)) continue
    server.dropHost(host)
    const effect = 'in effect: its sessions have ended, and its data stays'
    changes.push({ setting: tableOf(name), was: 'a host of this server', now: '', effect })
  }
  return changes
}

function changeHost(server: Changeable, host: Host, wanted: HostConfig): SettingChange[] {
  const before = host.config
  const table = tableOf(before.name)
  const changes: SettingChange[] = []
  for (const { name, config } of server.features) {
    const found = differences(config ?? {}, before.features[name] ?? {}, wanted.features[name] ?? {})
    for (const { name: setting, ...change } of found) {
      const effect = host.takesEffect(name, setting) ? atOnce : restart
      changes.push({ setting: `${table}.${name}.${keyOf(setting)}`, ...change, effect })
    }
  }
  const [was, now] = [before.certificate, wanted.certificate]
  if (was?.chain !== now?.chain || was?.key !== now?.key) {
    const effect = 'in effect from the next TLS handshake on'
    changes.push({ setting: `${table}.certificate`, was: was?.chain ?? '', now: now?.chain ?? '', effect })
  }
  if (host.served === (wanted.disabled === true)) {
    const words = { was: String(!host.served), now: String(host.served) }
    changes.push({ setting: `${table}.disabled`, ...words, effect: atOnce })
    server.setServed(host, wanted.disabled !== true)
  }
  host.configure(wanted)
  return changes
}

function tableOf(host: string): string {
  return `hosts.${JSON.stringify(host)}`
}

function differences(settings: Settings, before: object, after: object): { name: string; was: string; now: string }[] {
  return Object.entries(settings).flatMap(([name, { kind }]) => {
    const written = (values: object) => {
      const value = (values as Record<string, never>)[name]
      return isUnset(value) ? '' : writtenValue(kind, value)
    }
    const [was, now] = [written(before), written(after)]
    return was === now ? [] : [{ name, was, now }]
  })
}
