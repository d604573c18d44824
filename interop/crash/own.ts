import type { LoggedIn } from '../../src/testing/login.ts'
import type { Account, Player } from '../../src/testing/play.ts'
import type { Element } from '../../src/wire/element.ts'
import { escapeText } from '../../src/wire/element.ts'
import { type Actor, type Arena, compose } from './arena.ts'

const sm = 'urn:xmpp:sm:3'
const wrap = 2 ** 32
/** Messages behind which a client asks for the count, beside the end of what it writes at once. */
const requestEvery = 5

/** Something that was sent, and is not acknowledged. */
interface Sent {
  readonly xml: string
  /** The message's name; other stanzas are not sent again in a new session. */
  readonly id: string | undefined
}

export type Connect = (account: Account, resume?: (player: Player) => Promise<string | undefined>) => Promise<LoggedIn>

/** A client of our own that keeps to XEP-0198 to the letter, and cuts its connection now and then. */
export class OwnActor implements Actor {
  readonly name: string
  readonly contacts: readonly string[]
  state = 'begins'
  readonly #arena: Arena
  readonly #account: Account & { resource: string }
  readonly #connect: Connect
  /** Messages that it has in flight at most. */
  readonly #window: number
  readonly #ended: Promise<void>
  #player: LoggedIn | undefined
  /** The session's name for resumption, and both sides' counts of it (XEP-0198 §4, §5). */
  #session: { readonly id: string; readonly jid: string; taken: number } | undefined
  #received = 0
  #unacknowledged: Sent[] = []
  /** Messages of a session that is over, to be sent again in the next. */
  #again: Sent[] = []
  #stanzasToCut = 0

  constructor(arena: Arena, account: Account & { resource: string }, contacts: readonly string[], connect: Connect) {
    this.name = account.jid.split('@')[0]!
    this.contacts = contacts
    this.#arena = arena
    this.#account = account
    this.#connect = connect
    this.#window = 10 + arena.random.below(50)
    this.#plan()
    this.#ended = this.#live()
  }

  get connected(): boolean {
    return this.#player !== undefined
  }

  get settled(): boolean {
    return this.connected && this.#again.length === 0 && !this.#unacknowledged.some(({ id }) => id)
  }

  async end(): Promise<void> {
    this.#player?.link.destroy()
    await this.#ended
  }

  /** When it cuts its connection next. */
  #plan(): void {
    this.#stanzasToCut = 30 + this.#arena.random.below(400)
  }

  async #live(): Promise<void> {
    while (!this.#arena.over) {
      await this.#arena.up
      try {
        await this.#stream()
      } catch (error) {
        this.state = `connects again after: ${(error as Error).message}`
      }
      this.#player = undefined
      await new Promise(resolve => setTimeout(resolve, 5))
    }
  }

  /** One stream, to its end. */
  async #stream(): Promise<void> {
    const session = this.#session
    const player = await this.#connect(this.#account, session && (fresh => this.#resume(fresh)))
    if (this.#arena.over) return player.link.destroy()
    if (this.#session === undefined) {
      player.send(`<enable xmlns='${sm}' resume='true'/>`)
      let enabled = await player.receive()
      while (!enabled.is('enabled', sm)) enabled = await player.receive()
      this.#session = { id: enabled.attribute('id')!, jid: player.jid, taken: 0 }
      this.#received = 0
      this.#player = player
      this.#send('<presence/>')
      for (const one of this.#again.splice(0)) this.#send(one.xml, one.id)
      this.#arena.counts.resent += this.#unacknowledged.length - 1
      player.send(`<r xmlns='${sm}'/>`)
    } else {
      this.#player = player
      // §5: what the server does not have is sent again, under the same numbers.
      for (const { xml } of this.#unacknowledged) player.send(xml)
      this.#arena.counts.resent += this.#unacknowledged.length
      if (this.#unacknowledged.length > 0) player.send(`<r xmlns='${sm}'/>`)
    }
    this.state = 'is connected'
    this.prompt()
    for (;;) this.#take(await player.receive())
  }

  /** §5: the session's JID where it goes on. */
  async #resume(player: Player): Promise<string | undefined> {
    const { id, jid } = this.#session!
    player.send(`<resume xmlns='${sm}' previd='${id}' h='${this.#received}'/>`)
    const answer = await player.receive()
    const h = answer.attribute('h')
    if (answer.is('resumed', sm)) {
      this.#acknowledge(Number(h))
      this.#arena.counts.resumed++
      return jid
    }
    if (!answer.is('failed', sm)) throw new Error(`<resume/> was answered by ${answer}`)
    if (h === undefined) this.#arena.counts.failedUnknown++
    else {
      this.#arena.counts.failedKnown++
      this.#acknowledge(Number(h))
    }
    this.#session = undefined
    this.#again.push(...this.#unacknowledged.splice(0).filter(one => one.id))
    return undefined
  }

  #acknowledge(h: number): void {
    const session = this.#session!
    const count = (h - session.taken + wrap) % wrap
    if (!(count <= this.#unacknowledged.length)) {
      const more = `acknowledged ${h}: ${session.taken} were, and only ${this.#unacknowledged.length} are in flight`
      this.#arena.ledger.complaints.push(`${this.name} was ${more}`)
      throw new Error(more)
    }
    session.taken = h
    for (const { id } of this.#unacknowledged.splice(0, count)) if (id) this.#arena.ledger.acknowledge(id)
  }

  #send(xml: string, id?: string): void {
    this.#unacknowledged.push({ xml, id })
    this.#player!.send(xml)
  }

  #take(element: Element): void {
    if (element.is('a', sm)) {
      this.#acknowledge(Number(element.attribute('h')))
      this.prompt()
    } else if (element.is('r', sm)) this.#player!.send(`<a xmlns='${sm}' h='${this.#received}'/>`)
    else if (element.namespace === 'jabber:client') this.#stanza(element)
    else throw new Error(`came ${element}`)
    if (!this.#arena.cutting || --this.#stanzasToCut > 0) return
    this.#plan()
    this.#arena.counts.cut++
    this.#player!.link.destroy()
  }

  #stanza(element: Element): void {
    this.#received++
    const type = element.attribute('type')
    if (element.name === 'message') {
      if (type === 'error') this.#arena.ledger.complaints.push(`${element}`)
      else this.#arena.ledger.see(element.child('body')?.text ?? '')
    } else if (element.name === 'iq' && type === 'get') {
      const to = element.attribute('from')
      this.#send(`<iq type='result' id='${element.attribute('id')}'${to ? ` to='${to}'` : ''}/>`)
    }
  }

  prompt(): void {
    if (!this.#arena.writing || this.#player === undefined) return
    let written = 0
    while (this.#unacknowledged.length < this.#window) {
      const { id, to, body } = compose(this.#arena, this.name, this.contacts)
      const origin = `<origin-id xmlns='urn:xmpp:sid:0' id='${id}'/>`
      const content = `<body>${escapeText(body)}</body>${origin}`
      this.#send(`<message type='chat' id='${id}' to='${to}@localhost'>${content}</message>`, id)
      if (++written % requestEvery === 0) this.#player.send(`<r xmlns='${sm}'/>`)
    }
    if (written % requestEvery > 0) this.#player.send(`<r xmlns='${sm}'/>`)
  }
}
