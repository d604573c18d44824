import type { ScramKeys } from '../../bench/peers/scram.ts'
import { provenByScram, type Target, type TextStream } from '../../bench/peers/stream.ts'
import type { Element } from '../../src/wire/element.ts'
import { Reader, type ReaderHandler } from '../../src/wire/reader.ts'

const sm = 'urn:xmpp:sm:3'
const limits = { stanzaBytes: 2 ** 20, depth: 100, attributes: 100, namespaces: 100 }
const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' version='1.0'>`
/** A client asks for the server's count after so many stanzas. */
const askAfter = 5

/** What became of a client's messages and of its session. */
export interface Account {
  /** Times that its session was resumed, and that it was not. */
  resumed: number
  refused: number
  /** Unavailable presence of its contact. */
  leavings: number
  doubled: number
  /** Messages that came before an earlier one of the same sender, or in place of it. */
  reordered: number
  /** Milliseconds from the moment that its connection broke to the one that it had its session again. */
  readonly gaps: number[]
}

/**
 * A client that writes to its contact and keeps to XEP-0198: it counts, resumes by itself whenever its connection breaks,
 * and sends again what the server says it has not.
 */
export class RestartClient implements ReaderHandler {
  readonly name: string
  readonly contact: string
  readonly account: Account = { resumed: 0, refused: 0, leavings: 0, doubled: 0, reordered: 0, gaps: [] }
  /** How many messages it has written, and how many of its contact's have come. */
  written = 0
  heard = 0
  readonly #target: Target
  readonly #keys: ScramKeys
  readonly #turn: <T>(work: () => Promise<T>) => Promise<T>
  #stream: TextStream | undefined
  #reader = new Reader(this, limits)
  #id = ''
  #got = 0
  /** How many stanzas it has sent, and those of them that the server has not said it handled. */
  #sent = 0
  #unacknowledged: string[] = []
  #leaving = false
  #friends: (() => void) | undefined

  /** `turn`: does something when it is this client's turn to connect. */
  constructor(
    name: string,
    contact: string,
    target: Target,
    keys: ScramKeys,
    turn: <T>(work: () => Promise<T>) => Promise<T>,
  ) {
    this.name = name
    this.contact = contact
    this.#target = target
    this.#keys = keys
    this.#turn = turn
  }

  /** Logs in and becomes available; from then on the session may be resumed. */
  async logIn(): Promise<void> {
    const stream = await provenByScram(this.#target, this.name, 'SHA-256', this.#keys)
    const bind = `<bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind>`
    await stream.ask(`<iq type='set' id='bind'>${bind}</iq>`, '</iq>')
    const enabled = await stream.ask(`<enable xmlns='${sm}' resume='true'/>`, '/>')
    this.#id = /id="([^"]+)"/.exec(enabled)?.[1] ?? ''
    if (this.#id === '') throw new Error(`${this.name}: ${enabled}`)
    this.#carry(stream)
    this.#send('<presence/>')
  }

  /** Resolves when both see each other's presence. */
  befriend(): Promise<void> {
    const { promise, resolve } = Promise.withResolvers<void>()
    this.#friends = resolve
    this.#send(`<presence type='subscribe' to='${this.contact}@localhost'/>`)
    return promise
  }

  /** Writes the next message to its contact: now, or when it is connected again. */
  write(): void {
    const number = ++this.written
    this.#send(`<message type='chat' id='m${number}' to='${this.contact}@localhost'><body>${number}</body></message>`)
  }

  end(): void {
    this.#leaving = true
    this.#stream?.end()
  }

  #send(xml: string): void {
    this.#sent++
    this.#unacknowledged.push(xml)
    const request = this.#sent % askAfter === 0 ? `<r xmlns='${sm}'/>` : ''
    this.#stream?.socket.write(xml + request)
  }

  #carry(stream: TextStream): void {
    this.#stream = stream
    this.#reader = new Reader(this, limits)
    this.#reader.push(header)
    stream.socket.once('close', () => {
      if (!this.#leaving) void this.#comeBack(performance.now())
    })
    stream.divert(chunk => this.#reader.push(chunk))
  }

  async #comeBack(broke: number): Promise<void> {
    this.#stream = undefined
    while (!this.#leaving && !(await this.#turn(() => this.#resume(broke).catch(() => false))));
  }

  /** Whether it was answered, well or not; rejects where nobody listens yet, or not any more. */
  async #resume(broke: number): Promise<boolean> {
    const stream = await provenByScram(this.#target, this.name, 'SHA-256', this.#keys)
    const resume = `<resume xmlns='${sm}' previd='${this.#id}' h='${this.#got}'/>`
    const answer = await stream.ask(resume, '<resumed', '<failed')
    if (answer.endsWith('<failed')) {
      this.account.refused++
      stream.end()
      return true
    }
    const rest = await stream.ask('', '/>')
    this.account.gaps.push(performance.now() - broke)
    this.account.resumed++
    this.#acknowledged(Number(/ h="(\d+)"/.exec(rest)?.[1]))
    this.#carry(stream)
    if (this.#unacknowledged.length > 0) stream.socket.write(this.#unacknowledged.join(''))
    return true
  }

  /** The server has handled so many of all that was sent. */
  #acknowledged(h: number): void {
    const waiting = this.#sent - h
    if (!(waiting >= 0 && waiting <= this.#unacknowledged.length))
      throw new Error(`${this.name}: h is ${h} of ${this.#sent}`)
    this.#unacknowledged = this.#unacknowledged.slice(this.#unacknowledged.length - waiting)
  }

  // what comes

  opened(): void {}
  closed(): void {}
  failed(error: Error): void {
    throw error
  }

  element(element: Element): void {
    const { name, namespace } = element
    if (namespace === sm) {
      if (name === 'r') this.#stream?.socket.write(`<a xmlns='${sm}' h='${this.#got}'/>`)
      else if (name === 'a') this.#acknowledged(Number(element.attribute('h')))
      return
    }
    if (name !== 'message' && name !== 'presence' && name !== 'iq') return
    this.#got++
    if (name === 'presence') this.#presence(element)
    else if (name === 'message') this.#message(Number(element.child('body')?.text))
  }

  #presence(element: Element): void {
    const type = element.attribute('type')
    const from = element.attribute('from') ?? ''
    if (!from.startsWith(`${this.contact}@`)) return
    if (type === 'subscribe') this.#send(`<presence type='subscribed' to='${this.contact}@localhost'/>`)
    else if (type === 'unavailable') this.account.leavings++
    else if (type === undefined) this.#friends?.()
  }

  #message(number: number): void {
    if (number === this.heard + 1) this.heard++
    else if (number <= this.heard) this.account.doubled++
    else this.account.reordered++
  }
}
