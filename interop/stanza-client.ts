import { type Element, escapeAttribute, escapeText } from '../src/wire/element.ts'
import { parse } from '../src/wire/reader.ts'
import { Agent } from './agent.ts'
import { caps } from './agent-features.ts'
import { forwardedBy, mam, pageQuery, rsm } from './archive-pages.ts'
import {
  type Access,
  type Actions,
  type Client,
  type Delayed,
  type Direction,
  judgeDelay,
  type Login,
  type Pages,
  Refused,
  type Show,
} from './client.ts'

/** What an agent of a library that speaks stanzas is told. */
export type StanzaOrder =
  | ({
      readonly do: 'connect'
      readonly resource: string
      /** Comes back by tokens, where it knows them (XEP-0484). */
      readonly tokens?: boolean
    } & Omit<Access, 'port'> & { readonly port: string })
  | { readonly do: 'send'; readonly xml: string }
  /** Connects again, after `disconnected`: resumes its session where it can. */
  | { readonly do: 'reconnect' }
  | { readonly do: 'leave' }

/** What it tells. It answers IQ requests by itself. */
export type StanzaEvent =
  | { readonly event: 'online'; readonly mechanism: string; readonly tls: string; readonly jid?: string }
  | { readonly event: 'refused'; readonly why: string }
  | { readonly event: 'offline' }
  /** The connection is gone. */
  | { readonly event: 'disconnected' }
  /** Its session goes on (XEP-0198 §5), or does not; `h` is what the server then said it has. */
  | { readonly event: 'resumed'; readonly mechanism?: string }
  | { readonly event: 'not-resumed'; readonly h: number | null }
  /** The server has a message. */
  | { readonly event: 'acked'; readonly id: string }
  | { readonly event: 'stanza'; readonly xml: string }

const bare = (jid: string | undefined) => jid?.split('/')[0]
const a = escapeAttribute

/**
 * A client on a library that sends and hands over stanzas: what they say is written and read here, as an application
 * on that library would. Everything that came is kept, so that one can also look back.
 */
export class StanzaClient implements Client, Actions {
  readonly #agent: Agent<StanzaOrder, StanzaEvent>
  readonly #events: StanzaEvent[] = []
  readonly #stanzas: Element[] = []
  #jid = ''
  #fullJid = ''
  /** Its session began by Bind 2. */
  #bound = false
  #number = 0

  constructor(name: string, command: readonly [string, ...string[]], env: NodeJS.ProcessEnv = {}) {
    this.#agent = new Agent<StanzaOrder, StanzaEvent>(name, command, env, event => {
      if (event.event !== 'stanza') return void this.#events.push(event)
      const stanza = parse(`<stanza xmlns='jabber:client'>${event.xml}</stanza>`).elements[0]!
      this.#stanzas.push(stanza)
      this.#acknowledge(stanza)
    })
  }

  /** Gives a receipt where one is asked for (XEP-0184 §5). */
  #acknowledge(stanza: Element): void {
    if (stanza.name !== 'message' || !stanza.child('request', 'urn:xmpp:receipts')) return
    const [to, id] = [stanza.attribute('from')!, stanza.attribute('id')!]
    this.send(`<message to='${a(to)}'><received xmlns='urn:xmpp:receipts' id='${a(id)}'/></message>`)
  }

  async logIn(access: Access): Promise<Login> {
    const login = await this.connect(access)
    // Only who has asked for the roster is told about subscriptions (RFC 6121 §2.1.6, §3.1.6).
    await this.request('get', `<query xmlns='jabber:iq:roster'/>`)
    this.send(`<presence>${caps}</presence>`)
    // The server works in order: when this is answered, the presence has been taken.
    await this.pings(access.jid.split('@')[1]!)
    if (this.#bound) await this.#catchUp()
    return login
  }

  /** Who begins by Bind 2 is sent nothing that waited (XEP-0386 §3.2), and asks its archive for the last page. */
  async #catchUp(): Promise<void> {
    const query = `query-${++this.#number}`
    await this.request('set', pageQuery(query, 50, '<before/>'))
    for (const one of this.#stanzas.splice(0)) {
      const result = one.child('result', mam)
      if (result?.attribute('queryid') !== query) this.#stanzas.push(one)
      else this.#stanzas.push(forwardedBy(result))
    }
  }

  /** Logs in, and stays connected without presence. */
  async connect(access: Access, resource = 'stanzas'): Promise<Login> {
    this.#jid = access.jid
    this.#agent.order({ do: 'connect', resource, tokens: true, ...access, port: String(access.port) })
    const event = await this.#next('login', 20, ({ event }) => event === 'online' || event === 'refused')
    if (event.event === 'refused') throw new Refused(event.why)
    // By Bind 2 the server has its say (XEP-0386 §3.2.1); an agent that does not tell has what it wished for.
    const wished = `${access.jid}/${resource}`
    this.#fullJid = (event.event === 'online' && event.jid) || wished
    this.#bound = this.#fullJid !== wished
    return event as Login & StanzaEvent
  }

  get fullJid(): string {
    return this.#fullJid
  }

  async leave(): Promise<void> {
    this.#agent.order({ do: 'leave' })
    await this.#next('offline', 10, ({ event }) => event === 'offline')
  }

  end(): Promise<void> {
    return this.#agent.end()
  }

  send(xml: string): void {
    this.#agent.order({ do: 'send', xml })
  }

  /** The payload of an IQ's result; rejects with what an error says. */
  async request(type: 'get' | 'set', payload: string, to?: string): Promise<Element | undefined> {
    const id = `iq-${++this.#number}`
    this.send(`<iq type='${type}' id='${id}'${to === undefined ? '' : ` to='${a(to)}'`}>${payload}</iq>`)
    const answer = await this.#stanza(
      `answer to ${payload}`,
      one => one.name === 'iq' && one.attribute('id') === id && /^(result|error)$/.test(one.attribute('type') ?? ''),
    )
    if (answer.attribute('type') === 'error') throw new Error(`${payload} was answered by ${answer.child('error')}`)
    return answer.elements[0]
  }

  #next(what: string, seconds: number, fits: (event: StanzaEvent) => boolean): Promise<StanzaEvent> {
    const find = () => {
      const at = this.#events.findIndex(fits)
      return at < 0 ? undefined : this.#events.splice(at, 1)[0]
    }
    return this.#agent.until(what, find, () => this.#events, seconds)
  }

  #stanza(what: string, fits: (stanza: Element) => boolean): Promise<Element> {
    const find = () => {
      const at = this.#stanzas.findIndex(fits)
      return at < 0 ? undefined : this.#stanzas.splice(at, 1)[0]
    }
    return this.#agent.until(what, find, () => this.#lately())
  }

  /** The last stanzas that nobody has taken, cut, for error messages. */
  #lately(): string[] {
    return this.#stanzas.slice(-5).map(stanza => stanza.xml('jabber:client').slice(0, 200))
  }

  async subscribe(to: string): Promise<void> {
    this.send(`<presence type='subscribe' to='${a(to)}'/>`)
  }

  async accept(from: string): Promise<void> {
    await this.#presence('subscribe', from)
    this.send(`<presence type='subscribed' to='${a(from)}'/>`)
  }

  async accepted(by: string): Promise<void> {
    await this.#presence('subscribed', by)
  }

  #presence(type: string, from: string): Promise<Element> {
    return this.#stanza(
      `${type} from ${from}`,
      one => one.name === 'presence' && one.attribute('type') === type && bare(one.attribute('from')) === from,
    )
  }

  async present(show: Show, status: string): Promise<void> {
    const shown = show === 'online' ? '' : `<show>${show}</show>`
    this.send(`<presence>${shown}<status>${escapeText(status)}</status>${caps}</presence>`)
  }

  /** By the last presence that came from the contact. */
  async sees(contact: string, show: Show | 'offline', status?: string): Promise<void> {
    const find = () => {
      const last = this.#stanzas.findLast(
        one =>
          one.name === 'presence' &&
          bare(one.attribute('from')) === contact &&
          /^(unavailable)?$/.test(one.attribute('type') ?? ''),
      )
      if (!last) return undefined
      const shown = last.attribute('type') ? 'offline' : (last.child('show')?.text ?? 'online')
      return shown === show && (status === undefined || last.child('status')?.text === status) ? true : undefined
    }
    await this.#agent.until(`${contact} is ${show}`, find, () => this.#lately())
  }

  async say(to: string, body: string): Promise<void> {
    this.send(`<message type='chat' to='${a(to)}'><body>${escapeText(body)}</body></message>`)
  }

  async hears(from: string, body: string, delayed: Delayed = false): Promise<void> {
    const message = await this.#message(`"${body}" from ${from}`, from, one => one.child('body')?.text === body)
    judgeDelay(message.child('delay', 'urn:xmpp:delay')?.attribute('stamp'), delayed)
  }

  #message(what: string, from: string, fits: (stanza: Element) => boolean, error = false): Promise<Element> {
    return this.#stanza(what, one => {
      if (one.name !== 'message' || (one.attribute('type') === 'error') !== error) return false
      return bare(one.attribute('from')) === from && fits(one)
    })
  }

  /** Sees that a message came back; the condition of the error. */
  async bounced(from: string): Promise<string> {
    const message = await this.#message(`error from ${from}`, from, () => true, true)
    return message.child('error')!.elements[0]!.name
  }

  async arrange(contact: string, name: string, group: string): Promise<void> {
    const item = `<item jid='${a(contact)}' name='${a(name)}'><group>${escapeText(group)}</group></item>`
    await this.request('set', `<query xmlns='jabber:iq:roster'>${item}</query>`)
  }

  /** By a push that came, or comes. */
  async lists(contact: string, name: string, group: string): Promise<void> {
    await this.#stanza(`${contact} as ${name} in ${group}`, one => {
      const item = one.name === 'iq' && one.attribute('type') === 'set' && one.child('query', 'jabber:iq:roster')
      return Boolean(item && sameItem(item.elements[0]!, contact, name, group))
    })
  }

  /** The roster as the server has it says so. */
  async fetches(contact: string, name: string, group: string): Promise<void> {
    const query = await this.request('get', `<query xmlns='jabber:iq:roster'/>`)
    if (!query!.elements.some(item => sameItem(item, contact, name, group)))
      throw new Error(`the roster has ${query!.inner}`)
  }

  /** All features that an entity announces. */
  async features(entity: string): Promise<string[]> {
    const info = await this.request('get', `<query xmlns='http://jabber.org/protocol/disco#info'/>`, entity)
    return info!.elements.filter(one => one.name === 'feature').map(one => one.attribute('var')!)
  }

  async discovers(entity: string, feature: string): Promise<void> {
    const features = await this.features(entity)
    if (!features.includes(feature)) throw new Error(`${entity} announces ${features}`)
  }

  async pings(entity: string): Promise<void> {
    await this.request('get', `<ping xmlns='urn:xmpp:ping'/>`, entity)
  }

  async publishes(name: string): Promise<void> {
    await this.request('set', `<vCard xmlns='vcard-temp'><FN>${escapeText(name)}</FN></vCard>`)
  }

  async reads(of: string, name: string): Promise<void> {
    const card = await this.request('get', `<vCard xmlns='vcard-temp'/>`, of)
    if (card?.child('FN')?.text !== name) throw new Error(`the vCard is ${card}`)
  }

  async block(jid: string): Promise<void> {
    await this.request('set', `<block xmlns='urn:xmpp:blocking'><item jid='${a(jid)}'/></block>`)
  }

  async unblock(jid: string): Promise<void> {
    await this.request('set', `<unblock xmlns='urn:xmpp:blocking'><item jid='${a(jid)}'/></unblock>`)
  }

  async blocks(jid: string): Promise<void> {
    const list = await this.request('get', `<blocklist xmlns='urn:xmpp:blocking'/>`)
    if (!list!.elements.some(item => item.attribute('jid') === jid)) throw new Error(`the list is ${list}`)
  }

  async enableCarbons(): Promise<void> {
    await this.request('set', `<enable xmlns='urn:xmpp:carbons:2'/>`)
  }

  async seesCarbon(direction: Direction, other: string, body: string): Promise<void> {
    await this.#message(`carbon of "${body}"`, this.#jid, one => {
      const forwarded = one.child(direction, 'urn:xmpp:carbons:2')?.child('forwarded', 'urn:xmpp:forward:0')
      const message = forwarded?.child('message', 'jabber:client')
      const with1 = message?.attribute(direction === 'sent' ? 'to' : 'from')
      return bare(with1) === other && message!.child('body')?.text === body
    })
  }

  async keeps(text: string): Promise<{ name: string; namespace: string }> {
    const notes = `<storage xmlns='storage:rosternotes'><note jid='${a(text)}'>kept</note></storage>`
    await this.request('set', `<query xmlns='jabber:iq:private'>${notes}</query>`)
    return { name: 'storage', namespace: 'storage:rosternotes' }
  }

  async kept(text: string): Promise<void> {
    await this.keptIn(text, { name: 'storage', namespace: 'storage:rosternotes' })
  }

  /** An element of private XML storage has a text, somewhere. */
  async keptIn(text: string, { name, namespace }: { name: string; namespace: string }): Promise<void> {
    const query = `<query xmlns='jabber:iq:private'><${name} xmlns='${a(namespace)}'/></query>`
    const answer = await this.request('get', query)
    if (!answer!.inner.includes(text)) throw new Error(`private XML is ${answer}`)
  }

  async lastActivity(of: string): Promise<number> {
    const last = await this.request('get', `<query xmlns='jabber:iq:last'/>`, of)
    return Number(last!.attribute('seconds') ?? Number.NaN)
  }

  async version(of: string): Promise<string> {
    const version = await this.request('get', `<query xmlns='jabber:iq:version'/>`, of)
    return version!.child('name')!.text
  }

  async time(of: string): Promise<string> {
    return (await this.request('get', `<time xmlns='urn:xmpp:time'/>`, of))!.child('utc')!.text
  }

  async composes(to: string): Promise<void> {
    const state = `<composing xmlns='http://jabber.org/protocol/chatstates'/>`
    this.send(`<message type='chat' to='${a(to)}'>${state}</message>`)
  }

  async seesComposing(from: string): Promise<void> {
    await this.#message(
      `composing of ${from}`,
      from,
      one => one.child('composing', 'http://jabber.org/protocol/chatstates') !== undefined,
    )
  }

  async saysForReceipt(to: string, body: string): Promise<void> {
    const id = `message-${++this.#number}`
    const content = `<body>${escapeText(body)}</body><request xmlns='urn:xmpp:receipts'/>`
    this.send(`<message type='chat' id='${id}' to='${a(to)}'>${content}</message>`)
    await this.#message('receipt', to, one => one.child('received', 'urn:xmpp:receipts')?.attribute('id') === id)
  }

  async changePassword(password: string): Promise<void> {
    const [user] = this.#jid.split('@')
    const fields = `<username>${escapeText(user!)}</username><password>${escapeText(password)}</password>`
    await this.request('set', `<query xmlns='jabber:iq:register'>${fields}</query>`, this.#jid.split('@')[1])
  }

  async resumes(): Promise<void> {
    await this.returns()
  }

  async returns(): Promise<string> {
    await this.#next('disconnected', 20, ({ event }) => event === 'disconnected')
    this.#agent.order({ do: 'reconnect' })
    const answer = await this.#next('resumption', 20, ({ event }) => event === 'resumed' || event === 'not-resumed')
    if (answer.event !== 'resumed') throw new Error('its session was over')
    return answer.mechanism ?? ''
  }

  /** How often somebody was seen leaving. */
  departures(from: string): number {
    return this.#stanzas.filter(
      one => one.name === 'presence' && one.attribute('type') === 'unavailable' && bare(one.attribute('from')) === from,
    ).length
  }

  async archived(of: string, page: number): Promise<Pages> {
    const bodies: string[] = []
    let after = ''
    for (let pages = 1; ; pages++) {
      const query = `query-${++this.#number}`
      const place = after && `<after>${escapeText(after)}</after>`
      const fin = await this.request('set', pageQuery(query, page, place, of))
      const results = this.#stanzas.filter(one => one.child('result', mam)?.attribute('queryid') === query)
      if (results.length > page) throw new Error(`a page of ${page} had ${results.length}`)
      for (const one of results) bodies.push(forwardedBy(one.child('result', mam)!).child('body')?.text ?? '')
      if (fin!.attribute('complete') === 'true') return { pages, bodies }
      after = fin!.child('set', rsm)!.child('last')!.text
    }
  }
}

function sameItem(item: Element, jid: string, name: string, group: string): boolean {
  if (item.attribute('jid') !== jid || item.attribute('name') !== name) return false
  return item.elements.length === 1 && item.elements[0]!.text === group
}
