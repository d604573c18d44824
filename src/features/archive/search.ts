import type { Host } from '../../server/host.ts'
import type { LogEntry, Owner } from '../../server/owner.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { messageWords } from './words.ts'

/** Messages that are indexed in one commit, and characters of XML after which it ends before. */
const slice = 100
const longest = 128 * 1024
/** Milliseconds that a query waits for its index, a little less than clients wait for an answer. */
const patience = 20_000

/**
 * Makes archives ready to be searched. Only what is searched is indexed, and only when it is: a message costs nothing when it
 * is archived, and those who never search have no index. Slices of all archives are indexed one after the other, so that
 * what everybody else writes waits for one slice at most.
 */
export class Search {
  readonly #host: Host
  #last: Promise<unknown> = Promise.resolve()

  constructor(host: Host) {
    this.#host = host
  }

  /**
   * Indexes what is not yet, the account's own last message with it. Rejects with StanzaError `resource-constraint` where that
   * takes too long: what was done is kept, and whoever asks again goes on from there. Rejects with StorageError.
   */
  async ready(owner: Owner): Promise<void> {
    const begun = this.#host.shared.now()
    while (!(await this.#inTurn(owner))) {
      if (this.#host.shared.now() - begun < patience) continue
      throw new StanzaError('resource-constraint', { text: 'The archive is long and is being made ready: ask again.' })
    }
  }

  #inTurn(owner: Owner): Promise<boolean> {
    const done = this.#last.then(() => this.#slice(owner))
    this.#last = done.catch(() => {})
    return done
  }

  /** Whether there is nothing left. */
  async #slice(owner: Owner): Promise<boolean> {
    const { storage } = this.#host.shared.keeping
    const after = await storage.indexed(owner.id)
    const entries = await owner.entries({ after, archived: true, limit: slice })
    const indexed = []
    let length = 0
    let to = after
    for (const entry of entries) {
      const words = this.#wordsOf(owner, entry)
      if (words.size > 0) indexed.push({ id: entry.id, words: [...words] })
      to = entry.id
      length += entry.xml.length
      if (length > longest) break
    }
    if (to > after) await storage.index(owner.id, to, indexed)
    return entries.length < slice && (entries.at(-1)?.id ?? after) === to
  }

  #wordsOf(owner: Owner, entry: LogEntry): ReadonlySet<string> {
    try {
      return messageWords(entry.xml)
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      // One that cannot be read must not keep back all others.
      const facts = { account: owner.address.full, entry: entry.id, reason: error.message }
      this.#host.shared.log('error', 'an entry of the log cannot be read', facts)
      return new Set()
    }
  }
}
