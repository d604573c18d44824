import type { Element } from '../../src/wire/element.ts'

const mam = 'urn:xmpp:mam:2'
const rsm = 'http://jabber.org/protocol/rsm'

/**
 * A client that asks its archive for what it missed (XEP-0313): for all behind the last message that it has. What comes
 * meanwhile is newer, and is shown behind that.
 */
export class CatchUp {
  readonly #send: (xml: string) => void
  readonly #show: (text: string) => void
  /** Id of the last message in the archive that was shown. */
  #last: string | undefined
  #queries = 0
  /** The query that is under way. */
  #query: string | undefined
  /** What came meanwhile, and what the archive has shown meanwhile: the same message may be among both. */
  readonly #held: Element[] = []
  readonly #pages = new Set<string>()

  constructor(send: (xml: string) => void, show: (text: string) => void) {
    this.#send = send
    this.#show = show
  }

  /** A new session has begun, and is available: what comes from now on comes. */
  begin(): void {
    const place = this.#last === undefined ? '' : `<after>${this.#last}</after>`
    this.#query = `catch-up-${++this.#queries}`
    const set = `<set xmlns='${rsm}'><max>100</max>${place}</set>`
    this.#send(`<iq type='set' id='${this.#query}'><query xmlns='${mam}' queryid='${this.#query}'>${set}</query></iq>`)
  }

  /** Takes a message, or the answer to a query. False for what is neither. */
  take(stanza: Element): boolean {
    const result = stanza.child('result', mam)
    if (result !== undefined) {
      // A query of a session that is over may still be answered: its page is of the same archive, but not behind the last.
      if (result.attribute('queryid') !== this.#query) return true
      const id = result.attribute('id')!
      this.#pages.add(id)
      this.#last = id
      this.#show(messageOf(result)?.child('body')?.text ?? '')
      return true
    }
    if (stanza.name === 'message') {
      if (this.#query !== undefined) this.#held.push(stanza)
      else this.#live(stanza)
      return true
    }
    if (stanza.attribute('id') !== this.#query) return false
    const fin = stanza.child('fin', mam)
    if (fin === undefined) throw new Error(`the archive answered ${stanza}`)
    if (fin.attribute('complete') !== 'true') this.begin()
    else {
      this.#query = undefined
      for (const held of this.#held.splice(0)) this.#live(held)
      this.#pages.clear()
    }
    return true
  }

  #live(message: Element): void {
    const id = message.child('stanza-id', 'urn:xmpp:sid:0')?.attribute('id')
    if (id !== undefined && this.#pages.has(id)) return
    this.#last = id ?? this.#last
    this.#show(message.child('body')?.text ?? '')
  }
}

function messageOf(result: Element): Element | undefined {
  return result.child('forwarded', 'urn:xmpp:forward:0')?.child('message', 'jabber:client')
}
