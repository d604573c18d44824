import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { run, until } from '../bench/peers/process.ts'
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

/**
 * A profanity in a terminal with a home of its own: what it does is typed, what it knows is read from its screen. Its
 * log is read only for what it does not show.
 */
class Profanity implements Client {
  readonly #terminal: Terminal
  readonly #log: string

  private constructor(terminal: Terminal, log: string) {
    this.#terminal = terminal
    this.#log = log
  }

  /**
   * The certificate is given by SSL_CERT_DIR, a folder as OpenSSL wants it, because profanity 0.13.1 takes no notice of
   * its own `/tls certpath` (seen with strace: it looks only into OpenSSL's default folder).
   */
  static async start({ folder, authority }: Start): Promise<Profanity> {
    const paths = { HOME: folder, XDG_CONFIG_HOME: join(folder, 'config'), XDG_DATA_HOME: join(folder, 'data') }
    const authorities = join(folder, 'authorities')
    await Promise.all([...Object.values(paths), authorities].map(path => mkdir(path, { recursive: true })))
    await copyFile(authority, join(authorities, 'authority.pem'))
    await run('openssl', ['rehash', authorities])
    const env = { ...paths, SSL_CERT_DIR: authorities, LANG: 'C.UTF-8' }
    const terminal = await Terminal.open('terminal', folder, 'profanity --log DEBUG', env)
    await terminal.see("Type '/help' to show complete help.")
    return new Profanity(terminal, join(paths.XDG_DATA_HOME, 'profanity', 'logs', 'profanity.log'))
  }

  async logIn({ jid, password, address, port, carrier }: Access): Promise<Login> {
    const tls = carrier === 'STARTTLS' ? 'force' : 'legacy'
    await this.#terminal.type(`/connect ${jid} server ${address} port ${port} tls ${tls}`)
    await this.#terminal.see('Enter password:')
    await this.#terminal.type(password)
    const line = await this.#terminal.see(/logged in successfully|TLS certificate verification failed|Login failed/, 20)
    if (!line.includes('logged in')) throw new Refused(line)
    await this.#logged(/(Certificate verification passed)/)
    const mechanism = await this.#logged(/SENT: <auth [^>]*mechanism="([^"]+)"/)
    for (const setting of [
      '/roster hide',
      '/receipts request on',
      '/receipts send on',
      '/states on',
      '/outtype on',
      '/reconnect 1',
    ])
      await this.#terminal.type(setting)
    return { mechanism, tls: '' }
  }

  /** All that the first group of a pattern matches in profanity's own log. */
  async #inLog(pattern: RegExp): Promise<string[]> {
    return [...(await readFile(this.#log, 'utf8')).matchAll(new RegExp(pattern, 'g'))].map(match => match[1]!)
  }

  /** The last match, once there are more of them than `before`. */
  #logged(pattern: RegExp, before = 0): Promise<string> {
    return until(`the log has ${pattern}`, 10, async () => {
      const found = await this.#inLog(pattern)
      return found.length > before ? found.at(-1) : undefined
    })
  }

  /** Types into the first window, and waits for what it answers. */
  async #console(line: string, answer?: string | RegExp): Promise<string> {
    await this.#terminal.type('/win 1')
    await this.#terminal.type(line)
    return answer === undefined ? '' : this.#terminal.see(answer)
  }

  async leave(): Promise<void> {
    await this.#terminal.type('/quit')
    await this.#terminal.gone()
  }

  end(): Promise<void> {
    return this.#terminal.close()
  }

  async subscribe(to: string): Promise<void> {
    await this.#console(`/sub request ${to}`, `Sent subscription request to ${to}`)
  }

  async accept(from: string): Promise<void> {
    await this.#terminal.type('/win 1')
    await this.#terminal.see(`Received authorization request from ${from}`)
    await this.#console(`/sub allow ${from}`, `Accepted subscription for ${from}`)
  }

  async accepted(by: string): Promise<void> {
    await this.#terminal.type('/win 1')
    await this.#terminal.see(`Subscription received from ${by}`)
  }

  async present(show: Show, status: string): Promise<void> {
    await this.#console(`/status set ${show}${status && ` "${status}"`}`, `Status set to ${show}`)
  }

  async sees(contact: string, show: Show | 'offline', status = ''): Promise<void> {
    await this.#terminal.type('/win 1')
    await this.#terminal.see(
      line => line.includes(` ${contact} `) && line.includes(` is ${show}`) && line.includes(status),
    )
  }

  async say(to: string, body: string): Promise<void> {
    await this.#terminal.type(`/msg ${to} ${body}`)
  }

  async hears(from: string, body: string, delayed: Delayed = false): Promise<void> {
    await this.#terminal.type(`/msg ${from}`)
    await this.#terminal.see(`: ${body}`)
    const stamps = await this.#inLog(/RECV: <message .*<delay [^>]*stamp="([^"]+)"/)
    if (delayed) judgeDelay(stamps.at(-1), delayed)
  }

  async arrange(contact: string, name: string, group: string): Promise<void> {
    await this.#console(`/roster add ${contact} ${name}`)
    await this.#console(`/roster group add ${group} ${contact}`, ` added to group ${group}`)
  }

  async lists(contact: string, name: string, group: string): Promise<void> {
    const wanted = `${contact} (${name}) - both - ${group}`
    await until(`the roster shows ${wanted}`, 10, async () => {
      await this.#console('/roster', 'Roster: jid')
      return (await this.#terminal.screen()).includes(wanted)
    })
  }

  async discovers(entity: string, feature: string): Promise<void> {
    await this.#console(`/disco info ${entity}`, `Service discovery info for ${entity}`)
    await this.#terminal.see(`   ${feature}`)
  }

  async pings(): Promise<void> {
    await this.#console('/ping', 'Ping response from server')
  }

  async block(jid: string): Promise<void> {
    await this.#console(`/blocked add ${jid}`, `User ${jid} successfully blocked.`)
  }

  async unblock(jid: string): Promise<void> {
    await this.#console(`/blocked remove ${jid}`, `User ${jid} successfully unblocked.`)
  }

  async blocks(jid: string): Promise<void> {
    await this.#console('/blocked', 'Blocked users:')
    await this.#terminal.see(`-   ${jid}`)
  }

  async enableCarbons(): Promise<void> {
    const enabled = /SENT: <iq [^>]*type="set"[^>]*>(<enable xmlns="urn:xmpp:carbons:2")/
    const before = (await this.#inLog(enabled)).length
    await this.#console('/carbons on', 'Message carbons preference enabled.')
    await this.#logged(enabled, before)
  }

  async seesCarbon(direction: Direction, other: string, body: string): Promise<void> {
    await this.#terminal.type(`/msg ${other}`)
    await this.#terminal.see(direction === 'sent' ? `me: ${body}` : `: ${body}`)
  }

  /** Its bookmarks are there. */
  async keeps(text: string): Promise<{ name: string; namespace: string }> {
    await this.#console(`/bookmark add ${text} nick juliet`, `Bookmark added for ${text}.`)
    return { name: 'storage', namespace: 'storage:bookmarks' }
  }

  async kept(text: string): Promise<void> {
    await this.#console('/bookmark list', `   ${text}/juliet`)
  }

  async lastActivity(of: string): Promise<number> {
    const line = await this.#console(`/lastactivity get ${of}`, /uptime \d+ days/)
    const [, days, hours, minutes, seconds] = /(\d+) days, (\d+) hrs, (\d+) mins, (\d+) secs/.exec(line)!.map(Number)
    return ((days! * 24 + hours!) * 60 + minutes!) * 60 + seconds!
  }

  async version(of: string): Promise<string> {
    const line = await this.#console(`/serversoftware ${of}`, /Name +: /)
    return line.replace(/.*Name +: /, '')
  }

  async composes(to: string): Promise<void> {
    const composing = /SENT: <message .*(<composing xmlns="http:\/\/jabber.org\/protocol\/chatstates")/
    const before = (await this.#inLog(composing)).length
    await this.#terminal.type(`/msg ${to}`)
    await this.#terminal.typing('What’s in a name?')
    await this.#logged(composing, before)
    await this.#terminal.type('')
  }

  async seesComposing(from: string): Promise<void> {
    await this.#terminal.type(`/msg ${from}`)
    await this.#terminal.see('(typing...)')
  }

  /** A receipt only changes the colour of what was said, so the log is asked. */
  async saysForReceipt(to: string, body: string): Promise<void> {
    const receipt = /RECV: <message .*(<received [^>]*xmlns="urn:xmpp:receipts")/
    const before = (await this.#inLog(receipt)).length
    await this.say(to, body)
    await this.#logged(receipt, before)
  }

  /** Only its log tells whether the session is the same. */
  async resumes(): Promise<void> {
    const answer = await this.#logged(/RECV: <(resumed|failed) /)
    if (answer !== 'resumed') throw new Error('its session was over')
  }

  async changePassword(password: string): Promise<void> {
    await this.#console('/changepassword', 'Enter password:')
    await this.#terminal.type(password)
    await this.#terminal.see('Confirm password:')
    await this.#terminal.type(password)
    await this.#terminal.see('Password successfully changed.')
  }
}

export const profanity: Kind = {
  name: 'profanity',
  source: 'Debian: profanity',
  version: () => debianVersion('profanity'),
  start: start => Profanity.start(start),
  cannot: {
    'own vCard': 'it has no vCards in this version',
    'others’ vCard': 'it has no vCards in this version',
    time: 'it has no command for it',
    token: 'it does not know SASL2 in this version',
    archive: 'it looks for one among the features of the server, not of the account (XEP-0313 §7)',
  },
}
