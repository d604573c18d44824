// For tests: clients that speak stream management by hand and count, and a store that outlives its server.
import type { OpenStorage, Storage } from '../../storage/storage.ts'
import { RawClient } from '../../testing/raw.ts'
import type { TestServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`
const sm = 'urn:xmpp:sm:3'
let settlings = 0

/** A client with a session that may be resumed. */
export class ManagedClient extends RawClient {
  readonly #name: string
  /** The name by which its session is resumed. */
  id = ''
  /** All that it said since counting began, on whatever stream. */
  said = ''
  /** The same for what it got on streams before this one. */
  before = ''

  constructor(house: TestServer, name: string) {
    super(house.link())
    this.#name = name
  }

  /** How many stanzas it has got, and how many it has sent: XEP-0198's `h`, both ways. */
  get got(): number {
    return stanzas(this.before + this.received)
  }
  get sent(): number {
    return stanzas(this.said)
  }

  override send(data: string): void {
    this.said += data
    super.send(data)
  }

  /** Up to where a resource could be bound. */
  async logIn(): Promise<void> {
    const data = encodeBase64(new TextEncoder().encode(`\0${this.#name}\0secret`))
    super.send(`${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${data}</auth>`)
    await this.expect('<success')
    this.received = ''
    super.send(header)
    await this.expect('</stream:features>')
    this.received = ''
  }

  /** Sends a message whose id is also its body. */
  say(id: string, to: string): void {
    this.send(`<message to='${to}@localhost' type='chat' id='${id}'><body>${id}</body></message>`)
  }

  /** All that was sent so far is worked off. */
  async settled(): Promise<void> {
    const id = `settled${settlings++}`
    this.send(`<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
    await this.expect(`id="${id}"`)
  }

  /** Comes back for its session on another server, or by another connection; what the server answers is in `received`. */
  async back(house: TestServer, h = this.got): Promise<ManagedClient> {
    const client = new ManagedClient(house, this.#name)
    await client.logIn()
    client.id = this.id
    client.said = this.said
    client.before = this.before + this.received
    client.send(`<resume xmlns='${sm}' previd='${this.id}' h='${h}'/>`)
    await client.until(() => /<(resumed|failed|stream:error)[\s>]/.test(client.received) || client.over)
    return client
  }

  /** The ids of messages that came on this stream, in order, copies for other devices included. */
  get ids(): readonly string[] {
    return this.received.match(/(?<= id=")m\d+(?=")/g) ?? []
  }

  /** The `h` that it was told last. */
  get told(): number {
    return Number(/.*<(?:resumed|a|failed) [^>]*\bh="(\d+)"/s.exec(this.received)?.[1])
  }
}

/** A bound and available session with the resource `r`, under stream management. */
export async function managed(house: TestServer, name: string, attributes = "resume='true'"): Promise<ManagedClient> {
  const client = new ManagedClient(house, name)
  await client.logIn()
  client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>`)
  await client.expect('id="b"')
  client.received = client.said = ''
  client.send(`<enable xmlns='${sm}' ${attributes}/>`)
  await client.expect('<enabled')
  client.id = /<enabled [^>]*id="([^"]+)"/.exec(client.received)?.[1] ?? ''
  client.send('<presence/>')
  await client.expect('<presence')
  return client
}

/** First-level stanzas of a stream. */
function stanzas(xml: string): number {
  let depth = 0
  let count = 0
  for (const [tag, name] of xml.matchAll(/<\/?([a-z:]+)[^>]*>/gi)) {
    if (depth === 0 && /^(message|presence|iq)$/.test(name!)) count++
    if (tag.startsWith('</')) depth--
    else if (!tag.endsWith('/>')) depth++
  }
  return count
}

/** A store that does some things otherwise. */
export function altered(storage: Storage, changes: Partial<Storage>): Storage {
  return new Proxy(storage, {
    get(target, name: keyof Storage) {
      const value: unknown = changes[name] ?? target[name]
      return typeof value === 'function' ? value.bind(target) : value
    },
  })
}

/** A store that is there for the next server when one has ended. */
export function lasting(open: OpenStorage): OpenStorage {
  let storage: Promise<Storage> | undefined
  return async tables => {
    storage ??= open(tables)
    return altered(await storage, { close: async () => {} })
  }
}

/** Ends the server as a restart does; resolves with how many sessions it kept. */
export async function suspended(house: TestServer): Promise<number> {
  const kept = house.server.suspend()
  // Whoever was told to leave and does not is waited for only that long.
  await house.advance(500)
  return kept
}
