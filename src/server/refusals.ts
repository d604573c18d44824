import type { StanzaError } from '../wire/errors.ts'
import type { Envelope } from './envelope.ts'
import type { Log } from './log.ts'
import type { Rations } from './rations.ts'
import { refusalOf } from './refusal.ts'

/** Characters of a fact that somebody else has chosen: addresses may have 3,071. */
const factLength = 200

/** Takes notice of everything that is refused on the road: a line each in the log, never with its content. */
export class Refusals {
  readonly #log: Log
  readonly #rations: Rations
  readonly #reference: () => string
  /** Who wants to know what becomes of a stanza that the server sends for somebody, by its id. */
  readonly #watching = new Map<string, (error: StanzaError) => void>()

  constructor(log: Log, rations: Rations, reference: () => string) {
    this.#log = log
    this.#rations = rations
    this.#reference = reference
  }

  /** What a thrown thing says to the sender of this stanza, after it has been noted. */
  note(e: Envelope, thrown: unknown): StanzaError {
    let reference: string | undefined
    const error = refusalOf(thrown, () => (reference ??= this.#reference()))
    if (reference !== undefined) this.#fault(e, thrown, reference)
    else if (this.#rations.grants('info', 'stanza refused', e.from.bare.full)) {
      this.#log('info', 'stanza refused', { ...factsOf(e), condition: error.condition })
    }
    if (this.#watching.size > 0) this.#watching.get(e.id ?? '')?.(error)
    return error
  }

  /** Tells the refusals of the stanza with this id, until what is returned is called. */
  watch(id: string, refused: (error: StanzaError) => void): () => void {
    this.#watching.set(id, refused)
    return () => this.#watching.delete(id)
  }

  #fault(e: Envelope, thrown: unknown, reference: string): void {
    const sentence = 'fault while handling a stanza'
    if (!this.#rations.grants('error', sentence, e.from.bare.full)) return
    const fault = thrown instanceof Error ? thrown.stack : String(thrown)
    this.#log('error', sentence, { reference, ...factsOf(e), fault })
  }
}

/** The id is what the line and the error that the client got have in common. */
function factsOf({ id, kind, type, from, to }: Envelope): Record<string, string | undefined> {
  return { id: short(id), kind, type: short(type), from: short(from.full), to: short(to?.full) }
}

function short(text: string | undefined): string | undefined {
  return text === undefined || text.length <= factLength ? text : `${text.slice(0, factLength)}…`
}
