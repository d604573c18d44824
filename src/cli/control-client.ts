import { createConnection, type Socket } from 'node:net'
import type { Answer } from '../server/command.ts'
import type { CommandShape, CommandValues, Hello, Reply } from './control.ts'
import { answerLimit, controlVersion, LineCutter } from './control.ts'

/** The server refuses a command; the message says why. */
export class Refused extends Error {
  override readonly name = 'Refused'
}

/** A connection to a running server. */
export interface ControlClient {
  readonly hello: Hello
  commands(): Promise<readonly CommandShape[]>
  /** Rejects with `Refused` where the server says no. */
  run(words: readonly string[], values: CommandValues): Promise<Answer>
  close(): void
  [Symbol.dispose](): void
}

/** Connects to the server of this socket; undefined where none is running. Rejects with an Error for the operator. */
export async function connectControl(path: string): Promise<ControlClient | undefined> {
  const socket = createConnection(path)
  try {
    await new Promise<void>((resolve, reject) => socket.once('connect', resolve).once('error', reject))
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? error.code : undefined
    if (code === 'ENOENT' || code === 'ECONNREFUSED' || code === 'ENOTDIR') return undefined
    if (code === 'EACCES')
      throw new Error(`this user may not talk to the server at ${path}; ask as the one who started it`)
    throw error
  }
  const client = new Client(socket)
  await client.greeted()
  return client
}

type Waiting = { resolve(reply: Reply): void; reject(error: Error): void }

class Client implements ControlClient {
  hello!: Hello
  readonly #socket: Socket
  readonly #lines = new LineCutter(answerLimit)
  readonly #waiting = new Map<number, Waiting>()
  #greeting: Waiting | undefined
  #next = 1
  #ended: Error | undefined

  constructor(socket: Socket) {
    this.#socket = socket
    socket.on('data', chunk => this.#read(chunk))
    const gone = () => this.#end(new Error('the server went away before it answered'))
    socket.on('error', gone)
    socket.on('close', gone)
  }

  greeted(): Promise<void> {
    this.#socket.setTimeout(10_000, () => this.#end(new Error('the server does not answer on its control socket')))
    return new Promise<void>((resolve, reject) => {
      this.#greeting = { resolve: () => resolve(), reject }
      if (this.#ended) reject(this.#ended)
    })
  }

  async commands(): Promise<readonly CommandShape[]> {
    const reply = await this.#ask({ ask: 'commands' })
    return 'commands' in reply ? reply.commands : []
  }

  async run(words: readonly string[], values: CommandValues): Promise<Answer> {
    const reply = await this.#ask({ ask: 'run', words, values })
    if ('refused' in reply) throw new Refused(reply.refused)
    return 'answer' in reply ? reply.answer : {}
  }

  close(): void {
    this.#socket.destroy()
  }

  [Symbol.dispose](): void {
    this.close()
  }

  #ask(request: object): Promise<Reply> {
    if (this.#ended) return Promise.reject(this.#ended)
    const id = this.#next++
    return new Promise((resolve, reject) => {
      this.#waiting.set(id, { resolve, reject })
      this.#socket.write(`${JSON.stringify({ id, ...request })}\n`)
    })
  }

  #read(chunk: Buffer): void {
    try {
      for (const line of this.#lines.push(chunk)) this.#take(JSON.parse(line) as Reply | Hello)
    } catch (error) {
      this.#end(error instanceof Error ? error : new Error(String(error)))
    }
  }

  #take(message: Reply | Hello): void {
    if ('jackdaw' in message) {
      this.hello = message
      this.#socket.setTimeout(0)
      if (message.jackdaw === controlVersion) this.#greeting?.resolve({ failed: '' })
      else this.#end(new Error(`the running server is jackdaw ${message.version}; use the jackdaw that started it`))
    } else if ('failed' in message) {
      this.#end(new Error(message.failed))
    } else {
      this.#waiting.get(message.id)?.resolve(message)
      this.#waiting.delete(message.id)
    }
  }

  #end(reason: Error): void {
    this.#ended ??= reason
    this.#greeting?.reject(reason)
    for (const waiting of this.#waiting.values()) waiting.reject(reason)
    this.#waiting.clear()
    this.#socket.destroy()
  }
}
