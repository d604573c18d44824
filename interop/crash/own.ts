import type { LoggedIn } from '../../src/testing/login.ts'
import type { Account } from '../../src/testing/play.ts'
import type { Element } from '../../src/wire/element.ts'
import { escapeText } from '../../src/wire/element.ts'
import { type Actor, type Arena, compose } from './arena.ts'
import { CatchUp } from './catch-up.ts'
import { type Habit, sm, type Way } from './ways.ts'

const requestXml = `<r xmlns='${sm}'/>`
const wrap = 2 ** 32
/** Messages behind which a client asks for the count, beside the end of what it writes at once. */
const requestEvery = 5

/** Something that was sent, and is not acknowledged. */
interface Sent {
  readonly xml: string
  /** The message's name; other stanzas are not sent again in a new session. */
  readonly id: string | undefined
}

/**
 * A client of our own that keeps to XEP-0198 to the letter, and cuts its connection now and then. What it missed when a
 * session is over comes by itself where the server knows it as a device; else it asks the archive.
 */
export class OwnActor implements Actor {
  readonly name: string
  readonly contacts: readonly string[]
  state = 'begins'
  readonly #arena: Arena
  readonly #account: Account
  readonly #way: Way
  readonly #catchUp: CatchUp | undefined
  /** Messages that it has in flight at most. */
  readonly #window: number
  readonly #ended: Promise<void>
  #player: LoggedIn | undefined
  /** Whether what comes first in its session has been sent. */
  #ready = false
  /** The session's name for resumption (XEP-0198 §5), how much of it is acknowledged, and up to which message. */
  #session: { readonly id: string; readonly jid: string; taken: number; said: number; begun: boolean } | undefined
  #received = 0
  #unacknowledged: Sent[] = []
  /** Messages of a session that is over, to be sent again in the next. */
  #again: Sent[] = []
  #stanzasToCut = 0

  constructor(arena: Arena, account: Account, contacts: readonly string[], { way, asks }: Habit) {
    this.name = account.jid.split('@')[0]!
    this.contacts = contacts
    this.#arena = arena
    this.#account = account
    this.#way = way
    if (asks)
      this.#catchUp = new CatchUp(
        xml => this.#send(xml),
        text => arena.ledger.see(this.name, text),
      )
    this.#window = 10 + arena.random.below(50)
    this.#plan()
    this.#ended = this.#live()
  }

  get connected(): boolean {
    return this.#player !== undefined && this.#ready
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
    const former = this.#session && { ...this.#session, received: this.#received }
    const { player, answer, id, jid } = await this.#way(this.#account, former)
    if (this.#arena.over) return player.link.destroy()
    this.#player = player
    this.#ready = false
    if (answer !== undefined) this.#answered(answer)
    if (id !== undefined) {
      this.#session = { id, jid, taken: 0, said: 0, begun: false }
      this.#received = 0
    } else this.#goOn(player)
    // A session that goes on may have lost its connection before that.
    const session = this.#session!
    if (!session.begun) {
      session.begun = true
      this.#begin(player)
    }
    this.state = 'is connected'
    this.#ready = true
    this.prompt()
    for (;;) this.#take(await player.receive())
  }

  /** XEP-0198 §5: what the server said of the session that there was. */
  #answered(answer: Element): void {
    const { counts } = this.#arena
    const h = answer.attribute('h')
    const goesOn = answer.is('resumed', sm)
    if (!goesOn && !answer.is('failed', sm)) throw new Error(`<resume/> was answered by ${answer}`)
    if (goesOn || h !== undefined) this.#acknowledge(Number(h), !goesOn)
    if (goesOn) {
      counts.resumed++
      return
    }
    if (h === undefined) counts.failedUnknown++
    else counts.failedKnown++
    this.#giveUp()
  }

  /** The session is over: its messages are for the next one. */
  #giveUp(): void {
    this.#session = undefined
    this.#again.push(...this.#unacknowledged.splice(0).filter(one => one.id))
  }

  /** A new session. What the old one had not sent for certain is sent again. */
  #begin(player: LoggedIn): void {
    this.#send('<presence/>')
    this.#catchUp?.begin()
    this.#arena.counts.resent += this.#again.length
    for (const one of this.#again.splice(0)) this.#send(one.xml, one.id)
    player.send(requestXml)
  }

  /** §5: what the server does not have is sent again, under the same numbers. */
  #goOn(player: LoggedIn): void {
    for (const { xml } of this.#unacknowledged) player.send(xml)
    this.#arena.counts.resent += this.#unacknowledged.length
    if (this.#unacknowledged.length > 0) player.send(requestXml)
  }

  /**
   * After a crash the server knows its count as of its last commit: what needed none may have been acknowledged since,
   * and the count is behind; but not behind a message.
   */
  #acknowledge(h: number, mayBeBehind = false): void {
    const session = this.#session!
    const count = (h - session.taken + wrap) % wrap
    if (mayBeBehind && count > wrap / 2 && h >= session.said) return
    if (!(count <= this.#unacknowledged.length)) {
      const more = `acknowledged ${h}: ${session.taken} were, and only ${this.#unacknowledged.length} are in flight`
      this.#arena.ledger.complaints.push(`${this.name} was ${more}`)
      this.#giveUp()
      throw new Error(more)
    }
    for (const { id } of this.#unacknowledged.splice(0, count)) {
      session.taken = (session.taken + 1) % wrap
      if (id === undefined) continue
      session.said = session.taken
      this.#arena.ledger.acknowledge(id)
    }
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
    // What is on offer behind a login by SASL2.
    else if (element.name === 'features') return
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
      else this.#message(element)
    } else if (element.name === 'iq' && type !== 'get') this.#catchUp?.take(element)
    else if (element.name === 'iq') {
      const to = element.attribute('from')
      this.#send(`<iq type='result' id='${element.attribute('id')}'${to ? ` to='${to}'` : ''}/>`)
    }
  }

  #message(element: Element): void {
    if (this.#catchUp?.take(element)) return
    this.#arena.ledger.see(this.name, element.child('body')?.text ?? '')
  }

  prompt(): void {
    if (!this.#arena.writing || this.#player === undefined || !this.#ready) return
    let written = 0
    while (this.#unacknowledged.length < this.#window) {
      const { id, to, body } = compose(this.#arena, this.name, this.contacts)
      const origin = `<origin-id xmlns='urn:xmpp:sid:0' id='${id}'/>`
      const content = `<body>${escapeText(body)}</body>${origin}`
      this.#send(`<message type='chat' id='${id}' to='${to}@localhost'>${content}</message>`, id)
      if (++written % requestEvery === 0) this.#player.send(requestXml)
    }
    if (written % requestEvery > 0) this.#player.send(requestXml)
  }
}
