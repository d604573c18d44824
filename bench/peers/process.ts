import { type ChildProcess, spawn } from 'node:child_process'
import { closeSync, openSync, readFileSync, rmSync } from 'node:fs'
import { mkdtemp, rm } from 'node:fs/promises'
import { connect, createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'

const started = new Set<ChildProcess>()
const adopted = new Set<number>()
const folders = new Set<string>()
process.on('exit', () => {
  for (const child of started) for (const pid of family(child.pid)) endNow(pid)
  for (const one of adopted) for (const pid of family(one)) endNow(pid)
  for (const folder of folders) rmSync(folder, { recursive: true, force: true, maxRetries: 5 })
})
for (const signal of ['SIGINT', 'SIGTERM', 'SIGHUP'] as const) process.on(signal, () => process.exit(1))

/** Lets a process that was not started by `launch` end with us, too, until the returned function says that it has. */
export function endWithUs(pid: number | undefined): () => void {
  if (pid !== undefined) adopted.add(pid)
  return () => void adopted.delete(pid!)
}

/** How a program is to be started. */
export interface LaunchOptions {
  /** The processor that it may run on; any where missing. */
  readonly cpu?: number
  readonly env?: NodeJS.ProcessEnv
  readonly cwd?: string
  /** File that takes what it prints. */
  readonly log: string
}

/** Starts a program that ends with us at the latest. `stop` ends what it returns. */
export function launch(command: string, args: readonly string[], options: LaunchOptions): ChildProcess {
  const log = openSync(options.log, 'a')
  const [program, ...rest] =
    options.cpu === undefined ? [command, ...args] : ['taskset', '-c', String(options.cpu), command, ...args]
  const child = spawn(program!, rest, {
    stdio: ['ignore', log, log],
    ...(options.cwd && { cwd: options.cwd }),
    env: options.env ?? process.env,
  })
  closeSync(log)
  started.add(child)
  child.on('error', error => console.error(`${command}: ${error.message}`))
  child.on('exit', () => started.delete(child))
  return child
}

/** Whether a program was started and has not ended. */
export function running(child: ChildProcess): boolean {
  return child.pid !== undefined && child.exitCode === null && child.signalCode === null
}

/** A process and its living descendants, the youngest first: a tracer's program would outlive it. */
function family(pid: number | undefined): number[] {
  if (pid === undefined) return []
  return [...childrenOf(pid).flatMap(family), pid]
}

function childrenOf(pid: number): number[] {
  try {
    const children = readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8')
    return children.trim().split(' ').filter(Boolean).map(Number)
  } catch {
    return []
  }
}

function endNow(pid: number): void {
  try {
    process.kill(pid, 'SIGKILL')
  } catch {
    // It ended by itself.
  }
}

/** The process that does the work of one that was launched: under strace its child. */
export function workerOf(child: ChildProcess): number {
  return (child.spawnfile === 'strace' && childrenOf(child.pid!)[0]) || child.pid!
}

/** Asks a program to end, and makes it end after some seconds. Under strace the traced one is asked: strace follows. */
export async function stop(child: ChildProcess, seconds = 10): Promise<void> {
  if (!running(child)) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  process.kill(workerOf(child), 'SIGTERM')
  const killer = setTimeout(() => family(child.pid).forEach(endNow), seconds * 1000)
  await gone
  clearTimeout(killer)
}

/** Ends a program at once, and what it has started. */
export async function kill(child: ChildProcess): Promise<void> {
  if (!running(child)) return
  const gone = new Promise<void>(resolve => child.once('exit', () => resolve()))
  family(child.pid).forEach(endNow)
  await gone
}

/** Waits, asking every 20 ms, until `done` says something else than undefined or false. Throws after `seconds`. */
export async function until<T>(
  what: string,
  seconds: number,
  done: () => T | undefined | false | Promise<T | undefined | false>,
): Promise<T> {
  const deadline = performance.now() + seconds * 1000
  for (;;) {
    const value = await done()
    if (value !== undefined && value !== false) return value
    if (performance.now() > deadline) throw new Error(`${what}: not within ${seconds} s`)
    await new Promise(resolve => setTimeout(resolve, 20))
  }
}

/** Whether a program listens on a loopback port. */
export function answers(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const socket = connect(port, '127.0.0.1')
    socket.on('connect', () => {
      socket.destroy()
      resolve(true)
    })
    socket.on('error', () => resolve(false))
  })
}

/** Waits until a program listens on a loopback port; throws what it printed where it ends instead. */
export async function listening(child: ChildProcess, port: number, log: string, seconds = 60): Promise<void> {
  await until(`${child.spawnfile} listening on ${port}`, seconds, () => {
    if (!running(child))
      throw new Error(`${child.spawnargs.join(' ')} ended:\n${readFileSync(log, 'utf8').slice(-2000)}`)
    return answers(port)
  })
}

/**
 * Loopback ports that nobody listens on, below those that the system gives to outgoing connections: a server that is
 * started again on its port must find it free, whoever tried to reach it meanwhile.
 */
export async function freePorts(count: number): Promise<number[]> {
  const ports = new Set<number>()
  while (ports.size < count) {
    const port = 10_000 + Math.floor(Math.random() * 20_000)
    if (await isFree(port)) ports.add(port)
  }
  return [...ports]
}

function isFree(port: number): Promise<boolean> {
  return new Promise(resolve => {
    const server = createServer()
    server.once('error', () => resolve(false))
    server.listen(port, '127.0.0.1', () => server.close(() => resolve(true)))
  })
}

/** Runs `use` with a new folder that is gone afterwards. */
export async function withFolder<T>(name: string, use: (folder: string) => Promise<T>): Promise<T> {
  const folder = await mkdtemp(join(tmpdir(), `jackdaw-${name}-`))
  folders.add(folder)
  try {
    return await use(folder)
  } finally {
    await rm(folder, { recursive: true, force: true, maxRetries: 5, retryDelay: 100 })
    folders.delete(folder)
  }
}

/** Runs a program to its end; its output, or an error with it where it failed or took longer than `seconds`. */
export function run(
  command: string,
  args: readonly string[],
  options: { readonly input?: string; readonly env?: NodeJS.ProcessEnv; readonly seconds?: number } = {},
): Promise<string> {
  return new Promise((resolve, reject) => {
    const child = spawn(command, args, { env: options.env ?? process.env })
    started.add(child)
    const timer = setTimeout(() => child.kill('SIGKILL'), (options.seconds ?? 30) * 1000)
    let output = ''
    child.stdout.on('data', chunk => (output += chunk))
    child.stderr.on('data', chunk => (output += chunk))
    child.stdin.on('error', () => {})
    child.stdin.end(options.input ?? '')
    child.on('error', reject)
    child.on('close', (code, signal) => {
      started.delete(child)
      clearTimeout(timer)
      if (code === 0) resolve(output)
      else reject(new Error(`${command} ${args.join(' ')}: ${signal ?? `exit ${code}`}\n${output.slice(-2000)}`))
    })
  })
}
