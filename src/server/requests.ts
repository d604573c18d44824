import type { Timer, Timers } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import type { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'

interface Waiting {
  readonly from: string
  readonly to: string
  readonly answered: (payload: Element | undefined) => void
  readonly failed: (error: StanzaError) => void
  readonly timer: Timer
}

/** Requests that the server itself makes. An answer counts only when id, sender and addressee all match. */
export class Requests {
  readonly #waiting = new Map<string, Waiting>()
  readonly #timers: Timers
  readonly #id: () => string

  constructor(timers: Timers, id: () => string) {
    this.#timers = timers
    this.#id = id
  }

  /**
   * Makes the IQ and waits for its answer: the payload of the result, or undefined for an empty one. Rejects with the
   * StanzaError of the answer, or `remote-server-timeout` after so many milliseconds. `send` is handed the stanza.
   */
  make(
    type: 'get' | 'set',
    from: Jid,
    to: Jid,
    payload: Element,
    milliseconds: number,
    send: (stanza: Element) => void,
  ): Promise<Element | undefined> {
    const id = this.#id()
    return new Promise((answered, failed) => {
      const timer = this.#timers.after(milliseconds, () => {
        this.#waiting.delete(id)
        failed(new StanzaError('remote-server-timeout'))
      })
      this.#waiting.set(id, { from: from.full, to: to.full, answered, failed, timer })
      send(new Element('iq', ns.client, ['from', from.full, 'to', to.full, 'type', type, 'id', id], [payload]))
    })
  }

  /** Takes an IQ result or error that answers a request of ours; false where it answers none. */
  take(stanza: Element, from: Jid, to: Jid | undefined): boolean {
    const id = stanza.attribute('id')
    const waiting = id === undefined ? undefined : this.#waiting.get(id)
    // A client may leave out `to` where the request came from its own account (RFC 6120 §10.3.3).
    const fits = waiting !== undefined && waiting.to === from.full && (to?.full ?? from.bare.full) === waiting.from
    if (!fits) return false
    this.#waiting.delete(id!)
    this.#timers.cancel(waiting.timer)
    if (stanza.attribute('type') === 'error') waiting.failed(StanzaError.from(stanza))
    else waiting.answered(stanza.elements[0])
    return true
  }

  /** Fails what waits for somebody who is gone. */
  gone(from: Jid): void {
    for (const [id, waiting] of this.#waiting) {
      if (waiting.to !== from.full) continue
      this.#waiting.delete(id)
      this.#timers.cancel(waiting.timer)
      waiting.failed(new StanzaError('recipient-unavailable'))
    }
  }
}
