import { readFile, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { until } from '../bench/peers/process.ts'
import {
  type Access,
  type Client,
  type Delayed,
  type Direction,
  judgeDelay,
  type Kind,
  type Login,
  Refused,
  type Show,
  type Start,
} from './client.ts'
import { debianVersion } from './packages.ts'
import { Terminal } from './terminal.ts'

const letters: Readonly<Record<Show | 'offline', string>> = {
  online: 'o',
  away: 'a',
  chat: 'f',
  dnd: 'd',
  xa: 'n',
  offline: '_',
}

/**
 * An mcabber in a terminal with a home of its own: what it does is typed, what it knows is read from its screen. Its
 * trace is read only for what it does not show.
 */
class Mcabber implements Client {
  readonly #folder: string
  readonly #authority: string
  #terminal: Terminal | undefined

  constructor({ folder, authority }: Start) {
    this.#folder = folder
    this.#authority = authority
  }

  get #screen(): Terminal {
    return this.#terminal!
  }

  async logIn({ jid, password, address, port, carrier }: Access): Promise<Login> {
    const direct = carrier === 'direct TLS'
    const settings = {
      jid,
      password: `"${password}"`,
      // For direct TLS it verifies the name that it connects to.
      server: direct ? jid.split('@')[1] : address,
      port,
      [direct ? 'ssl' : 'tls']: 1,
      ssl_ca: this.#authority,
      log_win_height: 40,
      escdelay: 10,
      beep_on_message: 0,
      tracelog_level: 3,
      tracelog_file: this.#trace,
    }
    const lines = Object.entries(settings).map(([name, value]) => `set ${name} = ${value}\n`)
    const file = join(this.#folder, 'mcabberrc')
    await writeFile(file, lines.join(''), { mode: 0o600 })
    await writeFile(this.#trace, '')
    const env = { HOME: this.#folder, LANG: 'C.UTF-8' }
    this.#terminal = await Terminal.open('terminal', this.#folder, `mcabber -f '${file}'`, env)
    const line = await this.#screen.see(
      /Your status has been set: \[_>o\]|Certificate .*!|Disconnected, reason|error while connecting|Login failed/,
      20,
    )
    if (!line.includes('status')) {
      const why = (await this.#screen.screen()).split('\n').find(one => /Certificate .*!/.test(one))
      throw new Refused(why?.trim() ?? line)
    }
    const [mechanism] = await this.#traced(/<auth [^>]*mechanism="([^"]+)"/)
    return { mechanism: mechanism!, tls: '' }
  }

  get #trace(): string {
    return join(this.#folder, 'trace')
  }

  async #inTrace(pattern: RegExp): Promise<string[]> {
    return [...(await readFile(this.#trace, 'utf8')).matchAll(new RegExp(pattern, 'g'))].map(match => match[1]!)
  }

  /** All that the first group of a pattern matches in the trace, once there is more than `before`. */
  #traced(pattern: RegExp, before = 0): Promise<string[]> {
    return until(`the trace has ${pattern}`, 10, async () => {
      const found = await this.#inTrace(pattern)
      return found.length > before && found
    })
  }

  async leave(): Promise<void> {
    await this.#screen.type('/quit')
    await this.#screen.gone()
  }

  async end(): Promise<void> {
    await this.#terminal?.close()
  }

  /**
   * Opens the window of somebody. The search goes on from the one that is open and finds parts of addresses and names,
   * too; whose window it is then is told by `/info`.
   */
  async #open(jid: string): Promise<void> {
    for (let tries = 0; ; tries++) {
      await this.#screen.type(`/roster search ${jid}`)
      await this.#screen.type('/info')
      // An empty line enters the mode that shows the window.
      await this.#screen.type('')
      try {
        await until(`mcabber opens ${jid}`, 0.7, async () => {
          const lines = (await this.#screen.screen()).split('\n')
          return lines.findLast(line => line.includes('*** jid: '))?.includes(`<${jid}>`)
        })
        return
      } catch (error) {
        if (tries === 8) throw error
      }
    }
  }

  async subscribe(to: string): Promise<void> {
    await this.#screen.type(`/add ${to}`)
    await this.#screen.see(`Sent presence notification request to <${to}>`)
  }

  async accept(from: string): Promise<void> {
    await this.#screen.see(`<${from}> wants to subscribe to your presence updates`)
    await this.#screen.type('/event * accept')
    await this.#screen.see(`<${from}> is allowed to receive your presence updates`)
  }

  async accepted(by: string): Promise<void> {
    await this.#screen.see(`<${by}> has allowed you to receive their presence updates`)
  }

  async present(show: Show, status: string): Promise<void> {
    await this.#screen.type(`/status ${show === 'xa' ? 'notavail' : show} ${status || '-'}`)
    await this.#screen.see(new RegExp(`Your status has been set: \\[.>${letters[show]}\\]`))
  }

  async sees(contact: string, show: Show | 'offline', status = ''): Promise<void> {
    await this.#open(contact)
    await this.#screen.see(line => line.includes(`[${letters[show]}] Buddy: `) && line.includes(status))
  }

  async say(to: string, body: string): Promise<void> {
    await this.#screen.type(`/say_to ${to} ${body}`)
  }

  async hears(from: string, body: string, delayed: Delayed = false): Promise<void> {
    await this.#open(from)
    await this.#screen.see(`<== ${body}`)
    // It shows when a message was sent, to the minute.
    const stamps = await this.#inTrace(/<delay [^>]*stamp=['"]([^'"]+)/)
    if (delayed) judgeDelay(stamps.at(-1), delayed)
  }

  async arrange(contact: string, name: string, group: string): Promise<void> {
    this.#contact = contact
    await this.#open(contact)
    await this.#screen.type(`/rename ${name}`)
    await this.#screen.see(`Buddy: ${name}`)
    await this.#screen.type(`/move ${group}`)
    await this.#screen.see(`--- ${group}`)
    // The group has come back from the server when this has: it works in order.
    await this.pings(contact.split('@')[1]!)
  }

  /** In its roster, the left part of the screen: the group, and below it the name. */
  async lists(_contact: string, name: string, group: string): Promise<void> {
    await until(`the roster shows ${name} in ${group}`, 10, async () => {
      const roster = (await this.#screen.screen()).split('\n').map(line => line.slice(0, 22))
      const at = roster.findIndex(line => line.includes(`--- ${group}`))
      return at >= 0 && roster[at + 1]!.includes(`] ${name}`)
    })
  }

  /** The contact that was added to the roster, about whom notes can be made. */
  #contact = ''

  /** Asks an entity for something; the line of the answer. */
  async #request(what: string, of: string, answer: RegExp): Promise<string> {
    await this.#screen.type(`/request ${what} ${of}`)
    await this.#screen.see(`Sent ${what} request to <${of}>`)
    await this.#open(of)
    return (await this.#screen.see(answer)).replace(/^.*│ */, '')
  }

  async pings(entity: string): Promise<void> {
    await this.#request('ping', entity, new RegExp(`Pong from <${entity}>`))
  }

  async reads(of: string, name: string): Promise<void> {
    await this.#screen.type(`/request vcard ${of}`)
    await this.#open(of)
    await this.#screen.see(`Name: ${name}`)
  }

  async lastActivity(of: string): Promise<number> {
    const line = await this.#request('last', of, /Idle time: /)
    const [, hours, minutes, seconds] = /(\d+):(\d+):(\d+)/.exec(line)!.map(Number)
    return (hours! * 60 + minutes!) * 60 + seconds!
  }

  async version(of: string): Promise<string> {
    return (await this.#request('version', of, /│ +Name: +/)).replace(/^Name: +/, '')
  }

  async time(of: string): Promise<string> {
    return (await this.#request('time', of, /UTC: /)).replace(/^UTC: +/, '')
  }

  async enableCarbons(): Promise<void> {
    await this.#screen.type('/carbons enable')
    await this.#screen.see('Carbons enabled.')
  }

  async seesCarbon(direction: Direction, other: string, body: string): Promise<void> {
    await this.#open(other)
    await this.#screen.see(`${direction === 'sent' ? '-->' : '<=='} ${body}`)
  }

  /** A note about a contact is there (XEP-0145). */
  async keeps(text: string): Promise<{ name: string; namespace: string }> {
    await this.#open(this.#contact)
    const written = /(<query xmlns="jabber:iq:private">)/
    const before = (await this.#inTrace(written)).length
    await this.#screen.type(`/roster note ${text}`)
    await this.#traced(written, before)
    await this.pings(text.split('@')[1]!)
    return { name: 'storage', namespace: 'storage:rosternotes' }
  }

  async kept(text: string): Promise<void> {
    await this.#open(this.#contact)
    await this.#screen.type('/roster note')
    await this.#screen.see(`Note: ${text}`)
  }

  async composes(to: string): Promise<void> {
    await this.#open(to)
    const composing = /(<composing xmlns="http:\/\/jabber.org\/protocol\/chatstates"><\/composing>)/
    const before = (await this.#inTrace(composing)).length
    await this.#screen.typing('What’s in a name?')
    await this.#traced(composing, before)
    await this.#screen.type('')
  }

  async seesComposing(from: string): Promise<void> {
    await this.#open(from)
    await this.#screen.see(/Buddy: .*\[C\]/)
  }

  /** A receipt is not shown, so the trace is asked. */
  async saysForReceipt(to: string, body: string): Promise<void> {
    const receipt = /(<received [^>]*xmlns=['"]urn:xmpp:receipts)/
    const before = (await this.#inTrace(receipt)).length
    await this.say(to, body)
    await this.#traced(receipt, before)
  }
}

export const mcabber: Kind = {
  name: 'mcabber',
  source: 'Debian: mcabber',
  version: () => debianVersion('mcabber'),
  start: async start => new Mcabber(start),
  cannot: {
    SCRAM: 'its library, loudmouth, knows only PLAIN and DIGEST-MD5; it logs in by PLAIN inside TLS',
    disco: 'it has no command for it',
    'own vCard': 'it only reads vCards',
    blocking: 'it does not know XEP-0191',
    archive: 'it does not know XEP-0313',
    resumption: 'its library, loudmouth, does not know XEP-0198',
    token: 'it does not know SASL2',
    password: 'it has no command for it',
  },
}
