import type { Answer } from '../server/command.ts'
import type { Log } from '../server/log.ts'
import type { Server } from '../server/server.ts'
import type { Config } from '../server/settings.ts'
import type { Certificates } from './certificates.ts'
import type { LogManner } from './logger.ts'

/** What is read again. */
export interface Reloadable {
  readonly server: Pick<Server, 'reload'>
  readonly certificates: Pick<Certificates, 'change'>
  readonly manner: LogManner
  readonly log: Log
  /** Reads the configuration file. Throws `ConfigError`. */
  read(): Config
}

/**
 * Reads configuration and certificates again, one time after the other. Rejects with all mistakes of the file, and then
 * nothing has changed.
 */
export function reloader({ server, certificates, manner, log, read }: Reloadable): () => Promise<Answer> {
  let running: Promise<unknown> = Promise.resolve()
  const reload = async (): Promise<Answer> => {
    const config = read()
    const changes = await server.reload(config)
    Object.assign(manner, config.log)
    const problems = await certificates.change(config.hosts)
    const rows = [
      ...changes.map(change => ({ ...change })),
      ...problems.map(({ host, problem }) => ({
        setting: `hosts.${JSON.stringify(host)}.certificate`,
        was: '',
        now: '',
        effect: `not in effect: ${problem}`,
      })),
    ]
    for (const { setting, effect } of rows) log('info', 'setting changed', { setting, effect })
    const nothing = 'No setting has changed; the certificates were read again.'
    return { rows, say: rows.length === 0 ? nothing : undefined }
  }
  return () => {
    const next = running.then(reload)
    running = next.catch(() => {})
    return next
  }
}
