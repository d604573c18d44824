import type { Link, StreamReader } from '../link/link.ts'
import type { ClientTls } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import type { Player } from './play.ts'

/** A client's stream: its elements are read one by one. */
export class ClientStream implements StreamReader, Player {
  readonly link: Link
  jid = ''
  /** How often something was said after an answer had come: each time, the client has waited for a round trip before. */
  flights = 0
  #heard = true
  readonly #queue: Element[] = []
  readonly #readers: { resolve(element: Element): void; reject(error: Error): void }[] = []
  #over: Error | undefined
  /** We closed our side: nobody reads what still comes, and we wait for the other side's end. */
  #leaving = false

  constructor(link: Link) {
    this.link = link
  }

  /** Says who is there, and to whom, before anything of the server has come. */
  begin(domain: string, from?: string): void {
    this.#said()
    this.link.open({ to: domain, version: '1.0', from })
  }

  /** Opens a stream; what the server offers on it. */
  async open(domain: string, from?: string): Promise<Element> {
    this.begin(domain, from)
    return this.features()
  }

  /** What the server offers, which is what comes next. Rejects with StreamError where it is none of that. */
  async features(): Promise<Element> {
    const features = await this.receive()
    if (features.is('error', ns.streams)) throw StreamError.from(features)
    if (!features.is('features', ns.streams)) throw new Error(`no stream features: ${features}`)
    return features
  }

  receive(): Promise<Element> {
    const element = this.#queue.shift()
    if (element) return Promise.resolve(element)
    if (this.#over) return Promise.reject(this.#over)
    return new Promise((resolve, reject) => this.#readers.push({ resolve, reject }))
  }

  send(xml: string): void {
    this.#said()
    this.link.write(xml)
  }

  /** STARTTLS, from the wish to the handshake. Flights count from here. */
  async secure(tls: ClientTls): Promise<void> {
    this.send(new Element('starttls', ns.tls).xml(ns.client))
    const answer = await this.receive()
    if (!answer.is('proceed', ns.tls)) throw new Error(`STARTTLS is refused: ${answer}`)
    await this.link.secure(tls)
    this.flights = 0
    this.#heard = true
  }

  disconnect(): Promise<void> {
    if (this.#over) return Promise.resolve()
    this.#leaving = true
    this.#queue.length = 0
    this.link.close()
    return new Promise(resolve => this.#readers.push({ resolve: () => {}, reject: () => resolve() }))
  }

  opened(): void {
    this.#heard = true
  }

  element(element: Element): void {
    this.#heard = true
    if (this.#leaving) return
    const reader = this.#readers.shift()
    if (reader) reader.resolve(element)
    else this.#queue.push(element)
  }

  closed(): void {
    this.#end(new Error('the server closed the stream'))
    this.link.close()
  }

  failed(error: StreamError): void {
    this.#end(error)
    this.link.destroy()
  }

  ended(error?: Error): void {
    this.#end(error ?? new Error('the connection is gone'))
  }

  #said(): void {
    if (this.#heard) this.flights++
    this.#heard = false
  }

  #end(error: Error): void {
    this.#over ??= error
    for (const { reject } of this.#readers.splice(0)) reject(this.#over)
  }
}
