import { existsSync, readFileSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { pathToFileURL } from 'node:url'
import type { Jackdaw } from '../../bench/peers/jackdaw.ts'
import { until, withFolder } from '../../bench/peers/process.ts'
import { startServer } from '../server.ts'

/** Bytes that a process has, once its garbage is collected. */
export interface Memory {
  readonly rss: number
  /** Of JavaScript. */
  readonly heapUsed: number
  /** Of buffers and what else JavaScript holds outside its heap. */
  readonly external: number
}

/** A real server process that can be asked for its memory. */
export interface Watched {
  readonly server: Jackdaw
  /** Collects its garbage first. */
  memory(): Promise<Memory>
  /** A figure of `jackdaw status`. */
  status(figure: string): Promise<number>
}

const hook = pathToFileURL(join(import.meta.dirname, 'hook.ts')).href
const open = [
  ...['[limits]', 'connections-per-address = 100000', 'connections-before-login = 100000'],
  ...['[login]', 'iterations = 4096'],
]

/** Runs `use` with a new server; `settings` may add to the section `[limits]` first. */
export async function withServer(
  { limits = [], settings }: { readonly limits?: readonly string[]; readonly settings: readonly string[] },
  use: (watched: Watched) => Promise<void>,
): Promise<void> {
  await withFolder('abuse', async folder => {
    const file = join(folder, 'memory.json')
    const env = { NODE_OPTIONS: `--expose-gc --import ${hook}`, JACKDAW_MEMORY: file }
    const [heading, ...rest] = open
    const server = await startServer({ folder, env, settings: [heading!, ...limits, ...rest, ...settings] })
    try {
      await use({
        server,
        async memory() {
          rmSync(file, { force: true })
          process.kill(server.pid, 'SIGUSR2')
          await until('its memory', 30, () => existsSync(file))
          return JSON.parse(readFileSync(file, 'utf8')) as Memory
        },
        async status(figure) {
          const { rows } = JSON.parse(await server.command(['status', '--json'])) as {
            rows: readonly { what: string; value: number }[]
          }
          return rows.find(({ what }) => what === figure)!.value
        },
      })
    } finally {
      await server.stop()
    }
  })
}

export const mebibytes = (bytes: number) => `${(bytes / 2 ** 20).toFixed(1)} MiB`
