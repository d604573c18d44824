import { copyFile, mkdir, readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { type Peer, password } from '../bench/peers/peer.ts'
import { run, until } from '../bench/peers/process.ts'
import type { Check } from './report.ts'
import { Terminal } from './terminal.ts'

/** A profanity in a terminal, with a home of its own, for one user. */
class Profanity {
  readonly user: string
  readonly terminal: Terminal
  readonly #log: string

  private constructor(user: string, terminal: Terminal, log: string) {
    this.user = user
    this.terminal = terminal
    this.#log = log
  }

  /**
   * `authorities` is a folder as OpenSSL wants it. It is given by SSL_CERT_DIR, because profanity 0.13.1 takes no notice
   * of its own `/tls certpath` (seen with strace: it looks only into OpenSSL's default folder).
   */
  static async start(folder: string, user: string, authorities: string): Promise<Profanity> {
    const home = join(folder, user)
    const paths = { HOME: home, XDG_CONFIG_HOME: join(home, 'config'), XDG_DATA_HOME: join(home, 'data') }
    await Promise.all(Object.values(paths).map(path => mkdir(path, { recursive: true })))
    const env = { ...paths, SSL_CERT_DIR: authorities, LANG: 'C.UTF-8' }
    const terminal = await Terminal.open('terminal', home, 'profanity --log DEBUG', env)
    await terminal.see("Type '/help' to show complete help.")
    return new Profanity(user, terminal, join(paths.XDG_DATA_HOME, 'profanity', 'logs', 'profanity.log'))
  }

  /** Connects by hand-typed commands; the password is asked for and typed. */
  async connect(peer: Peer): Promise<void> {
    await this.terminal.type(`/connect ${this.user}@${peer.host} server 127.0.0.1 port ${peer.startTls} tls force`)
    await this.terminal.see('Enter password:')
    await this.terminal.type(password(this.user))
  }

  async logIn(peer: Peer): Promise<string> {
    await this.connect(peer)
    const line = await this.terminal.see('logged in successfully', 20)
    const mechanism = await this.logged(/SENT: <auth [^>]*mechanism="([^"]+)"/)
    if (!mechanism.startsWith('SCRAM-')) throw new Error(`logged in by ${mechanism}`)
    await this.logged(/(Certificate verification passed)/)
    return `${line.replace(/^[\d:]+ - /, '')} ${mechanism}, certificate verified`
  }

  /** The last match of what profanity wrote to its own log. */
  async logged(pattern: RegExp): Promise<string> {
    return until(`${this.user}'s log has ${pattern}`, 5, async () => {
      const all = [...(await readFile(this.#log, 'utf8')).matchAll(new RegExp(pattern, 'g'))]
      return all.at(-1)?.[1]
    })
  }

  async quit(): Promise<void> {
    await this.terminal.type('/quit').catch(() => {})
    await until(`${this.user}'s terminal gone`, 5, () =>
      this.terminal.screen().then(
        () => false,
        () => true,
      ),
    ).catch(() => {})
    await this.terminal.close()
  }
}

/** A folder with one trusted certificate under the name that OpenSSL looks for. */
async function authorityFolder(folder: string, file: string): Promise<string> {
  await mkdir(folder, { recursive: true })
  await copyFile(file, join(folder, 'authority.pem'))
  await run('openssl', ['rehash', folder])
  return folder
}

/** Two users of profanity, from the first login to a message that waited for one of them. */
export async function twoProfanities(
  check: Check,
  peer: Peer,
  folder: string,
  stranger: string,
  users: [string, string],
): Promise<void> {
  const [one, two] = users
  const [trusted, wrong] = [join(folder, 'trusted'), join(folder, 'wrong')]
  await Promise.all([authorityFolder(trusted, peer.authority), authorityFolder(wrong, stranger)])
  const open: Profanity[] = []
  const start = async (user: string, authorities: string, home = folder) => {
    const profanity = await Profanity.start(home, user, authorities)
    open.push(profanity)
    return profanity
  }
  const subscribe = async (from: Profanity, to: Profanity) => {
    await from.terminal.type(`/sub request ${to.user}@${peer.host}`)
    await to.terminal.see(`Received authorization request from ${from.user}@${peer.host}`)
    await to.terminal.type(`/sub allow ${from.user}@${peer.host}`)
    await from.terminal.see(`Subscription received from ${to.user}@${peer.host}`)
    return from.terminal.see(new RegExp(`\\+\\+ ${to.user}@.* is online`))
  }
  const say = async (from: Profanity, to: Profanity, body: string) => {
    await from.terminal.type(`/msg ${to.user}@${peer.host} ${body}`)
    await to.terminal.type('/win 2')
    return to.terminal.see(`: ${body}`)
  }
  try {
    await check('refuses another authority', async () => {
      const other = await start(one, wrong, join(folder, 'stranger'))
      await other.connect(peer)
      const line = await other.terminal.see('TLS certificate verification failed')
      await other.terminal.type('/tls deny')
      await other.terminal.see('Login failed.')
      await other.quit()
      return line
    })
    let [a, b] = [await start(one, trusted), await start(two, trusted)]
    await check(`${one} logs in by SCRAM`, () => a.logIn(peer))
    await check(`${two} logs in by SCRAM`, () => b.logIn(peer))
    await check(`${one} subscribes to ${two}`, () => subscribe(a, b))
    await check(`${two} subscribes to ${one}`, () => subscribe(b, a))
    await check(`${one} sees both directions in the roster`, async () => {
      await a.terminal.type('/roster')
      return a.terminal.see(`${two}@${peer.host} - both`)
    })
    await check(`${one} says something`, () => say(a, b, 'But, soft! <what> light & "so"?'))
    await check(`${two} answers`, () => say(b, a, 'Ay me! Ünicöde'))
    await check(`${two} quits`, async () => {
      await b.quit()
      await a.terminal.type('/win 1')
      return a.terminal.see(new RegExp(`-- ${two}@.* is offline`))
    })
    await check(`${two} comes back and has what was said meanwhile`, async () => {
      const waiting = 'Three words, dear Romeo'
      await a.terminal.type(`/msg ${two}@${peer.host} ${waiting}`)
      await a.terminal.see(`me: ${waiting}`)
      b = await start(two, trusted)
      await b.logIn(peer)
      await b.terminal.see('<< chat message')
      await b.terminal.type('/win 2')
      const line = await b.terminal.see(`: ${waiting}`)
      const stamp = await b.logged(/RECV: <message .*<delay [^>]*stamp="([^"]+)"/)
      return `${line.trim()}, delayed since ${stamp}`
    })
  } finally {
    await Promise.all(open.map(profanity => profanity.terminal.close()))
  }
}
