import type { client, Xml } from '@xmpp/client'
import type { StanzaEvent } from '../stanza-client.ts'

const sm = 'urn:xmpp:sm:3'

/**
 * What an application on `@xmpp/client` does for its messages: keeps each that has an id until the server has
 * acknowledged it, and sends it again where the package gave it up because its session was over.
 */
export class Keeper {
  readonly #xmpp: ReturnType<typeof client>
  readonly #tell: (event: StanzaEvent) => void
  readonly #kept: Xml[] = []
  #isReady = false
  /** Writes one after the other: each waits for the socket. */
  #writes: Promise<unknown> = Promise.resolve()

  constructor(xmpp: ReturnType<typeof client>, tell: (event: StanzaEvent) => void) {
    this.#xmpp = xmpp
    this.#tell = tell
    const { streamManagement } = xmpp
    streamManagement.on('ack', stanza => this.#acknowledged(stanza))
    // Stanzas of a session that is over, the oldest first. XEP-0198 §5: the server may have said how many it has.
    let known = 0
    let managed = false
    xmpp.on('element', element => {
      if (element.name === 'stream:features') managed = element.getChild('sm', sm) !== undefined
      // What is sent between `online` and this one is not counted. With SASL2 and Bind 2 nothing is between.
      if (element.name === 'enabled') setImmediate(() => this.#ready(this.#kept))
      const failed = element.name === 'success' ? element.getChild('failed', sm) : element
      if (failed?.name !== 'failed') return
      const h = failed.attrs['h']
      known = h === undefined ? 0 : Number(h) - streamManagement.outbound
      tell({ event: 'not-resumed', h: h === undefined ? null : Number(h) })
    })
    streamManagement.on('fail', stanza => {
      if (known-- > 0) this.#acknowledged(stanza)
    })
    xmpp.on('online', () => {
      if (!managed) this.#ready(this.#kept)
    })
    xmpp.on('disconnect', () => {
      this.#isReady = false
    })
    streamManagement.on('resumed', () => {
      tell({ event: 'resumed' })
      // It has sent its own queue again; what was handed over while there was no connection is not in it.
      const queued = new Set(streamManagement.outbound_q.map(one => one.stanza))
      this.#ready(this.#kept.filter(stanza => !queued.has(stanza)))
    })
  }

  #ready(again: readonly Xml[]): void {
    this.#isReady = true
    for (const stanza of again) this.#write(stanza)
  }

  send(stanza: Xml): void {
    const kept = stanza.name === 'message' && stanza.attrs['id'] !== undefined
    if (kept) this.#kept.push(stanza)
    if (!kept || this.#isReady) this.#write(stanza)
  }

  #write(stanza: Xml): void {
    this.#writes = this.#writes.then(() => this.#xmpp.send(stanza)).catch(() => {})
  }

  #acknowledged(stanza: Xml): void {
    const at = this.#kept.indexOf(stanza)
    if (at < 0) return
    this.#kept.splice(at, 1)
    this.#tell({ event: 'acked', id: stanza.attrs['id']! })
  }
}
