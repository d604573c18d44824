import type { Element } from '../../wire/element.ts'

/** Whom a client sees (RFC 6121 §4), and what it answers to those who want to see its user (§3). */
export class Presences {
  /** Full JIDs that are available. */
  readonly seen = new Set<string>()

  clear(): void {
    this.seen.clear()
  }

  take(presence: Element, send: (xml: string) => void): void {
    const from = presence.attribute('from') ?? ''
    switch (presence.attribute('type')) {
      case undefined:
        this.seen.add(from)
        break
      case 'unavailable':
        this.seen.delete(from)
        break
      case 'subscribe':
        send(`<presence type="subscribed" to="${from}"/>`)
    }
  }
}
