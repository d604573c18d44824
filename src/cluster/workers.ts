import { Socket } from 'node:net'
import { MessageChannel, type Transferable, Worker, type WorkerOptions } from 'node:worker_threads'
import { doors, nodeNetwork } from '../runtime/node-network.ts'
import type { Network, Timer, Timers } from '../runtime/runtime.ts'
import type { Parcel } from './cluster.ts'
import type { Member } from './member.ts'
import { Spread } from './spread.ts'
import type { ThreadMessage } from './workers-thread.ts'

export interface WorkersOptions {
  /** How many threads carry connections. */
  readonly count: number
  readonly timers: Timers
  /** Told what an operator should know. */
  readonly log: (level: 'error', sentence: string, facts: { worker: number; reason: string }) => void
  /** Makes a thread; `new Worker` unless told. Only for tests. */
  readonly make?: (file: URL, options: WorkerOptions) => Worker
}

/** Milliseconds before a dead thread is started again: doubled with each death in a row. */
const firstRest = 50
const longestRest = 5_000

/** Whether this Node can move connections between threads: from 24.20 and 26.6 on, and not on Windows. */
export function canMoveConnections(platform: string = process.platform): boolean {
  if (platform === 'win32') return false
  const { port1 } = new MessageChannel()
  const socket = new Socket()
  try {
    port1.postMessage(socket, [socket as unknown as Transferable])
    return true
  } catch (error) {
    // Not in this state, says one that could.
    return (error as NodeJS.ErrnoException).code === 'ERR_WORKER_HANDLE_NOT_TRANSFERABLE'
  } finally {
    socket.destroy()
    port1.close()
  }
}

/** A thread, from start to start. */
interface Thread {
  readonly place: number
  worker: Worker | undefined
  /** What it carries, as home sees it. */
  member: Member | undefined
  resting: Timer | undefined
  deaths: number
}

/** The network of a server whose connections are carried by threads of this process. */
export class Workers {
  readonly network: Network
  readonly #spread: Spread
  readonly #options: WorkersOptions
  readonly #threads: readonly Thread[]
  #closed = false

  constructor(options: WorkersOptions) {
    this.#options = options
    this.#spread = new Spread({ ...nodeNetwork, doors }, options.timers)
    this.network = this.#spread
    this.#threads = Array.from({ length: options.count }, (_, place) => {
      return { place, worker: undefined, member: undefined, resting: undefined, deaths: 0 }
    })
    for (const thread of this.#threads) this.#start(thread)
  }

  /** Figures for operators: what each thread carries, and which part of its time it has worked since the start. */
  figures(): Readonly<Record<string, string>> {
    const sizes = this.#threads.map(({ member }) => member?.size ?? 0)
    const busy = this.#threads.map(({ worker }) => {
      const part = worker?.performance.eventLoopUtilization().utilization ?? 0
      return `${Math.round(part * 100)} %`
    })
    return { workers: `${sizes.length} (connections ${sizes.join(' + ')}, busy ${busy.join(' + ')})` }
  }

  /** Ends one thread, whatever it does. Only for tests. */
  async kill(place: number): Promise<void> {
    await this.#threads[place]!.worker?.terminate()
  }

  /** Ends all threads, with what they still carry. */
  async close(): Promise<void> {
    this.#closed = true
    for (const { resting } of this.#threads) this.#options.timers.cancel(resting)
    await Promise.all(this.#threads.map(({ worker }) => worker?.terminate()))
  }

  #start(thread: Thread): void {
    // Sources end in .ts, the built package in .js; nothing rewrites a worker's URL.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
    const file = new URL(`./workers-thread${extension}`, import.meta.url)
    const name = `worker ${thread.place + 1}`
    let worker: Worker
    try {
      worker = this.#options.make?.(file, { name }) ?? new Worker(file, { name })
    } catch (error) {
      this.#later(thread, 'a worker cannot be started and is tried again', (error as Error).message)
      return
    }
    thread.worker = worker
    const member = (thread.member = this.#spread.add({
      tell: parcel => worker.postMessage(parcel),
      move: (number, connection) => {
        const message: ThreadMessage = { number, connection: connection as Socket }
        worker.postMessage(message, [connection as unknown as Transferable])
      },
    }))
    let reason = 'it was ended'
    worker.on('message', (parcel: Parcel) => {
      thread.deaths = 0
      member.told(parcel)
    })
    worker.on('error', error => {
      reason = error instanceof Error ? (error.stack ?? error.message) : String(error)
    })
    worker.on('exit', () => this.#died(thread, member, reason))
  }

  /** Its connections have broken: clients come back, and another thread carries them. */
  #died(thread: Thread, member: Member, reason: string): void {
    thread.worker = thread.member = undefined
    this.#spread.lost(member, new Error('The thread that carried the connection died.'))
    if (!this.#closed) this.#later(thread, 'a worker died and is started again', reason)
  }

  #later(thread: Thread, sentence: string, reason: string): void {
    this.#options.log('error', sentence, { worker: thread.place + 1, reason })
    const rest = Math.min(firstRest * 2 ** thread.deaths++, longestRest)
    thread.resting = this.#options.timers.after(rest, () => this.#start(thread))
  }
}
