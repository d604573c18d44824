import { createInterface } from 'node:readline'
import type { Readable } from 'node:stream'
import { Writable } from 'node:stream'
import { LineCutter } from './control.ts'
import type { Output } from './terminal.ts'

/** Standard input; `isTTY` tells whether a person types. */
export type Input = Readable & { readonly isTTY?: boolean }

/** Bytes of one line of standard input. */
const lineLimit = 64 * 1024
/** Bytes of all of standard input, where it is one value. */
const wholeLimit = 512 * 1024

/**
 * A secret: typed twice without echo on a terminal, else the first line of standard input. Rejects with a sentence
 * where nothing comes, or the two differ.
 */
export async function readSecret(name: string, input: Input, prompts: Output): Promise<string> {
  if (!input.isTTY) {
    for await (const line of readLines(input)) return nonEmpty(line, name)
    throw new Error(`there is no ${name} on standard input`)
  }
  const hidden = hiddenLines(input, prompts)
  try {
    const first = nonEmpty(await hidden.ask(`${name}: `), name)
    if (first === (await hidden.ask(`${name} again: `))) return first
    throw new Error('the two differ; nothing was changed')
  } finally {
    hidden.close()
  }
}

/** All of standard input, up to Ctrl-D on a terminal. Rejects with a sentence where it is too much. */
export async function readWhole(name: string, input: Input, prompts: Output): Promise<string> {
  if (input.isTTY) prompts.write(`${name}, then Ctrl-D on a line of its own:\n`)
  const chunks: Buffer[] = []
  let bytes = 0
  for await (const chunk of input) {
    const piece = Buffer.from(chunk)
    bytes += piece.length
    if (bytes > wholeLimit) throw new Error(`the ${name} is longer than ${wholeLimit} bytes`)
    chunks.push(piece)
  }
  return Buffer.concat(chunks).toString('utf8')
}

/** Asks one thing after the other, each answered by a line. `ask` rejects where no more comes. */
export function questions(input: Input, output: Output): { ask(question: string): Promise<string>; close(): void } {
  const lines = readLines(input)
  return {
    async ask(question) {
      output.write(question)
      const line = await lines.next()
      if (line.done) throw new Error('called off; nothing was changed')
      return line.value.trim()
    },
    close: () => void lines.return(undefined),
  }
}

/** The lines of standard input, without their ends; a last one without an end counts. */
export async function* readLines(input: Input): AsyncGenerator<string> {
  const cutter = new LineCutter(lineLimit)
  for await (const chunk of input) yield* cutter.push(Buffer.from(chunk))
  const rest = cutter.rest()
  if (rest !== '') yield rest
}

/** Asks on a terminal without showing what is typed. `ask` rejects when it is called off with Ctrl-C or Ctrl-D. */
function hiddenLines(input: Input, prompts: Output): { ask(prompt: string): Promise<string>; close(): void } {
  const silent = new Writable({ write: (_chunk, _encoding, done) => done() })
  const reader = createInterface({ input, output: silent, terminal: true, historySize: 0 })
  reader.once('SIGINT', () => reader.close())
  const lines = reader[Symbol.asyncIterator]()
  return {
    async ask(prompt) {
      prompts.write(prompt)
      const line = await lines.next()
      prompts.write('\n')
      if (line.done) throw new Error('called off; nothing was changed')
      return line.value
    },
    close: () => reader.close(),
  }
}

function nonEmpty(secret: string, name: string): string {
  if (secret === '') throw new Error(`the ${name} is empty`)
  return secret
}
