import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { root } from '../place.ts'
import { makeCertificate, type Peer, type PeerOptions } from './peer.ts'
import { freePorts, kill, launch, listening, run, stop, workerOf } from './process.ts'

/** Another checkout's program can be named, to compare two versions. */
const program = process.env['JACKDAW_PROGRAM'] ?? join(root, 'bin', 'jackdaw.js')

/** What a test of ours may want to change. */
export interface JackdawOptions extends PeerOptions {
  /** Put before the program: a tracer and its arguments. */
  readonly under?: readonly string[]
  /** Further lines of its configuration file. */
  readonly settings?: readonly string[]
  /** How many threads carry connections; where missing, as many as the configuration has by itself. */
  readonly workers?: number
}

/** Ours, and what only ours can do. */
export interface Jackdaw extends Peer {
  /** Runs a command of its command line, with what it reads from standard input; what it printed. */
  command(words: readonly string[], input?: string): Promise<string>
  /** Ends it with SIGKILL. */
  kill(): Promise<void>
  /** Starts another process on the same folder and ports. */
  again(): Promise<Jackdaw>
}

/** Starts `jackdaw start` on free ports, with a certificate of the same kind as the peers'. */
export async function startJackdaw(options: JackdawOptions): Promise<Jackdaw> {
  const [startTls, directTls, plain] = (await freePorts(3)) as [number, number, number]
  const { certificate, key } = await makeCertificate(options.folder)
  const config = join(options.folder, 'jackdaw.toml')
  const lines = [
    'data = "data"',
    ...(options.workers === undefined ? [] : [`workers = ${options.workers}`]),
    '[hosts.localhost]',
    `certificate = "${certificate}"`,
    `key = "${key}"`,
    '[listen]',
    `starttls = ["127.0.0.1:${startTls}"]`,
    `direct-tls = ["127.0.0.1:${directTls}"]`,
    ...(options.plain ? [`plain = ["127.0.0.1:${plain}"]`] : []),
    '[log]',
    'level = "warn"',
    ...(options.settings ?? []),
  ]
  await writeFile(config, `${lines.join('\n')}\n`)
  return begin(options, config, { startTls, directTls, plain: options.plain ? plain : 0, authority: certificate })
}

async function begin(
  options: JackdawOptions,
  config: string,
  places: Pick<Jackdaw, 'startTls' | 'directTls' | 'plain' | 'authority'>,
): Promise<Jackdaw> {
  const { folder, cpu, under = [], env, workers = 1 } = options
  const log = join(folder, 'jackdaw.log')
  const [command, ...rest] = [...under, process.execPath, program, 'start', '--config', config]
  const child = launch(command!, rest, {
    log,
    ...(cpu !== undefined && { cpu }),
    ...(env && { env: { ...process.env, ...env } }),
  })
  // The last one that it opens.
  await listening(child, places.plain || places.directTls, log)
  const self: Jackdaw = {
    name: workers === 1 ? 'Jackdaw' : `Jackdaw, ${workers} workers`,
    host: 'localhost',
    pid: workerOf(child),
    ...places,
    command: (words, input) =>
      run(process.execPath, [program, ...words, '--config', config], {
        // Ten thousand accounts are made in one command.
        ...(input !== undefined && { input, seconds: 30 + input.length / 1000 }),
      }),
    async addUsers(users) {
      // Many at once come as lines; a few are added as a person would.
      const lines = users.map(({ name, password }) => `${name}@localhost ${password}\n`)
      if (users.length > 3) await self.command(['user', 'add', '-'], lines.join(''))
      else
        for (const { name, password } of users)
          await self.command(['user', 'add', `${name}@localhost`], `${password}\n`)
    },
    stop: () => stop(child),
    kill: () => kill(child),
    again: () => begin(options, config, places),
  }
  return self
}
