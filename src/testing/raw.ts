import type { MemoryLinks } from '../link/memory.ts'
import type { SocketReader } from '../runtime/runtime.ts'

/** The client's end of a connection, on which anything can be said, and all that came is kept as text. */
export class RawClient implements SocketReader {
  /** All that came so far. */
  received = ''
  /** Whether the server let go. */
  over = false
  readonly links: MemoryLinks
  readonly #decoder = new TextDecoder()
  #waiting: { until: () => boolean; done: () => void; failed: (error: Error) => void }[] = []

  constructor(links: MemoryLinks) {
    this.links = links
    links.sockets.client.start(this)
  }

  send(data: string | Uint8Array): void {
    this.links.sockets.client.write(data)
  }

  /** Opens a stream, and waits for the features. */
  async open(to = 'localhost', more = ''): Promise<void> {
    const from = this.received.length
    this.send(
      `<?xml version='1.0'?><stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='${to}' version='1.0'${more}>`,
    )
    const answers = ['</stream:features>', '</stream:stream>']
    await this.until(() => this.over || answers.some(end => this.received.indexOf(end, from) >= 0))
  }

  /** Resolves when this text, or the end, has come; rejects when the connection is over and it never came. */
  async expect(text: string): Promise<void> {
    await this.until(() => this.received.includes(text) || this.over)
    if (!this.received.includes(text)) throw new Error(`"${text}" did not come, but:\n${this.received}`)
  }

  until(condition: () => boolean): Promise<void> {
    if (condition()) return Promise.resolve()
    return new Promise((done, failed) => this.#waiting.push({ until: condition, done, failed }))
  }

  read(chunk: Uint8Array): void {
    this.received += this.#decoder.decode(chunk, { stream: true })
    this.#check()
  }

  ended(): void {
    this.over = true
    this.#check()
  }

  #check(): void {
    this.#waiting = this.#waiting.filter(one => {
      if (!one.until()) return true
      one.done()
      return false
    })
  }
}
