import { dirname, resolve } from 'node:path'
import { AccountError } from '../server/accounts.ts'
import { checkConfig } from '../server/check-config.ts'
import type { Answer, Command } from '../server/command.ts'
import type { LogLevel } from '../server/log.ts'
import type { Server } from '../server/server.ts'
import type { HostConfig } from '../server/settings.ts'
import type { Certificates } from './certificates.ts'
import { type LogManner, levels } from './logger.ts'

/** A server that the command line runs, with what it has around it. */
export interface Running {
  readonly server: Server
  readonly certificates: Certificates
  readonly manner: LogManner
  /** The configuration file, or where one would be read. */
  readonly file: string
  /** Whether the file names hosts: without, there is the one that is served by default. */
  namesHosts(): boolean
  reload(): Promise<Answer>
  /** Resolves when everything but the process itself is gone. */
  stop(): Promise<unknown>
  /**
   * The same, but for sessions that are kept for their clients; resolves with how many those are. Then the program starts
   * again. Rejects with ConfigError where it could not.
   */
  restart(): Promise<number>
}

/** What a running server can be asked for beside what its core and its features have. */
export function runningCommands(running: Running): readonly Command[] {
  return [
    {
      words: ['stop'],
      manual: 'Ends the server. Its sessions go unavailable, their clients are told why, and its data is closed.',
      arguments: [],
      async run() {
        await running.stop()
        return { say: 'The server has stopped.' }
      },
    },
    {
      words: ['restart'],
      manual:
        'Starts the server again, with the program and the configuration as they are now. Clients that can resume their ' +
        'sessions do, and nobody sees them leave; all others are told, and connect again. It is done when the server can ' +
        'be asked again. A configuration with mistakes ' +
        'changes nothing. SIGTERM keeps sessions in the same way and ends the server, for whatever starts it next.',
      arguments: [],
      comesBack: true,
      async run() {
        const kept = await running.restart()
        const whose = kept === 1 ? '1 session waits' : `${kept} sessions wait`
        return { say: `The server starts again; ${whose} for ${kept === 1 ? 'its client' : 'their clients'}.` }
      },
    },
    {
      words: ['reload'],
      manual:
        'Reads configuration and certificates again. Each setting that has changed is told with what became of it: some ' +
        'need a restart. A file with mistakes changes nothing. SIGHUP does the same, and tells it in the log.',
      arguments: [],
      run: () => running.reload(),
    },
    {
      words: ['logs'],
      manual: 'Tells the level of the log, or sets it. It holds until the next reload or restart.',
      arguments: [{ name: 'level', kind: 'text', manual: `One of ${levels.join(', ')}.`, optional: true }],
      run: ({ level }) => logs(running.manner, level),
    },
    {
      words: ['host', 'add'],
      manual:
        'Serves one more host. It has the settings that hosts have by default, and is there until the next restart or ' +
        'reload: what to write into the configuration file to keep it is told. Without a certificate it signs one itself.',
      arguments: [
        { name: 'host', kind: 'text', manual: 'Its name, such as example.org.' },
        {
          name: 'certificate',
          kind: 'text',
          manual: 'File of its certificate chain, meant from the folder of the configuration file.',
          option: true,
        },
        { name: 'key', kind: 'text', manual: "File of the certificate's key.", option: true },
      ],
      run: ({ host, certificate, key }) => addHost(running, String(host), { certificate, key }),
    },
  ]
}

function logs(manner: LogManner, level: unknown): Answer {
  if (level === undefined) return { say: `The log level is ${manner.level}.` }
  const known = levels.find(one => one === level)
  if (known === undefined) throw new AccountError(`"${level}" is no log level: it is one of ${levels.join(', ')}.`)
  manner.level = known satisfies LogLevel
  return { say: `The log level is ${known} now.` }
}

async function addHost(running: Running, host: string, paths: { certificate: unknown; key: unknown }): Promise<Answer> {
  const { server, certificates, file } = running
  const config = hostConfig(running, host, paths)
  const { name } = config
  if (server.hosts.has(name)) throw new AccountError(`${name} is served already.`)
  const added = await server.addHost(config)
  try {
    await certificates.add(config)
  } catch (error) {
    server.dropHost(added)
    throw error
  }
  const own = Object.entries(paths).flatMap(([key, path]) =>
    path === undefined ? [] : [`\n${key} = ${JSON.stringify(path)}`],
  )
  // Once a file names a host it must name all.
  const others = running.namesHosts() ? [] : [...server.hosts.keys()].filter(one => one !== name)
  const tables = [...others, name].map(one => `[hosts.${JSON.stringify(one)}]${one === name ? own.join('') : ''}`)
  return { say: `${name} is served now. To keep it, write into ${file}:\n${tables.join('\n')}` }
}

/** Checked as the file would be. Throws AccountError with all mistakes. */
function hostConfig({ server, file }: Running, host: string, paths: object): HostConfig {
  const given = Object.fromEntries(Object.entries(paths).filter(([, path]) => path !== undefined))
  const { config, mistakes } = checkConfig({ hosts: { [host]: given } }, [])
  const [found] = config.hosts
  if (mistakes.length > 0 || found === undefined) {
    throw new AccountError(mistakes.map(({ message }) => message).join('; ') || `"${host}" is no host's name.`)
  }
  const from = (path: string) => resolve(dirname(file), path)
  const pair = found.certificate && { chain: from(found.certificate.chain), key: from(found.certificate.key) }
  return { name: found.name, features: server.config.features, ...(pair && { certificate: pair }) }
}
