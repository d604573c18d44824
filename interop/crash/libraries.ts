import { join } from 'node:path'
import type { Jackdaw } from '../../bench/peers/jackdaw.ts'
import { password } from '../../bench/peers/peer.ts'
import { type Element, escapeText } from '../../src/wire/element.ts'
import { parse } from '../../src/wire/reader.ts'
import { Agent, type Told } from '../agent.ts'
import type { Access } from '../client.ts'
import type { Order, OrderEvent } from '../order-client.ts'
import { CuttableProxy } from '../proxy.ts'
import type { StanzaEvent, StanzaOrder } from '../stanza-client.ts'
import { type Actor, type Arena, compose } from './arena.ts'
import { CatchUp } from './catch-up.ts'

/** What every agent can tell of a connection. */
type Event =
  | { readonly event: 'online' | 'resumed' | 'gone' | 'other' }
  | { readonly event: 'not-resumed'; readonly h: number | null }
  | { readonly event: 'acked'; readonly id: string }
  | { readonly event: 'message' | 'error'; readonly body: string }
  /** Something that only who catches up understands. */
  | { readonly event: 'stanza'; readonly stanza: Element }

/** One library as an actor needs it. */
interface Library<O, E extends Told> {
  readonly name: string
  readonly command: (authority: string) => { command: [string, ...string[]]; env: NodeJS.ProcessEnv }
  readonly connect: (access: Access) => O
  readonly say: (to: string, id: string, body: string) => O
  readonly again: O
  /** What an event means. */
  readonly read: (event: E) => Event
  /** How to send XML when there is a session: presence, and questions to the archive. Missing where it does that itself. */
  readonly send?: (xml: string) => O
}

const here = join(import.meta.dirname, '..')

const xmppClient: Library<StanzaOrder, StanzaEvent> = {
  name: '@xmpp/client',
  command: authority => ({
    command: [process.execPath, join(here, 'xmpp-client', 'agent.ts')],
    env: { NODE_EXTRA_CA_CERTS: authority, NODE_NO_WARNINGS: '1' },
  }),
  connect: access => ({ do: 'connect', resource: 'library', ...access, port: String(access.port) }),
  say: (to, id, body) => {
    const origin = `<origin-id xmlns='urn:xmpp:sid:0' id='${id}'/>`
    const xml = `<message type='chat' id='${id}' to='${to}'><body>${escapeText(body)}</body>${origin}</message>`
    return { do: 'send', xml }
  },
  again: { do: 'reconnect' },
  read: event => {
    if (event.event === 'disconnected' || event.event === 'refused') return { event: 'gone' }
    if (event.event !== 'stanza') return event.event === 'offline' ? { event: 'other' } : event
    const stanza = parse(`<stanza xmlns='jabber:client'>${event.xml}</stanza>`).elements[0]!
    const isError = stanza.name === 'message' && stanza.attribute('type') === 'error'
    return isError ? { event: 'error', body: event.xml } : { event: 'stanza', stanza }
  },
  send: xml => ({ do: 'send', xml }),
}

const slixmpp: Library<Order, OrderEvent> = {
  name: 'slixmpp',
  command: () => ({
    command: ['/usr/bin/python3', '-B', join(here, 'python', 'slixmpp_agent.py')],
    env: { PYTHONUNBUFFERED: '1' },
  }),
  connect: access => ({ do: 'connect', ...access }),
  say: (to, id, body) => ({ do: 'say', to, body, receipt: false, id }),
  again: { do: 'reconnect' },
  read: event => {
    if (event.event === 'offline') return { event: 'gone' }
    if (event.event === 'message') return { event: 'message', body: event.body }
    if (event.event === 'acked' || event.event === 'not-resumed') return event
    if (event.event === 'resumed' || event.event === 'online') return { event: event.event }
    // The answer to `connect` is the only one that has a value of this kind.
    if (event.event === 'done' && isLogin(event.value)) return { event: 'online' }
    return event.event === 'failed' ? { event: 'gone' } : { event: 'other' }
  },
}

function isLogin(value: unknown): boolean {
  return typeof value === 'object' && value !== null && 'mechanism' in value
}

/** Messages that a library has in flight at most. */
const window = 12

/** A client on a library, behind a proxy that cuts its connection now and then. */
class LibraryActor<O, E extends Told> implements Actor {
  readonly name: string
  readonly contacts: readonly string[]
  readonly #arena: Arena
  readonly #library: Library<O, E>
  readonly #agent: Agent<O, E>
  readonly #proxy: CuttableProxy
  readonly #inFlight = new Set<string>()
  readonly #catchUp: CatchUp | undefined
  #online = false
  #returning = false
  #messagesToCut = 0
  #state = 'begins'

  constructor(arena: Arena, library: Library<O, E>, access: Access, proxy: CuttableProxy, contacts: readonly string[]) {
    this.name = access.jid.split('@')[0]!
    this.contacts = contacts
    this.#arena = arena
    this.#library = library
    this.#proxy = proxy
    const { send } = library
    if (send)
      this.#catchUp = new CatchUp(
        xml => this.#agent.order(send(xml)),
        text => arena.ledger.see(this.name, text),
      )
    const { command, env } = library.command(access.authority)
    this.#agent = new Agent(library.name, command, env, event => this.#take(library.read(event)))
    this.#plan()
    this.#agent.order(library.connect({ ...access, port: proxy.port }))
  }

  #plan(): void {
    this.#messagesToCut = 30 + this.#arena.random.below(300)
  }

  get connected(): boolean {
    return this.#online
  }

  get state(): string {
    const { fault } = this.#agent
    return fault === undefined ? this.#state : `ended: ${fault}`
  }

  get settled(): boolean {
    return this.#online && this.#inFlight.size === 0
  }

  async end(): Promise<void> {
    await this.#agent.end()
    await this.#proxy.end()
  }

  #take(event: Event): void {
    const { ledger, counts, cutting } = this.#arena
    switch (event.event) {
      case 'online':
        if (this.#library.send) this.#agent.order(this.#library.send('<presence/>'))
        this.#catchUp?.begin()
        this.#here('is connected')
        return
      case 'resumed':
        counts.resumed++
        this.#here('is connected again')
        return
      case 'not-resumed':
        if (event.h === null) counts.failedUnknown++
        else counts.failedKnown++
        return
      case 'acked':
        // What was sent before it came here is its own.
        if (this.#inFlight.delete(event.id)) ledger.acknowledge(event.id)
        this.prompt()
        return
      case 'message':
      case 'stanza':
        if ('body' in event) ledger.see(this.name, event.body)
        else this.#catchUp!.take(event.stanza)
        if (!cutting || --this.#messagesToCut > 0) return
        this.#plan()
        counts.cut += this.#proxy.cut()
        return
      case 'error':
        ledger.complaints.push(event.body)
        return
      case 'gone':
        this.#online = false
        this.#state = 'lost its connection'
        this.#return()
        return
    }
  }

  #here(state: string): void {
    this.#online = true
    this.#state = state
    this.prompt()
  }

  async #return(): Promise<void> {
    if (this.#returning) return
    this.#returning = true
    await new Promise(resolve => setTimeout(resolve, 20))
    await this.#arena.up
    this.#returning = false
    if (!this.#arena.over && !this.#online) this.#agent.order(this.#library.again)
  }

  prompt(): void {
    while (this.#arena.writing && this.#online && this.#inFlight.size < window) {
      const { id, to, body } = compose(this.#arena, this.name, this.contacts)
      this.#inFlight.add(id)
      this.#agent.order(this.#library.say(`${to}@localhost`, id, body))
    }
  }
}

type Start = (name: string, contacts: readonly string[]) => Promise<Actor>

/** How the actors on libraries are started, one of each. */
export function startLibraries(arena: Arena, server: Jackdaw): readonly Start[] {
  const start =
    <O, E extends Told>(library: Library<O, E>): Start =>
    async (name, contacts) => {
      const { startTls: port, authority } = server
      const access = { jid: `${name}@localhost`, password: password(name), address: '127.0.0.1' }
      const proxy = await CuttableProxy.before(port)
      return new LibraryActor(arena, library, { ...access, port, carrier: 'STARTTLS', authority }, proxy, contacts)
    }
  return [start(xmppClient), start(slixmpp)]
}
