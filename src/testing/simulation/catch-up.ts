import type { Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'
import type { Counts } from './counts.ts'
import type { Brought } from './stanzas.ts'
import { archiveEnd, archiveQuery } from './stanzas.ts'

/** What catching up needs of a device. */
interface Catching {
  /** Whether copies of all conversations come. */
  readonly copied: boolean
  readonly counts: Counts
  /** Sends an IQ, if there is a session. */
  request(type: 'get' | 'set', content: string, answered: (iq: Element) => void): string | undefined
  /** A while later, if the session is still this one. */
  inSession(act: () => void): void
}

/** How a client gets, page by page, what the archive has behind what it has (XEP-0313 §4). */
export class CatchUp {
  readonly #device: Catching
  /** The archive's id up to which nothing is missing here. */
  #synced: string | undefined
  #asking = false
  #done = false

  constructor(device: Catching) {
    this.#device = device
  }

  /** Whether a page is on its way. */
  get asking(): boolean {
    return this.#asking
  }

  /** Asks for the next page, unless one is on its way. */
  readonly start = (): void => {
    if (this.#asking) return
    const id = this.#device.request('set', archiveQuery('q', this.#synced, 5), iq => this.#page(iq))
    this.#asking = id !== undefined
  }

  /** A message came in another way: it is all there is only where copies of everything come, and nothing older is missing. */
  came({ way, id }: Brought): void {
    const live = way === 'live' || way === 'carbon'
    if (live && this.#device.copied && this.#done && id !== undefined) this.#synced = id
  }

  /** The session is over: what came behind what is here is not known. */
  stop(): void {
    this.#asking = this.#done = false
  }

  #page(iq: Element): void {
    this.#asking = false
    const end = archiveEnd(iq)
    if (end === undefined) {
      // The archive cannot be read now, or has forgotten what was known here.
      if (iq.child('error')?.child('item-not-found', ns.stanzas)) this.#synced = undefined
      this.#device.inSession(this.start)
      return
    }
    this.#device.counts.add('archive pages')
    this.#synced = end.last ?? this.#synced
    this.#done = end.complete
    if (!end.complete) this.start()
  }
}
