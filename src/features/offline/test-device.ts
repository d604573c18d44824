import type { Session } from '../../server/session.ts'
import type { Sasl2Wish } from '../../testing/login-sasl2.ts'
import type { Player } from '../../testing/play.ts'
import { answerTo } from '../../testing/questions.ts'
import type { TestServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { form } from '../archive/test-scene.ts'
import { isResult, mam, result } from '../archive/wire.ts'
import { stanzaId } from '../stanza-id/wire.ts'

const sm = 'urn:xmpp:sm:3'

/** A client of Juliet's that has a name for its device, and what it was told. */
export class Device {
  readonly player: Player
  readonly session: Session
  /** Messages that came, in order; copies count as what they hold. */
  readonly messages: Element[] = []
  /** The ids of messages that its archive showed it. */
  readonly shown: string[] = []
  /** The archive's id of the last one. */
  last = ''
  /** How often it was asked whether it is there. */
  asked = 0
  /** Whether it says what it has got. */
  tells = true
  #received = 0
  #counts = false
  #pings = 0

  private constructor(player: Player, session: Session) {
    this.player = player
    this.session = session
  }

  /** It logs in as this device, under stream management or not, and becomes available where a priority is given. */
  static async connect(
    house: TestServer,
    device: string,
    { managed = true, priority = 0 as number | null, resource = device } = {},
  ): Promise<Device> {
    const player = await house.connect(`juliet@localhost/${resource}`)
    const owner = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!
    const session = owner.sessions.find(one => one.jid.full === player.jid)!
    session.device = device
    const self = new Device(player, session)
    if (managed) {
      player.send(`<enable xmlns="${sm}" resume="true"/>`)
      while (!(await player.receive()).is('enabled', sm));
      self.#counts = true
    }
    if (priority !== null) self.available(priority)
    return self
  }

  /** It logs in by SASL2, with this wish; under stream management where that is in it. */
  static async bound(house: TestServer, wish: Sasl2Wish): Promise<Device> {
    const player = await house.logIn('juliet@localhost', wish)
    const owner = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!
    const self = new Device(player, owner.sessions.find(one => one.jid.full === player.jid)!)
    self.#counts = self.session.managed !== undefined
    return self
  }

  available(priority = 0): void {
    this.player.send(`<presence><priority>${priority}</priority></presence>`)
  }

  /** Reads all that comes until the server has worked off what was sent; tells what it has where it `tells`. */
  async read(): Promise<this> {
    // What must be acknowledged first, or waits for the store, comes in a later round.
    for (let quiet = 0; quiet < 3; ) {
      const before = this.messages.length + this.asked
      const id = `read-${++this.#pings}`
      this.player.send(`<iq type="get" id="${id}" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>`)
      for (;;) {
        const element = await this.player.receive()
        if (element.namespace === 'jabber:client') this.#received++
        if (element.attribute('id') === id) break
        this.#took(element)
      }
      if (this.#counts && this.tells) this.acknowledge()
      quiet = this.messages.length + this.asked === before ? quiet + 1 : 0
    }
    return this
  }

  /** Reads until so many messages have come: a real store takes its time. */
  async until(count: number): Promise<this> {
    while (this.messages.length < count) await this.read()
    return this
  }

  acknowledge(count = this.#received): void {
    this.player.send(`<a xmlns="${sm}" h="${count}"/>`)
  }

  /** Asks its archive for this page, by this form. */
  query(page: string, fields: Readonly<Record<string, string>> = {}): void {
    const set = `<set xmlns="http://jabber.org/protocol/rsm">${page}</set>`
    this.player.send(`<iq type="set" id="q"><query xmlns="${mam}">${form(fields)}${set}</query></iq>`)
  }

  /** The ids of what came since the last look. */
  ids(): readonly string[] {
    return this.messages.splice(0).map(one => one.attribute('id') ?? '')
  }

  #took(element: Element): void {
    const answer = answerTo(element)
    if (answer !== undefined) {
      this.asked++
      if (this.tells) this.player.send(answer)
    } else if (isResult(element)) {
      const { id, forwarded } = result.read(element.elements[0]!)
      this.last = id
      const { stanza } = forwarded
      this.shown.push(stanza?.attribute('id') ?? '')
    } else if (element.name === 'message') {
      const [first] = element.elements
      const isCopy = first?.namespace === 'urn:xmpp:carbons:2'
      this.messages.push(isCopy ? first.elements[0]!.elements.find(one => one.name === 'message')! : element)
    }
  }
}

/** The ids under which Juliet's account keeps these messages. */
export function keptAs(messages: readonly Element[]): readonly (string | undefined)[] {
  return messages.map(one =>
    one.elements.find(child => stanzaId.is(child) && child.attribute('by') === 'juliet@localhost')?.attribute('id'),
  )
}
