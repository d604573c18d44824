import { features as allFeatures } from '../features/index.ts'
import type { Framing } from '../link/framing.ts'
import { type MemoryLinks, memoryLinks } from '../link/memory.ts'
import { nodeRuntime } from '../runtime/node.ts'
import type { Runtime } from '../runtime/runtime.ts'
import { simulatedRuntime } from '../runtime/simulated.ts'
import { configOf } from '../server/check-config.ts'
import type { Feature } from '../server/feature.ts'
import type { LogFacts, LogLevel } from '../server/log.ts'
import { createServer, type Server } from '../server/server.ts'
import { openMemory } from '../storage/memory.ts'
import type { OpenStorage } from '../storage/storage.ts'
import { Jid } from '../wire/jid.ts'
import { beginner } from './begin.ts'
import { type LoggedIn, logIn } from './login.ts'
import type { Sasl2Wish } from './login-sasl2.ts'
import type { Account, Open, Player } from './play.ts'

export interface TestServerOptions {
  /** Settings as the file would have them; hosts and limits included. */
  readonly config?: Readonly<Record<string, unknown>>
  readonly features?: readonly Feature[]
  readonly storage?: OpenStorage
}

/** A line that the server logged. */
export interface LogLine {
  readonly level: LogLevel
  readonly sentence: string
  readonly facts: LogFacts
}

/** A server in memory: real streams and stages, no socket and no port, and a clock that stands still until told to go. */
export interface TestServer {
  readonly server: Server
  readonly log: readonly LogLine[]
  /** Makes the account where it is not there, logs in and binds. The password is `secret` unless told. */
  connect(jid: string, account?: Partial<Account>): Promise<Player>
  /** The same by SASL2, with what else is wanted in one breath; nothing is bound unless that is in it. */
  logIn(jid: string, wish: Sasl2Wish): Promise<LoggedIn>
  /** A connection that a script drives itself, encrypted from the begin unless its actor's carrier is STARTTLS. */
  readonly open: Open
  /** A fresh connection to say anything on: the client's end has not been started. */
  link(options?: { encrypted?: boolean; framing?: Framing }): MemoryLinks
  addUser(jid: string, password?: string): Promise<void>
  /** Lets so many milliseconds pass. */
  advance(milliseconds: number): Promise<void>
  stop(): Promise<void>
}

const clientLimits = { stanzaBytes: 2 ** 24, depth: 1000, attributes: 10_000, namespaces: 1000 }

/** Starts one for `localhost`. */
export async function testServer(options: TestServerOptions = {}): Promise<TestServer> {
  const node = nodeRuntime()
  const simulated = simulatedRuntime({ crypto: node.crypto })
  // Turns come by themselves; only time waits for the test.
  const timers = {
    after: simulated.timers.after.bind(simulated.timers),
    cancel: simulated.timers.cancel.bind(simulated.timers),
    turn: node.timers.turn.bind(node.timers),
  }
  const runtime: Runtime = { ...simulated, timers, crypto: node.crypto }
  const log: LogLine[] = []
  const features = options.features ?? allFeatures
  const config = configOf({ login: { iterations: 4096 }, ...options.config }, features)
  const server = await createServer({
    runtime,
    storage: options.storage ?? openMemory(),
    config,
    features,
    log: (level, sentence, facts = {}) => log.push({ level, sentence, facts }),
  })
  for (const name of server.hosts.keys()) server.setCertificate(name, { chain: `chain of ${name}`, key: 'key' })
  server.streams.start()
  const known = new Set<string>()
  // A store that was used before has accounts already.
  const exists = async (bare: string) => {
    const address = Jid.parse(bare)
    return (await server.hosts.get(address.domain)?.owners.find(address)) !== undefined
  }
  const self: TestServer = {
    server,
    log,
    async addUser(jid, password = 'secret') {
      known.add(jid)
      const address = Jid.parse(jid)
      await server.hosts.get(address.domain)!.accounts.create(address, password)
    },
    async connect(jid, account = {}) {
      const bare = Jid.parse(jid).bare.full
      if (!known.has(bare) && !(await exists(bare))) await self.addUser(bare, account.password)
      const resource = account.resource ?? (Jid.parse(jid).resource || undefined)
      return logIn(
        self.link().client,
        { jid: bare, password: 'secret', ...account, resource },
        { crypto: node.crypto, random: count => runtime.random.bytes(count) },
      )
    },
    async logIn(jid, sasl2) {
      if (!known.has(jid) && !(await exists(jid))) await self.addUser(jid)
      const account = { jid, password: 'secret', resource: undefined }
      return logIn(self.link().client, account, {
        crypto: node.crypto,
        random: count => runtime.random.bytes(count),
        sasl2,
      })
    },
    async open({ jid, carrier }) {
      const encrypted = carrier !== 'starttls'
      return beginner(self.link({ encrypted }).client, jid, { role: 'client', name: Jid.parse(jid).domain })
    },
    link(linkOptions = {}) {
      const links = memoryLinks({ timers, random: runtime.random }, { limits: clientLimits, ...linkOptions })
      const { stanzaBeforeLogin, depth, attributes, namespaces } = config.limits
      links.server.limit({ stanzaBytes: stanzaBeforeLogin, depth, attributes, namespaces })
      server.accept(links.server)
      return links
    },
    advance: milliseconds => simulated.advance(milliseconds),
    async stop() {
      const stopped = server.stop()
      // Who does not close its end is not waited for longer than this.
      await simulated.advance(10_000)
      await stopped
    },
  }
  return self
}
