import { type Jackdaw, type JackdawOptions, startJackdaw } from '../bench/peers/jackdaw.ts'

/** The option that all programs here have in common, for `parseArgs`. */
export const serverOptions = { workers: { type: 'string' } } as const

let workers: number | undefined

/** Takes what `serverOptions` found; throws a sentence where it is not a number of threads. */
export function chooseServer(values: { readonly workers?: string | undefined }): void {
  if (values.workers === undefined) return
  workers = Number(values.workers)
  if (!(Number.isSafeInteger(workers) && workers >= 1)) throw new Error('--workers is a whole number from 1 on')
}

/** Starts our server with as many threads for connections as were chosen. */
export function startServer(options: JackdawOptions): Promise<Jackdaw> {
  return startJackdaw(workers === undefined ? options : { ...options, workers })
}
