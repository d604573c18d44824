import type { Envelope } from '../../server/envelope.ts'
import type { Jid } from '../../wire/jid.ts'
import type { Way } from './eligible.ts'

/** Messages of one account that are remembered, and the longest id among them. */
const remembered = 100
const longestId = 256

/**
 * What was lately eligible in one account: an error is copied where it answers such a message (XEP-0280 §6.1). What the
 * error holds does not tell, for it need not repeat the message (§10.3).
 */
export class Recent {
  readonly #messages = new Set<string>()

  add(e: Envelope, way: Way): void {
    const { id } = e
    if (id === undefined || id.length > longestId) return
    const name = nameOf(way, other(e, way), id)
    // One that is there already counts as new.
    this.#messages.delete(name)
    this.#messages.add(name)
    if (this.#messages.size > remembered) this.#messages.delete(this.#messages.values().next().value!)
  }

  /** Whether an error going this way answers one of them, which went the other way. */
  isAnsweredBy(error: Envelope, way: Way): boolean {
    const { id } = error
    if (id === undefined) return false
    return this.#messages.has(nameOf(way === 'sent' ? 'received' : 'sent', other(error, way), id))
  }
}

function other({ from, to }: Envelope, way: Way): Jid {
  return way === 'sent' ? to! : from
}

/** What was sent to a bare JID may be answered by any resource. */
function nameOf(way: Way, { bare }: Jid, id: string): string {
  return `${way} ${bare.full} ${id}`
}
