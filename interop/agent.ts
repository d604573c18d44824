import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { endWithUs, until } from '../bench/peers/process.ts'

/** What an agent tells: one line of JSON on its standard output, named by `event`. */
export interface Told {
  readonly event: string
}

/** A program that drives one client: orders are lines of JSON on its standard input, events are lines on its output. */
export class Agent<Order, Event extends Told> {
  readonly name: string
  readonly #child: ChildProcess
  readonly #take: (event: Event) => void
  #errors = ''
  #ended = false

  /** `take` is told each event when it comes. */
  constructor(
    name: string,
    command: readonly [string, ...string[]],
    env: NodeJS.ProcessEnv,
    take: (event: Event) => void,
  ) {
    this.name = name
    this.#take = take
    const [program, ...args] = command
    this.#child = spawn(program, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr!.on('data', chunk => (this.#errors += chunk))
    this.#child.stdin!.on('error', () => {})
    const gone = endWithUs(this.#child.pid)
    this.#child.on('close', () => {
      gone()
      this.#ended = true
    })
    this.#child.on('error', error => {
      this.#errors += error.message
      this.#ended = true
    })
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#line(line))
  }

  #line(line: string): void {
    try {
      this.#take(JSON.parse(line) as Event)
    } catch (error) {
      this.#errors += `\n${line}: ${(error as Error).message}`
    }
  }

  /** What its process said last, where it has ended by itself. */
  get fault(): string | undefined {
    return this.#ended ? this.#errors.slice(-800) || 'it ended' : undefined
  }

  order(order: Order): void {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`)
  }

  /** Waits until `find` finds something; `seen` tells what there is instead. */
  async until<T>(what: string, find: () => T | undefined, seen: () => unknown, seconds = 10): Promise<T> {
    try {
      return await until(`${this.name}: ${what}`, seconds, () => {
        const found = find()
        if (found === undefined && this.#ended) throw new Error(`${this.name} ended`)
        return found
      })
    } catch (error) {
      const errors = this.#errors.slice(-800)
      throw new Error(`${(error as Error).message}; it saw ${JSON.stringify(seen())} ${errors}`.trim())
    }
  }

  /** Ends the process. */
  async end(): Promise<void> {
    if (this.#ended) return
    this.#child.stdin!.end()
    this.#child.kill('SIGKILL')
    await until(`${this.name} gone`, 5, () => this.#ended)
  }
}
