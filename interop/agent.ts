import { type ChildProcess, spawn } from 'node:child_process'
import { createInterface } from 'node:readline'
import { until } from '../bench/peers/process.ts'

/** What a client under test is told to do: one line of JSON on its standard input. */
export type Order =
  | {
      readonly do: 'connect'
      /** Bare JID. */
      readonly jid: string
      readonly password: string
      readonly address: string
      readonly port: number
      readonly carrier: 'STARTTLS' | 'direct TLS'
      /** File with the certificate to trust, PEM. */
      readonly authority: string
    }
  | { readonly do: 'subscribe' | 'subscribed'; readonly to: string }
  | { readonly do: 'say'; readonly to: string; readonly body: string }
  | { readonly do: 'leave' }

/** What it tells: one line of JSON on its standard output. */
export type Event =
  | { readonly event: 'online'; readonly jid: string; readonly mechanism: string; readonly tls: string | null }
  | { readonly event: 'refused'; readonly why: string }
  | { readonly event: 'offline' }
  | Presence
  /** `delay` is the stamp of XEP-0203, null where there is none. */
  | { readonly event: 'message'; readonly from: string; readonly body: string; readonly delay: string | null }

interface Presence {
  readonly event: 'subscribe' | 'subscribed' | 'available' | 'unavailable'
  readonly from: string
}

type Seen<E extends Event['event']> = E extends Presence['event'] ? Presence : Extract<Event, { event: E }>

/** A real client in a process of its own, driven by orders and events. */
export class Agent {
  readonly name: string
  readonly #child: ChildProcess
  readonly #events: Event[] = []
  #errors = ''
  #ended = false

  constructor(name: string, command: string, args: readonly string[], env: NodeJS.ProcessEnv) {
    this.name = name
    this.#child = spawn(command, args, { env: { ...process.env, ...env }, stdio: ['pipe', 'pipe', 'pipe'] })
    this.#child.stderr!.on('data', chunk => (this.#errors += chunk))
    this.#child.stdin!.on('error', () => {})
    this.#child.on('close', () => (this.#ended = true))
    this.#child.on('error', error => {
      this.#errors += error.message
      this.#ended = true
    })
    createInterface({ input: this.#child.stdout! }).on('line', line => this.#events.push(JSON.parse(line) as Event))
  }

  order(order: Order): void {
    this.#child.stdin!.write(`${JSON.stringify(order)}\n`)
  }

  /** Takes the first event that fits out of what has come or comes within `seconds`. */
  async expect<E extends Event['event']>(
    event: E,
    fits: (found: Seen<E>) => boolean = () => true,
    seconds = 10,
  ): Promise<Seen<E>> {
    const find = () => {
      const at = this.#events.findIndex(one => one.event === event && fits(one as Seen<E>))
      if (at >= 0) return this.#events.splice(at, 1)[0] as Seen<E>
      if (this.#ended) throw new Error(`${this.name} ended: ${this.#errors.slice(-800)}`)
      return undefined
    }
    try {
      return await until(`${this.name} sees "${event}"`, seconds, find)
    } catch (error) {
      const seen = this.#events.map(one => JSON.stringify(one)).join(' ')
      throw new Error(`${(error as Error).message}; it saw: ${seen || 'nothing'} ${this.#errors.slice(-800)}`.trim())
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
