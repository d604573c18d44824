import type { Link, StreamReader } from '../../link/link.ts'
import type { SocketPair } from '../../runtime/socket-pair.ts'
import type { Element } from '../../wire/element.ts'
import type { StreamError } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import { short, sm } from './stanzas.ts'

/** What a connection tells the device that made it. */
export interface Connected {
  readonly account: string
  readonly resource: string
  /** The name of the device, where it logs in by SASL2. */
  readonly agent: string | undefined
  /** What to resume, where there is something: asked for once it is logged in. */
  readonly resumption: { readonly id: string; readonly h: number } | undefined
  bound(connection: Connection): void
  resumed(connection: Connection, h: number): void
  notResumed(h: number | undefined): void
  element(element: Element): void
  /** It is over, for whatever reason. */
  lost(connection: Connection, reason: string): void
  note(what: string): void
}

const sasl2 = 'urn:xmpp:sasl:2'

type Step = 'greeting' | 'login' | 'features' | 'resuming' | 'binding' | 'session' | 'over'

/** A client's end of one stream, from the first header to a session, and to its end. */
export class Connection implements StreamReader {
  readonly pair: SocketPair
  readonly #link: Link
  readonly #device: Connected
  #step: Step = 'greeting'

  /** When it was made. */
  readonly begun: number

  constructor(device: Connected, pair: SocketPair, link: Link, begun: number) {
    this.begun = begun
    this.pair = pair
    this.#device = device
    this.#link = link
    link.start(this)
    this.#open()
  }

  write(xml: string): void {
    this.#link.write(xml)
  }

  pause(): void {
    this.#link.pause()
  }

  resume(): void {
    this.#link.resume()
  }

  /** Leaves in good order (RFC 6120 §4.4). */
  close(): void {
    this.#link.close()
    this.#over('closed by the client')
  }

  /** Gives the connection up. */
  drop(reason: string): void {
    this.#link.destroy()
    this.#over(reason)
  }

  opened(): void {}

  element(element: Element): void {
    if (this.#step === 'over') return
    if (element.is('error', ns.streams)) {
      this.drop(`stream error ${element.elements[0]?.name}`)
      return
    }
    if (this.#step === 'session') this.#device.element(element)
    else this.#negotiate(element)
  }

  closed(): void {
    this.#link.close()
    this.#over('closed by the server')
  }

  failed(error: StreamError): void {
    this.drop(`unreadable: ${error.message}`)
  }

  ended(error?: Error): void {
    this.#over(error?.message ?? 'ended')
  }

  #over(reason: string): void {
    if (this.#step === 'over') return
    this.#step = 'over'
    this.#device.lost(this, reason)
  }

  #open(): void {
    const { account } = this.#device
    this.#link.open({ to: account.slice(account.indexOf('@') + 1), version: '1.0' })
  }

  #negotiate(element: Element): void {
    this.#device.note(`< ${short(element)}`)
    switch (this.#step) {
      case 'greeting':
        this.#step = 'login'
        this.#logIn()
        break
      case 'login':
        if (element.is('success', sasl2)) this.#proven(element)
        else if (element.name === 'success') this.#loggedIn()
        else this.drop(`login refused: ${element.elements[0]?.name}`)
        break
      case 'features':
        this.#askForSession()
        break
      case 'resuming':
        this.#resuming(element)
        break
      case 'binding':
        this.#bound(element)
    }
  }

  #logIn(): void {
    const { agent } = this.#device
    if (agent === undefined) {
      this.write(`<auth xmlns="${ns.sasl}" mechanism="PLAIN">${this.#credentials()}</auth>`)
      return
    }
    const initial = `<initial-response>${this.#credentials()}</initial-response>`
    const name = `<user-agent id="${agent}"><software>simulated</software></user-agent>`
    this.write(`<authenticate xmlns="${sasl2}" mechanism="PLAIN">${initial}${name}${this.#resumption()}</authenticate>`)
  }

  /** XEP-0388 §2.6: features follow; what was asked for with the login is in here (XEP-0198 §9.2). */
  #proven(success: Element): void {
    this.#step = 'features'
    const answer = success.child('resumed', sm) ?? success.child('failed', sm)
    if (answer === undefined) return
    const h = countIn(answer)
    if (answer.name === 'failed') this.#device.notResumed(h)
    else {
      this.#step = 'session'
      this.#device.resumed(this, h!)
    }
  }

  #resumption(): string {
    const { resumption } = this.#device
    return resumption === undefined ? '' : `<resume xmlns="${sm}" previd="${resumption.id}" h="${resumption.h}"/>`
  }

  #loggedIn(): void {
    this.#step = 'features'
    this.#link.restart()
    this.#open()
  }

  #askForSession(): void {
    const resumption = this.#resumption()
    if (resumption === '') {
      this.#bind()
      return
    }
    this.#step = 'resuming'
    this.write(resumption)
  }

  #bound(iq: Element): void {
    if (iq.attribute('type') === 'result') {
      this.#step = 'session'
      this.#device.bound(this)
    } else this.drop('binding refused')
  }

  /** XEP-0198 §5 */
  #resuming(element: Element): void {
    const h = countIn(element)
    if (element.is('resumed', sm)) {
      this.#step = 'session'
      this.#device.resumed(this, h!)
    } else {
      this.#device.notResumed(h)
      this.#bind()
    }
  }

  #bind(): void {
    this.#step = 'binding'
    const resource = `<resource>${this.#device.resource}</resource>`
    this.write(`<iq type="set" id="bind"><bind xmlns="${ns.bind}">${resource}</bind></iq>`)
  }

  /** RFC 4616: authorization identity (none), name and password. */
  #credentials(): string {
    const { account } = this.#device
    return btoa(`\0${account.slice(0, account.indexOf('@'))}\0secret`)
  }
}

function countIn(element: Element): number | undefined {
  const h = element.attribute('h')
  return h === undefined ? undefined : Number(h)
}
