import { parentPort } from 'node:worker_threads'
import type { StorageError } from './storage.ts'

/** What a worker says to one message: the answer, or why there is none. */
export type Reply<A = unknown> = { readonly answer: A } | Refusal

/** A StorageError as it crosses between threads. */
export interface Refusal {
  readonly refused: string
  readonly uncertain: boolean
}

/** Answers every message to this worker, one after the other. What `answer` throws is read by `refuse`. */
export function serve<M>(answer: (message: M) => unknown, refuse: (thrown: unknown) => StorageError): void {
  if (parentPort === null) throw new Error('This file runs in a worker.')
  const port = parentPort
  port.on('message', (message: M) => port.postMessage(reply(message)))

  function reply(message: M): Reply {
    try {
      return { answer: answer(message) }
    } catch (thrown) {
      return refusal(refuse(thrown))
    }
  }
}

/** An error made ready to cross between threads. */
export function refusal({ message, uncertain }: StorageError): Refusal {
  return { refused: message, uncertain }
}
