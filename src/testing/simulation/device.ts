import type { Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'
import { CatchUp } from './catch-up.ts'
import type { Connected, Connection } from './connection.ts'
import { Inbox } from './inbox.ts'
import { List } from './lists.ts'
import { Presences } from './presences.ts'
import type { Profile } from './profile.ts'
import { Requests } from './requests.ts'
import type { Outgoing } from './sending.ts'
import { Sending } from './sending.ts'
import * as stanzas from './stanzas.ts'
import { sm } from './stanzas.ts'
import type { World } from './world.ts'

/** How often a client looks whether its connection lives, and how long it waits for an answer; milliseconds. */
const look = 5000
const patience = 15_000

/** One client of one account, which follows the specifications whatever happens to its connections. */
export class Device implements Connected {
  readonly profile: Profile
  readonly name: string
  readonly inbox = new Inbox()
  readonly roster = new List()
  readonly blocked = new List()
  readonly presences = new Presences()
  readonly sending = new Sending()
  /** What it has found to be wrong. */
  readonly faults: string[] = []
  /** How many sessions it has had. */
  session = 0
  /** Whether it wants to be connected. */
  wanted = true
  available = true
  priority: number
  readonly #world: World
  #connection: Connection | undefined
  /** Connected and bound. */
  #online = false
  #suspended = false
  #unsaid = false
  #retry = false
  /** XEP-0198: the session's name, and what was counted; `counting` from `<enabled/>` on. */
  #id: string | undefined
  #counting = false
  #enabled = false
  #h = 0
  /** Since when an answer is waited for. */
  #asked: number | undefined
  #heard = 0
  #unasked = 0
  readonly #requests: Requests
  readonly #archive: CatchUp

  constructor(world: World, profile: Profile) {
    this.#world = world
    this.profile = profile
    this.priority = profile.priority
    this.name = `${profile.account}/${profile.resource}`
    this.#requests = new Requests(profile.resource)
    this.#archive = new CatchUp({
      copied: profile.carbons,
      counts: world.counts,
      request: (type, content, answered) => this.request(type, content, answered),
      inSession: act => this.#inSession(act),
    })
    this.#tick()
  }

  get account(): string {
    return this.profile.account
  }

  get resource(): string {
    return this.profile.resource
  }

  get agent(): string | undefined {
    return this.profile.agent
  }

  get online(): boolean {
    return this.#online
  }

  /** The connection that it has, or is making. */
  get connection(): Connection | undefined {
    return this.#connection
  }

  get resumption(): { id: string; h: number } | undefined {
    return this.#id === undefined ? undefined : { id: this.#id, h: this.#h }
  }

  /** Whether it is where it wants to be and waits for nothing. */
  get quiet(): boolean {
    if (!this.wanted) return this.#connection === undefined
    const settled = !this.#archive.asking && this.#requests.size === 0 && !this.#suspended
    return this.#online && settled && this.sending.queue.length === 0 && this.sending.waiting === 0
  }

  /** Why it is not quiet. */
  get doing(): string {
    const { queue, waiting } = this.sending
    const state = this.#online ? 'online' : this.#connection ? 'connecting' : 'offline'
    return `${this.name} ${state}, ${queue.length} to send, ${waiting} not acknowledged, ${this.#requests.size} requests`
  }

  connect(): void {
    if (this.#connection !== undefined || !this.wanted) return
    this.#connection = this.#world.dial(this)
    if (this.#connection === undefined) this.#later()
  }

  /** Leaves: in good order, or as phones do. */
  leave(politely: boolean): void {
    this.wanted = false
    if (politely) {
      if (this.#online) this.#write('<presence type="unavailable"/>')
      this.#connection?.close()
      this.#forget()
    } else this.#connection?.drop('gone')
  }

  /** The app was ended and begins anew: it knows its messages, but no session. */
  restart(): void {
    this.#connection?.drop('restarted')
    this.#forget()
  }

  /** Stops reading, as a phone that sleeps. */
  suspend(): void {
    if (!this.#online) return
    this.#suspended = true
    this.#connection!.pause()
  }

  wake(): void {
    if (!this.#suspended) return
    this.#suspended = false
    this.#asked = undefined
    this.#connection?.resume()
  }

  /** Says something, now or as soon as it can. */
  say(item: Outgoing): void {
    if (item.said !== undefined) this.inbox.own(item.said.token)
    this.sending.queue.push(item)
    this.#flush()
  }

  /** Sends an IQ, if it is online now; its id. */
  request(type: 'get' | 'set', content: string, answered: (iq: Element) => void = () => {}): string | undefined {
    if (!this.#online) return undefined
    const id = this.#requests.make(answered)
    this.#send({ xml: stanzas.iq(type, id, content) })
    return id
  }

  /** Sends presence, now or as soon as it can. */
  present(): void {
    this.#unsaid = !this.#online
    if (this.#unsaid) return
    const xml = `<presence><priority>${this.priority}</priority></presence>`
    this.#send({ xml: this.available ? xml : '<presence type="unavailable"/>' })
  }

  /** Asks for what the archive has behind what is known here. */
  readonly catchUp = (): void => {
    if (this.profile.catchesUp) this.#archive.start()
  }

  // what the connection tells

  bound(connection: Connection): void {
    this.#connection = connection
    this.#begin()
    this.#world.counts.add('logins')
    this.session++
    this.#enabled = this.profile.managed
    this.#counting = false
    this.#h = 0
    this.sending.begin()
    if (this.profile.managed) this.#write(`<enable xmlns="${sm}"${this.profile.resumes ? ' resume="true"' : ''}/>`)
    this.roster.fetched = this.blocked.fetched = false
    this.presences.clear()
    this.#settle('get', stanzas.rosterGet, iq => this.roster.fresh(stanzas.rosterIn(iq)))
    this.#settle('get', stanzas.blocklistGet, iq => this.blocked.fresh(stanzas.blocklistIn(iq)))
    if (this.profile.carbons) this.#settle('set', stanzas.enableCarbons)
    this.catchUp()
    this.present()
    this.#flush()
  }

  resumed(connection: Connection, h: number): void {
    this.#connection = connection
    this.#begin()
    this.#acknowledged(h)
    for (const item of this.sending.again()) {
      this.#world.counts.add('stanzas written again')
      this.#put(item)
    }
    this.#ask()
    if (this.#unsaid) this.present()
    this.#flush()
  }

  /** XEP-0198 §5: what the old session had not taken is sent in the new one. */
  notResumed(h: number | undefined): void {
    this.#world.counts.add('failed resumes')
    if (h !== undefined) {
      this.#world.counts.add('failed resumes with count')
      // What moves no commit (presence, questions) may be counted no more after a crash: nothing of it comes back.
      this.#acknowledged(Math.max(h, this.sending.acknowledged))
    }
    this.#forget()
  }

  element(element: Element): void {
    this.#heard = this.#world.now
    this.note(`< ${stanzas.short(element)}`)
    if (element.namespace === sm) this.#management(element)
    else if (element.namespace === ns.client) this.#stanza(element)
  }

  lost(connection: Connection, reason: string): void {
    if (connection !== this.#connection) return
    this.note(`connection lost: ${reason}`)
    this.#connection = undefined
    this.#online = this.#suspended = false
    if (this.#id === undefined && this.#enabled) this.#forget()
    // A session that cannot come back has no answers to come.
    if (!this.#enabled) this.#forget()
    this.#later()
  }

  note(what: string): void {
    this.#world.trace.add(this.name, what)
  }

  /** Asks for what a session begins with; what the server cannot do now is asked again. */
  #settle(type: 'get' | 'set', content: string, answered: (iq: Element) => void = () => {}): void {
    this.request(type, content, iq => {
      if (iq.attribute('type') === 'error') this.#inSession(() => this.#settle(type, content, answered))
      else answered(iq)
    })
  }

  #begin(): void {
    this.#online = true
    this.#suspended = false
    this.#asked = undefined
    this.#heard = this.#world.now
  }

  /** Knows no session any more. */
  #forget(): void {
    this.#id = undefined
    this.#enabled = false
    this.#archive.stop()
    this.#requests.clear()
    // What is kept already is recognised by its origin-id (DESIGN 6).
    const again = this.sending.take().filter(({ said }) => said !== undefined && !said.refusedAloud)
    this.#world.counts.add('stanzas written again', again.length)
    this.sending.queue.unshift(...again)
  }

  #later(): void {
    if (this.#retry || !this.wanted) return
    this.#retry = true
    this.#world.after(this.#world.pause(), () => {
      this.#retry = false
      this.connect()
    })
  }

  #flush(): void {
    if (this.#online) for (const item of this.sending.queue.splice(0)) this.#send(item)
  }

  #send(item: Outgoing): void {
    if (this.#enabled) this.sending.sent(item)
    this.#put(item)
    if (this.#enabled && ++this.#unasked >= 4) this.#ask()
  }

  #put(item: Outgoing): void {
    if (item.said !== undefined && item.said.sent++ > 0 && this.#world.kept.has(item.said.token))
      this.#world.counts.add('kept messages sent again')
    this.#write(item.xml)
  }

  #write(xml: string): void {
    this.note(`> ${xml.slice(0, 110)}`)
    this.#connection?.write(xml)
  }

  #ask(): void {
    this.#unasked = 0
    this.#asked ??= this.#world.now
    this.#write(`<r xmlns="${sm}"/>`)
  }

  #management(element: Element): void {
    const h = Number(element.attribute('h'))
    if (element.name === 'r') this.#write(`<a xmlns="${sm}" h="${this.#h}"/>`)
    else if (element.name === 'a') {
      this.#asked = undefined
      this.#acknowledged(h)
    } else if (element.name === 'enabled') {
      this.#counting = true
      this.#id = element.attribute('id')
    } else this.faults.push(`got <${element.name}/>`)
  }

  #acknowledged(h: number): void {
    try {
      for (const { said } of this.sending.acknowledge(h)) if (said !== undefined) this.#world.counts.add('acknowledged')
    } catch (error) {
      this.faults.push((error as Error).message)
    }
  }

  #stanza(stanza: Element): void {
    if (this.#counting) this.#h++
    if (stanza.name === 'message') this.#message(stanza)
    else if (stanza.name === 'iq') this.#iq(stanza)
    else if (stanza.attribute('type') === 'error' && stanza.attribute('from') === this.account)
      this.#inSession(() => this.present())
    else this.presences.take(stanza, xml => this.#send({ xml }))
  }

  #message(message: Element): void {
    if (message.attribute('type') === 'error') {
      this.#world.refusedAloud(message.attribute('id') ?? '', message)
      return
    }
    const found = stanzas.brought(message, this.account)
    if (found === undefined) return
    const { way, token, id } = found
    if (way === 'carbon') this.#world.counts.add('carbons')
    if (way === 'delayed') this.#world.counts.add('backlog messages')
    this.inbox.take({ token, id, way, session: this.session })
    this.#archive.came(found)
  }

  #iq(iq: Element): void {
    const type = iq.attribute('type')
    if (type === 'result' || type === 'error') {
      this.roster.answer(iq)
      this.blocked.answer(iq)
      this.#requests.take(iq)
      return
    }
    this.roster.pushed(stanzas.rosterPush(iq))
    this.blocked.pushed(stanzas.blocklistPush(iq))
    const from = iq.attribute('from')
    const to = from === undefined ? '' : ` to="${from}"`
    this.#send({ xml: `<iq type="result" id="${iq.attribute('id')}"${to}/>` })
  }

  /** A while later, when it is connected, if the session is still this one. */
  #inSession(act: () => void): void {
    const { session } = this
    this.#world.after(2000, () => {
      if (this.session !== session) return
      if (this.#online) act()
      else this.#inSession(act)
    })
  }

  /** Whoever waits too long for an answer believes the connection dead; whoever hears nothing asks. */
  #tick(): void {
    this.#world.after(look, () => {
      this.#tick()
      const { connection } = this
      if (!this.#online && connection !== undefined && this.#world.now - connection.begun > patience)
        connection.drop('no login')
      if (!this.#online || this.#suspended) return
      const { now } = this.#world
      if (this.#asked !== undefined && now - this.#asked > patience) this.#connection!.drop('no answer')
      else if (this.#asked === undefined && (now - this.#heard > patience || this.sending.waiting > 0)) {
        if (this.#enabled) this.#ask()
        else {
          this.#asked = now
          this.request('get', stanzas.ping, () => {
            this.#asked = undefined
          })
        }
      }
    })
  }
}
