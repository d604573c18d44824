import { type ChildProcess, spawn } from 'node:child_process'
import { writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { endWithUs, run, until } from '../bench/peers/process.ts'
import { type Access, type Client, judgeDelay, type Kind, type Login, Refused, type Start } from './client.ts'
import { debianVersion } from './packages.ts'

/** A go-sendxmpp that listens, and another one for each message that is said. */
class GoSendxmpp implements Client {
  readonly #config: string
  readonly #env: NodeJS.ProcessEnv
  #listener: ChildProcess | undefined
  #flags: readonly string[] = []
  #heard = ''
  #debug = ''
  #ended = false

  constructor({ folder, authority }: Start) {
    this.#config = join(folder, 'config')
    this.#env = { ...process.env, HOME: folder, SSL_CERT_FILE: authority, SSL_CERT_DIR: folder }
  }

  async logIn({ jid, password, address, port, carrier }: Access): Promise<Login> {
    const lines = [`username: ${jid}`, `password: ${password}`, `jserver: ${address}:${port}`]
    await writeFile(this.#config, `${lines.join('\n')}\n`, { mode: 0o600 })
    this.#flags = ['-f', this.#config, ...(carrier === 'direct TLS' ? ['--tls'] : [])]
    const listener = spawn('/usr/bin/go-sendxmpp', [...this.#flags, '--debug', '--listen'], { env: this.#env })
    this.#listener = listener
    listener.stdout.on('data', chunk => (this.#heard += chunk))
    listener.stderr.on('data', chunk => (this.#debug += chunk))
    const gone = endWithUs(listener.pid)
    listener.on('close', () => {
      gone()
      this.#ended = true
    })
    // It says nothing by itself; but what it received is in its debugging output, its own presence at last.
    const own = new RegExp(`<presence [^>]*from=['"]${jid}/`)
    await until('go-sendxmpp online', 20, () => this.#ended || own.test(this.#debug))
    if (this.#ended) throw new Refused(this.#debug.trim().slice(-2000))
    return { mechanism: '', tls: '' }
  }

  async leave(): Promise<void> {
    this.#listener!.kill('SIGINT')
    await until('go-sendxmpp gone', 5, () => this.#ended)
  }

  async end(): Promise<void> {
    if (!this.#listener || this.#ended) return
    this.#listener.kill('SIGKILL')
    await until('go-sendxmpp gone', 5, () => this.#ended)
  }

  async say(to: string, body: string): Promise<void> {
    await run('/usr/bin/go-sendxmpp', [...this.#flags, to], { input: body, env: this.#env, seconds: 15 })
  }

  /** It prints the time of the delay where there is one, the present one otherwise. */
  async hears(from: string, body: string): Promise<void> {
    const line = await until(`go-sendxmpp prints "${body}"`, 10, () =>
      this.#heard.split('\n').find(one => one.endsWith(` ${from}: ${body}`)),
    )
    judgeDelay(line.split(' ')[0], true)
    // What comes behind a message must not end it.
    await new Promise(resolve => setTimeout(resolve, 300))
    if (this.#ended) throw new Error(`it ended: ${this.#debug.trim().slice(-2000)}`)
  }
}

const only = 'it sends and receives messages, nothing else'

export const goSendxmpp: Kind = {
  name: 'go-sendxmpp',
  source: 'Debian: go-sendxmpp',
  version: () => debianVersion('go-sendxmpp'),
  start: async start => new GoSendxmpp(start),
  cannot: {
    SCRAM: 'its library, go-xmpp, does not know it in this version; it logs in by PLAIN inside TLS',
    subscriptions: only,
    presence: only,
    roster: only,
    disco: only,
    ping: only,
    'chat states': only,
    receipts: only,
    carbons: only,
    'own vCard': only,
    'others’ vCard': only,
    blocking: only,
    'private XML': only,
    'last activity': only,
    version: only,
    time: only,
    archive: only,
    resumption: only,
    token: only,
    password: only,
    'offline messages':
      'it prints them, and then crashes at the ping (XEP-0199) by which the server asks whether they have arrived, as at any ping',
  },
}
