import { Worker } from 'node:worker_threads'
import type { Timer, Timers } from '../runtime/runtime.ts'
import type { Reply } from './sqlite-serve.ts'
import { StorageError } from './storage.ts'

interface Call<M> {
  /** Let go of when it is on its way: it may be big. */
  message: M | undefined
  readonly resolve: (answer: unknown) => void
  readonly reject: (error: StorageError) => void
}

export interface ThreadOptions {
  /** `writer` or `reader`: the file is `sqlite-<name>` beside this one. */
  readonly name: 'writer' | 'reader'
  readonly data: unknown
  readonly timers: Pick<Timers, 'after' | 'cancel'>
  /** Called with the reason when the worker has ended without being told to. */
  readonly died: (reason: string) => void
}

/** Milliseconds before a dead worker is started again: doubled with each death in a row. */
const firstRest = 50
const longestRest = 5_000

/**
 * A worker that is asked one thing at a time, and is started again when it dies. What it was doing then fails as
 * uncertain; what waits for it goes on waiting.
 */
export class Thread<M> {
  readonly #options: ThreadOptions
  readonly #queue: Call<M>[] = []
  #worker: Worker | undefined
  #current: Call<M> | undefined
  #resting: Timer | undefined
  #deaths = 0
  #hurried = false

  constructor(options: ThreadOptions) {
    this.#options = options
  }

  /** Starts the worker before it is asked anything: it takes a while. */
  warm(): void {
    this.#worker ??= this.#start()
  }

  /** Rejects with StorageError where the worker says so, or dies. */
  call(message: M): Promise<unknown> {
    return new Promise((resolve, reject) => {
      this.#queue.push({ message, resolve, reject })
      this.#go()
    })
  }

  /** Ends the worker at once, whatever it does; it is started again when there is something to do. Only for tests. */
  async kill(): Promise<void> {
    await this.#worker?.terminate()
  }

  /** Ends a rest, and takes none from now on: the store is closing, and what waits should become what it becomes. */
  hurry(): void {
    this.#hurried = true
    this.#wake()
  }

  /** Sends a last message, waits until it is answered and ends the worker. Never rejects. */
  async close(message: M): Promise<void> {
    this.hurry()
    await this.call(message).catch(() => {})
    const worker = this.#worker
    this.#worker = undefined
    await worker?.terminate()
  }

  #go(): void {
    if (this.#current !== undefined || this.#resting !== undefined) return
    this.#current = this.#queue.shift()
    if (this.#current === undefined) return
    try {
      this.#worker ??= this.#start()
      this.#worker.postMessage(this.#current.message)
      this.#current.message = undefined
    } catch (error) {
      const why = error instanceof Error ? error.message : String(error)
      this.#current.reject(
        new StorageError(`The storage ${this.#options.name} could not be asked: ${why}.`, { cause: error }),
      )
      this.#current = undefined
      this.#go()
    }
  }

  #start(): Worker {
    const { name, data } = this.#options
    // Sources end in .ts, the built package in .js; nothing rewrites a worker's URL.
    const extension = import.meta.url.slice(import.meta.url.lastIndexOf('.'))
    const worker = new Worker(new URL(`./sqlite-${name}${extension}`, import.meta.url), {
      workerData: data,
      name: `storage ${name}`,
    })
    let reason = 'it was ended'
    worker.on('message', (reply: Reply) => this.#answered(reply))
    worker.on('error', error => {
      reason = error instanceof Error ? error.message : String(error)
    })
    worker.on('exit', () => {
      if (this.#worker === worker) this.#died(reason)
    })
    return worker
  }

  #answered(reply: Reply): void {
    const call = this.#current
    this.#current = undefined
    this.#deaths = 0
    if ('refused' in reply) call?.reject(new StorageError(reply.refused, { uncertain: reply.uncertain }))
    else call?.resolve(reply.answer)
    this.#go()
  }

  #died(reason: string): void {
    this.#worker = undefined
    const call = this.#current
    this.#current = undefined
    if (!this.#hurried) {
      const rest = Math.min(firstRest * 2 ** this.#deaths++, longestRest)
      this.#resting = this.#options.timers.after(rest, () => this.#wake())
    }
    this.#options.died(reason)
    call?.reject(
      new StorageError(`The storage ${this.#options.name} died (${reason}) and is started again.`, { uncertain: true }),
    )
    this.#go()
  }

  #wake(): void {
    this.#options.timers.cancel(this.#resting)
    this.#resting = undefined
    this.#go()
  }
}
