import { relative } from 'node:path'
import type { Answer, Argument } from '../server/command.ts'

/**
 * How the command line talks to a running server: JSON lines over a UNIX socket in the data directory. The server
 * speaks first (`Hello`); requests are answered in any order, by their number.
 */
export const controlVersion = 1

/** Bytes of one request. */
export const requestLimit = 1024 * 1024
/** Bytes of one answer: lists of many users are long. */
export const answerLimit = 64 * 1024 * 1024
/** Requests of one connection at work at once; the next wait in the socket. */
export const requestsAtOnce = 64

export interface Hello {
  /** The version of the protocol. */
  readonly jackdaw: number
  /** The program's version. */
  readonly version: string
  readonly pid: number
}

export type CommandValues = Readonly<Record<string, string | number | boolean | undefined>>

export type Request = { readonly id: number } & (
  | { readonly ask: 'commands' }
  | { readonly ask: 'run'; readonly words: readonly string[]; readonly values: CommandValues }
)

/** A command without what it does: what the command line needs to know to ask for it. */
export interface CommandShape {
  readonly words: readonly string[]
  readonly manual: string
  readonly arguments: readonly Argument[]
  /** The server starts again behind its answer. */
  readonly comesBack?: boolean
  /** Done by the command line itself; no server needs to run. */
  readonly local?: boolean
}

export type Reply =
  | { readonly id: number; readonly commands: readonly CommandShape[] }
  | { readonly id: number; readonly answer: Answer }
  /** A sentence that says why not, and what to do. */
  | { readonly id: number; readonly refused: string }
  /** The connection ends: what came was no request. */
  | { readonly failed: string }

/** sockaddr_un has 108 bytes on Linux and 104 elsewhere, the last one 0. */
const longestPath = 103

/**
 * The path of the control socket of a data directory: from the process's own folder where the whole one is longer than
 * the kernel takes. Throws an Error for the operator where that is too long as well.
 */
export function controlPath(folder: string, cwd = process.cwd()): string {
  const whole = `${folder}/control.sock`
  if (Buffer.byteLength(whole) <= longestPath) return whole
  const short = relative(cwd, whole)
  if (Buffer.byteLength(short) <= longestPath) return short
  throw new Error(
    `the path of the data directory is too long for a UNIX socket: ${folder}; choose one of less than 90 bytes`,
  )
}

/** Cuts a stream of bytes into lines; a line over `limit` bytes is thrown as an Error. */
export class LineCutter {
  readonly #limit: number
  #pieces: Buffer[] = []
  #bytes = 0

  constructor(limit: number) {
    this.#limit = limit
  }

  /** The lines that end in this chunk. */
  *push(chunk: Buffer): Generator<string> {
    let start = 0
    for (let end = chunk.indexOf(10); end >= 0; end = chunk.indexOf(10, start)) {
      this.#keep(chunk.subarray(start, end))
      start = end + 1
      yield this.rest()
    }
    this.#keep(chunk.subarray(start))
  }

  /** What came behind the last end of a line. */
  rest(): string {
    const line = Buffer.concat(this.#pieces).toString('utf8')
    this.#pieces = []
    this.#bytes = 0
    return line.endsWith('\r') ? line.slice(0, -1) : line
  }

  #keep(piece: Buffer): void {
    this.#bytes += piece.length
    if (this.#bytes > this.#limit) throw new Error(`a line is longer than ${this.#limit} bytes`)
    if (piece.length > 0) this.#pieces.push(piece)
  }
}
