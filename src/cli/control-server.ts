import { unlinkSync } from 'node:fs'
import { createServer, type Socket } from 'node:net'
import type { Answer, Command } from '../server/command.ts'
import type { Log } from '../server/log.ts'
import { StanzaError } from '../wire/errors.ts'
import { checkValues } from './arguments.ts'
import type { CommandShape, Reply, Request } from './control.ts'
import { controlVersion, LineCutter, requestLimit, requestsAtOnce } from './control.ts'
import { faultText, isBug } from './faults.ts'

export interface ControlOptions {
  /** See `controlPath`; a socket file that is left there is taken over, so hold the lock of the data directory. */
  readonly path: string
  readonly version: string
  readonly commands: readonly Command[]
  readonly log: Log
}

/** The server's end of the control socket. */
export interface ControlServer {
  /** Takes no more connections; those that are there stay until their requests are answered. */
  close(): void
  /** Resolves when everybody who asked has been answered, or is gone; then lets go of the connections. */
  finish(): Promise<void>
}

/** Listens for the command line; only this user can connect (mode 0600). Rejects where the socket cannot be made. */
export async function serveControl(options: ControlOptions): Promise<ControlServer> {
  const byWords = new Map(options.commands.map(command => [command.words.join(' '), command]))
  if (byWords.size !== options.commands.length) throw new Error('two commands have the same words')
  const connections = new Set<Connection>()
  const server = createServer(socket => {
    const connection = new Connection(socket, byWords, options)
    connections.add(connection)
    socket.once('close', () => connections.delete(connection))
  })
  server.maxConnections = 100
  try {
    unlinkSync(options.path)
  } catch (error) {
    if (!(error instanceof Error && 'code' in error && error.code === 'ENOENT')) throw error
  }
  await new Promise<void>((resolve, reject) => {
    server.once('error', reject)
    // The socket is bound inside this call: at no moment can anybody else open it.
    const mask = process.umask(0o177)
    server.listen(options.path, resolve)
    process.umask(mask)
  })
  server.on('error', error => options.log('error', 'the control socket failed', { reason: error.message }))
  return {
    close: () => void server.close(),
    finish: async () => {
      await Promise.all([...connections].map(connection => connection.finish()))
    },
  }
}

/** One command line that is connected. */
class Connection {
  readonly #socket: Socket
  readonly #commands: ReadonlyMap<string, Command>
  readonly #options: ControlOptions
  readonly #lines = new LineCutter(requestLimit)
  readonly #waiting: string[] = []
  #atWork = 0
  #idle: (() => void) | undefined

  constructor(socket: Socket, commands: ReadonlyMap<string, Command>, options: ControlOptions) {
    this.#socket = socket
    this.#commands = commands
    this.#options = options
    socket.on('data', chunk => this.#read(chunk))
    socket.on('error', error => options.log('debug', 'a control connection broke', { reason: error.message }))
    this.#write({ jackdaw: controlVersion, version: options.version, pid: process.pid })
  }

  async finish(): Promise<void> {
    if (this.#atWork > 0) await new Promise<void>(resolve => (this.#idle = resolve))
    if (!this.#socket.closed) {
      await new Promise<void>(resolve => {
        this.#socket.once('close', () => resolve())
        this.#socket.end(() => this.#socket.destroy())
      })
    }
  }

  #read(chunk: Buffer): void {
    try {
      this.#waiting.push(...this.#lines.push(chunk))
      this.#work()
    } catch (error) {
      this.#fail(error instanceof Error ? error.message : String(error))
    }
  }

  #work(): void {
    while (this.#atWork < requestsAtOnce && this.#waiting.length > 0) this.#take(this.#waiting.shift()!)
    if (this.#waiting.length > 0) this.#socket.pause()
    else this.#socket.resume()
  }

  #take(line: string): void {
    const request = parseRequest(line)
    if (request === undefined) this.#fail('that was no request of this version')
    else if (request.ask === 'commands')
      this.#write({ id: request.id, commands: [...this.#commands.values()].map(shapeOf) })
    else void this.#answer(request.id, this.#run(request.words, request.values))
  }

  async #answer(id: number, outcome: Promise<object>): Promise<void> {
    this.#atWork++
    this.#write({ id, ...(await outcome) })
    this.#atWork--
    if (this.#atWork === 0) this.#idle?.()
    this.#work()
  }

  async #run(words: readonly string[], values: unknown): Promise<{ answer: Answer } | { refused: string }> {
    const command = this.#commands.get(words.join(' '))
    if (!command) return { refused: `this server has no command "${words.join(' ')}"` }
    try {
      return { answer: await command.run(checkValues(command, values)) }
    } catch (error) {
      if (!isBug(error)) return { refused: sentenceOf(error as Error) }
      this.#options.log('error', 'a command failed', { command: words.join(' '), reason: faultText(error) })
      return { refused: 'the command failed because of a mistake in the server; its log says more' }
    }
  }

  #fail(reason: string): void {
    this.#waiting.length = 0
    this.#write({ failed: reason })
    this.#socket.end(() => this.#socket.destroy())
  }

  #write(message: Reply | object): void {
    if (this.#socket.writable) this.#socket.write(`${JSON.stringify(message)}\n`)
  }
}

function shapeOf({ words, manual, arguments: all, comesBack }: Command): CommandShape {
  return { words, manual, arguments: all, ...(comesBack && { comesBack }) }
}

function sentenceOf(error: Error): string {
  return error instanceof StanzaError ? (error.text ?? error.message) : error.message
}

function parseRequest(line: string): Request | undefined {
  try {
    const value = JSON.parse(line) as Partial<Record<'id' | 'ask' | 'words' | 'values', unknown>> | null
    if (typeof value !== 'object' || value === null || typeof value.id !== 'number') return undefined
    if (value.ask === 'commands') return value as Request
    const isRun =
      value.ask === 'run' && Array.isArray(value.words) && value.words.every(word => typeof word === 'string')
    return isRun ? (value as Request) : undefined
  } catch {
    return undefined
  }
}
