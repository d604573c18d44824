import { join } from 'node:path'
import { isatty } from 'node:tty'
import { features } from '../features/index.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { AccountError } from '../server/accounts.ts'
import { createServer, type Server } from '../server/server.ts'
import type { Config } from '../server/settings.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { bannerText } from './banner.ts'
import { Certificates, type HostCertificate } from './certificates.ts'
import type { GlobalOptions } from './command-line.ts'
import { controlPath } from './control.ts'
import { connectControl } from './control-client.ts'
import { type ControlServer, serveControl } from './control-server.ts'
import { databaseIn } from './data-files.ts'
import { effectiveConfig, namesHosts } from './effective-config.ts'
import { programVersion, typedCommand } from './invocation.ts'
import { type Lock, lockData } from './lock.ts'
import { type LogManner, logger } from './logger.ts'
import type { Surroundings } from './main.ts'
import { reloader } from './reload.ts'
import { runningCommands } from './running-commands.ts'
import { onSignals } from './signals.ts'
import { look } from './terminal.ts'
import { shown, type Where, where } from './where.ts'
import { withWorkers } from './worker-threads.ts'

/** EX_TEMPFAIL: whoever looks after the process starts it again. */
const startMeAgain = 75

/**
 * Runs a server until it is told to end; resolves with the exit code. What it serves is printed on standard output, the
 * log goes to standard error. Rejects with a sentence for the operator where it cannot begin.
 */
export async function runServer(around: Surroundings, options: GlobalOptions): Promise<number> {
  const place = where(options, around.cwd)
  const config = effectiveConfig(place, options)
  const lock = lockData(config.data) ?? (await refuse(config.data, `${typedCommand(around)} stop${place.options}`))
  let reason: string
  try {
    reason = await serve(around, options, place, config, lock)
  } finally {
    lock.release()
  }
  return reason === 'restart' ? startAgain() : 0
}

async function serve(
  around: Surroundings,
  options: GlobalOptions,
  place: Where,
  config: Config,
  lock: Lock,
): Promise<string> {
  const local = nodeRuntime()
  const manner: LogManner = { ...config.log }
  const log = logger({
    manner,
    output: around.errors,
    environment: around.environment,
    now: () => local.clock.now(),
  })
  const storage = openSqlite({ path: databaseIn(config.data), timers: local.timers, log })
  const { runtime, ...workers } = withWorkers(local, config.workers, log)
  const server = await createServer({
    ...{ runtime, storage, config, features, log },
    figures: () => ({ ...workers.figures(), ...figures() }),
  }).catch(async error => {
    await workers.close()
    throw error
  })
  const certificates = new Certificates(config, {
    runtime,
    log,
    use: (host, certificate) => server.setCertificate(host, certificate),
  })
  const reload = reloader({
    server,
    certificates,
    manner,
    log,
    read: () => effectiveConfig(where(options, around.cwd), options),
  })
  let control: ControlServer | undefined
  const signals = { log, elapsed: () => runtime.clock.elapsed(), terminalGone: watchedTerminal(), reload }
  let kept = 0
  const ending = onSignals(signals, async reason => {
    // From here on a command line finds no server, and the next server finds the folder free.
    control?.close()
    certificates.stop()
    if (reason === 'restart' || reason === 'SIGTERM') kept = await server.suspend()
    else await server.stop()
    lock.release()
  })
  try {
    const found = await certificates.start()
    control = await serveControl({
      path: controlPath(config.data),
      version: programVersion(),
      commands: [
        ...server.commands,
        ...runningCommands({
          server,
          certificates,
          manner,
          file: place.config?.path ?? join(place.folder, 'jackdaw.toml'),
          namesHosts: () => namesHosts(where(options, around.cwd)),
          reload,
          stop: () => ending.end('stop'),
          async restart() {
            // With mistakes in it, nothing would start again.
            effectiveConfig(where(options, around.cwd), options)
            const reason = await ending.end('restart')
            if (reason !== 'restart') throw new AccountError(`The server was ending already (${reason}).`)
            return kept
          },
        }),
      ],
      log,
    })
    await listen(server, place.config ? shown(place.config.path, around.cwd) : 'jackdaw.toml')
    announce(around, options, place, server, found)
    const reason = await ending.ended
    log('info', reason === 'restart' ? 'starting again' : 'stopped')
    return reason
  } catch (error) {
    await ending.end('failure')
    throw error
  } finally {
    ending.forget()
    await control?.finish()
    await workers.close()
  }
}

/**
 * Puts the program as it is installed now in the place of this process: same number, arguments, folder and terminal, so
 * that neither a shell nor a supervisor notices. Where a system has no such thing, the exit code asks for a start.
 */
function startAgain(): number {
  const { execve, execPath, execArgv, argv, env } = process
  if (execve === undefined || process.platform === 'win32') return startMeAgain
  return execve(execPath, [execPath, ...execArgv, ...argv.slice(1)], env)
}

/** What only the process knows, for `status`. */
function figures(): Readonly<Record<string, string | number>> {
  const { rss, heapUsed } = process.memoryUsage()
  const text = (bytes: number) => `${Math.round(bytes / 1024 ** 2)} MiB`
  return { process: process.pid, memory: text(rss), 'memory of JavaScript': text(heapUsed), node: process.version }
}

/** Tells later whether the terminal of now has been closed: then it is none any more. */
function watchedTerminal(): () => boolean {
  const terminals = [0, 1, 2].filter(isatty)
  return () => terminals.length > 0 && !terminals.some(isatty)
}

async function refuse(data: string, stop: string): Promise<never> {
  const client = await connectControl(controlPath(data)).catch(() => undefined)
  const who = client
    ? `jackdaw ${client.hello.version}, process ${client.hello.pid}`
    : 'a process that is just starting or ending'
  client?.close()
  throw new Error(`the data in ${data} is in use by ${who}; end it with "${stop}", or start with another --data`)
}

/** `file`: the configuration file, as a person would name it. */
async function listen(server: Server, file: string): Promise<void> {
  try {
    await server.start()
  } catch (error) {
    const { message, cause } = error as Error
    const taken = (cause as NodeJS.ErrnoException | undefined)?.code === 'EADDRINUSE'
    const advice = `${taken ? 'End that program, or write' : 'Write'} other addresses into ${file}:`
    const example = ['[listen]', 'starttls = ["127.0.0.1:5322"]', 'direct-tls = ["127.0.0.1:5323"]']
    throw new Error([`${message} ${advice}`, ...example].join('\n  '), { cause: error })
  }
}

function announce(
  around: Surroundings,
  options: GlobalOptions,
  place: Where,
  server: Server,
  certificates: readonly HostCertificate[],
): void {
  const { listening } = server
  if (options.json) {
    around.output.write(
      `${JSON.stringify({ ok: true, pid: process.pid, data: place.data(), listening, certificates })}\n`,
    )
    return
  }
  const beginning = {
    version: programVersion(),
    listening,
    certificates,
    data: place.data(),
    config: place.config?.path,
    command: typedCommand(around),
    options: place.options,
  }
  around.output.write(bannerText(beginning, look(around.output, around.environment)))
}
