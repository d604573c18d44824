import { networkInterfaces } from 'node:os'
import { join } from 'node:path'
import { features } from '../features/index.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { createServer, type Server } from '../server/server.ts'
import { type Config, coreSettings } from '../server/settings.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { bannerText } from './banner.ts'
import { Certificates, type HostCertificate } from './certificates.ts'
import type { GlobalOptions } from './command-line.ts'
import { defaultConfig, readConfig } from './config/config.ts'
import { controlPath } from './control.ts'
import { connectControl } from './control-client.ts'
import { type ControlServer, serveControl } from './control-server.ts'
import { programVersion, typedCommand } from './invocation.ts'
import { type Lock, lockData } from './lock.ts'
import { logger } from './logger.ts'
import type { Surroundings } from './main.ts'
import { onSignals } from './signals.ts'
import { stopCommand } from './stop.ts'
import { look } from './terminal.ts'
import { type Where, where } from './where.ts'

/**
 * Runs a server until it is told to end; resolves with the exit code. What it serves is printed on standard output, the
 * log goes to standard error. Rejects with a sentence for the operator where it cannot begin.
 */
export async function runServer(around: Surroundings, options: GlobalOptions): Promise<number> {
  const place = where(options, around.cwd)
  const config = configOf(place, options)
  const lock = lockData(config.data) ?? (await refuse(config.data, `${typedCommand(around)} stop${place.options}`))
  try {
    return await serve(around, options, place, config, lock)
  } finally {
    lock.release()
  }
}

async function serve(
  around: Surroundings,
  options: GlobalOptions,
  place: Where,
  config: Config,
  lock: Lock,
): Promise<number> {
  const runtime = nodeRuntime()
  const { level, format } = config.log
  const log = logger({
    level,
    format: options.json ? 'json' : format,
    output: around.errors,
    environment: around.environment,
    now: () => runtime.clock.now(),
  })
  const storage = openSqlite({ path: join(config.data, 'jackdaw.db'), timers: runtime.timers, log })
  const server = await createServer({ runtime, storage, config, features, log })
  const certificates = new Certificates(config, {
    runtime,
    log,
    use: (host, certificate) => server.setCertificate(host, certificate),
  })
  let control: ControlServer | undefined
  const ending = onSignals({ log, elapsed: () => runtime.clock.elapsed() }, async () => {
    // From here on a command line finds no server, and the next server finds the folder free.
    control?.close()
    certificates.stop()
    await server.stop()
    lock.release()
  })
  try {
    const found = await certificates.start()
    control = await serveControl({
      path: controlPath(config.data),
      version: programVersion(),
      commands: [...server.commands, stopCommand(() => ending.end('stop'))],
      log,
    })
    await listen(server)
    announce(around, options, place, server, found)
    await ending.ended
    log('info', 'stopped')
  } catch (error) {
    await ending.end('failure')
    throw error
  } finally {
    ending.forget()
    await control?.finish()
  }
  return 0
}

function configOf(place: Where, options: GlobalOptions): Config {
  const config = place.config
    ? readConfig(place.config.text, place.config.path, features)
    : defaultConfig(place.folder, features)
  const { starttls, directTls } = config.listen
  const data = options.data === undefined ? config.data : place.data()
  return { ...config, data, listen: { ...config.listen, starttls: here(starttls), directTls: here(directTls) } }
}

/** The default addresses, but only those that this machine has: many containers have no IPv6. */
function here(addresses: Config['listen']['starttls']): Config['listen']['starttls'] {
  const { starttls, directTls } = coreSettings.listen
  if (addresses !== starttls.initial && addresses !== directTls.initial) return addresses
  const own = Object.values(networkInterfaces()).flatMap(all => all?.map(({ address }) => address) ?? [])
  return addresses.filter(({ host }) => host !== '::1' || own.includes('::1'))
}

async function refuse(data: string, stop: string): Promise<never> {
  const client = await connectControl(controlPath(data)).catch(() => undefined)
  const who = client
    ? `jackdaw ${client.hello.version}, process ${client.hello.pid}`
    : 'a process that is just starting or ending'
  client?.close()
  throw new Error(`the data in ${data} is in use by ${who}; end it with "${stop}", or start with another --data`)
}

async function listen(server: Server): Promise<void> {
  try {
    await server.start()
  } catch (error) {
    const advice = 'End that program, or name other addresses in jackdaw.toml: [listen] starttls = ["127.0.0.1:5322"]'
    throw new Error(`${(error as Error).message} ${advice}`, { cause: error })
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
