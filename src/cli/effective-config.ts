import { networkInterfaces } from 'node:os'
import { features } from '../features/index.ts'
import { type Config, coreSettings } from '../server/settings.ts'
import type { GlobalOptions } from './command-line.ts'
import { ConfigError, defaultConfig, parsed, readConfig } from './config/config.ts'
import type { Where } from './where.ts'

/** The configuration that a server is to have: of the file, where there is one, and of the options. Throws `ConfigError`. */
export function effectiveConfig(place: Where, options: GlobalOptions): Config {
  const config = place.config
    ? readConfig(place.config.text, place.config.path, features)
    : defaultConfig(place.folder, features)
  const { starttls, directTls } = config.listen
  const data = options.data === undefined ? config.data : place.data()
  return {
    ...config,
    data,
    listen: { ...config.listen, starttls: here(starttls), directTls: here(directTls) },
    log: options.json ? { ...config.log, format: 'json' } : config.log,
  }
}

/** Whether a configuration file names hosts; one that cannot be read may. */
export function namesHosts({ config }: Where): boolean {
  try {
    return config !== undefined && parsed(config.text, config.path)['hosts'] !== undefined
  } catch (error) {
    if (error instanceof ConfigError) return true
    throw error
  }
}

/** The default addresses, but only those that this machine has: many containers have no IPv6. */
function here(addresses: Config['listen']['starttls']): Config['listen']['starttls'] {
  const { starttls, directTls } = coreSettings.listen
  if (addresses !== starttls.initial && addresses !== directTls.initial) return addresses
  const own = Object.values(networkInterfaces()).flatMap(all => all?.map(({ address }) => address) ?? [])
  return addresses.filter(({ host }) => host !== '::1' || own.includes('::1'))
}
