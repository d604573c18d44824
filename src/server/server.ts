import type { Link } from '../link/link.ts'
import { tcpLink } from '../link/tcp.ts'
import type { Certificate, Runtime, Socket } from '../runtime/runtime.ts'
import type { OpenStorage, OwnerKind, Storage } from '../storage/storage.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { base64 } from '../wire/kinds.ts'
import { Accounts, credentials, standing } from './accounts.ts'
import type { Command } from './command.ts'
import { coreCommands } from './commands.ts'
import type { Feature } from './feature.ts'
import { type Counted, figuresOf } from './figures.ts'
import type { Shared } from './host.ts'
import { Host } from './host.ts'
import { LastMinute } from './last-minute.ts'
import { Listeners, type Listening } from './listeners.ts'
import type { Log } from './log.ts'
import { Rations } from './rations.ts'
import { Refusals } from './refusals.ts'
import { reload, type SettingChange } from './reload.ts'
import { Requests } from './requests.ts'
import { lastWords, resume, type Surroundings, suspend } from './restart.ts'
import { Road } from './road.ts'
import { roster } from './roster.ts'
import type { Config, HostConfig } from './settings.ts'
import { snapshotTables } from './snapshot.ts'
import type { Stream } from './stream.ts'
import { Streams } from './streams.ts'
import { put, storageWrite, type Table, table } from './table.ts'

export type { Listening } from './listeners.ts'

/** Bytes that a host keeps for itself and shows nobody. */
const secrets = table('secrets', { secret: base64 }, [])

const coreTables = [credentials, standing, roster, secrets, ...snapshotTables]

/** All tables of a server with these features. */
export function tablesOf(features: readonly Feature[]): readonly Table[] {
  return [...coreTables, ...features.flatMap(one => one.tables ?? [])]
}

/** How long connections may take to end when the server stops, in milliseconds. */
const farewell = 3000
/** The same when it starts again: all the others wait for that. */
const hurriedFarewell = 300

/** What a server is made of. */
export interface ServerOptions {
  readonly runtime: Runtime
  readonly storage: OpenStorage
  readonly config: Config
  readonly features: readonly Feature[]
  readonly log: Log
  /** Figures of the program around it for `status`, such as its memory. */
  readonly figures?: () => Readonly<Record<string, string | number>>
}

/** A running server: global are the store, the listeners and the limits on connections; everything else is per host. */
export class Server {
  readonly hosts = new Map<string, Host>()
  readonly commands: readonly Command[]
  readonly streams: Streams
  readonly #options: ServerOptions
  readonly #storage: Storage
  readonly #shared: Shared
  readonly #listeners: Listeners
  readonly #rations: Rations
  readonly #lastMinute: LastMinute<Counted>
  readonly #begun: number
  /** What becomes of stanzas that are sent in somebody's name. */
  readonly refusals: Refusals
  #ended: Promise<number> | undefined

  constructor(options: ServerOptions, storage: Storage) {
    const { runtime, log, config } = options
    this.#options = options
    this.#storage = storage
    const requests = new Requests(runtime.timers, () => runtime.random.id())
    const rations = new Rations(runtime.timers, log)
    this.#rations = rations
    this.refusals = new Refusals(log, rations, () => runtime.random.id())
    const served = (domain: string): Host | undefined => {
      const host = this.hosts.get(domain)
      return host?.served ? host : undefined
    }
    const road = new Road({ host: served, requests, refusals: this.refusals, storage })
    this.#shared = {
      keeping: { storage, now: () => runtime.clock.now() },
      road,
      requests,
      log,
      crypto: runtime.crypto,
      commands: () => this.commands,
      isAdministrator: who => this.config.administration.accounts.some(one => one.bare.equals(who.bare)),
      now: () => runtime.clock.now(),
      id: () => runtime.random.id(),
    }
    const streams = new Streams(config, runtime, this.hosts, road, log, rations)
    this.streams = streams
    this.#begun = runtime.clock.elapsed()
    this.#lastMinute = new LastMinute(runtime.timers, () => ({
      messages: road.messages,
      logins: streams.logins,
      refusals: rations.asked,
    }))
    this.#listeners = new Listeners(runtime.network, (carrier, socket) => {
      if (!streams.admit(socket.peer.host)) socket.destroy()
      else if (carrier === 'direct-tls') this.#secureFirst(socket)
      else this.#serve(socket, carrier === 'starttls')
    })
    this.commands = [...coreCommands(this), ...options.features.flatMap(one => one.commands?.(this) ?? [])]
  }

  /** Begins to serve a host. Rejects with StorageError. */
  async addHost(config: HostConfig): Promise<Host> {
    const { runtime, features } = this.#options
    const domain = Jid.parse(config.name)
    const id = (await this.#storage.find(domain.full)) ?? (await this.#storage.create(domain.full, 'service'))
    const host = new Host(domain, id, config, features, tablesOf(features), this.#shared)
    const iterations = () => this.config.login.iterations
    host.accounts = new Accounts(host, runtime.crypto, runtime.random, iterations, await this.#secret(host))
    this.hosts.set(domain.full, host)
    return host
  }

  /** Takes a host out of service, or puts it back. Its sessions end; its data stays. */
  setServed(host: Host, served: boolean): void {
    host.served = served
    this.#options.log('info', served ? 'host enabled' : 'host disabled', { host: host.domain.full })
    // RFC 6120 §4.9.3.5
    if (!served) this.streams.endAll(host, new StreamError('host-gone', 'This host is not served any more.'))
  }

  /** Knows a host no longer. Its data stays, for when it comes back. */
  dropHost(host: Host): void {
    if (this.hosts.size === 1) throw new Error('A server has at least one host.')
    this.setServed(host, false)
    this.hosts.delete(host.domain.full)
  }

  /**
   * Takes a host away with all accounts and all their data, as `Accounts.remove` does for each. Rejects with
   * StorageError; then the host is disabled, and what is left of it can be removed again.
   */
  async removeHost(host: Host): Promise<void> {
    if (this.hosts.size === 1) throw new Error('A server has at least one host: this is the last one.')
    const name = host.domain.full
    this.setServed(host, false)
    for (const address of await this.addresses(name)) await host.accounts.remove(Jid.parse(address))
    this.dropHost(host)
    for (const kind of ['room', 'service'] as const) {
      for (const address of await this.addresses(name, kind)) {
        const id = await this.#storage.find(address)
        if (id !== undefined) await this.#storage.remove(id, this.#options.runtime.clock.now())
      }
    }
  }

  /** The configuration that is in effect. */
  get config(): Config {
    return this.streams.config
  }

  /**
   * Becomes what another configuration says, as far as that goes while it runs; certificates are the caller's (see
   * `setCertificate`). Returns what has changed. Rejects with StorageError.
   */
  async reload(wanted: Config): Promise<readonly SettingChange[]> {
    const { config, changes } = await reload(
      {
        config: this.config,
        features: this.#options.features,
        hosts: this.hosts,
        listen: listen => this.#listeners.change(listen),
        addHost: host => this.addHost(host),
        setServed: (host, served) => this.setServed(host, served),
        dropHost: host => this.dropHost(host),
      },
      wanted,
    )
    this.streams.config = config
    return changes
  }

  /**
   * Uses this certificate for a host from the next handshake on; one that has been removed needs none. Throws a sentence
   * where key and chain do not fit.
   */
  setCertificate(host: string, certificate: Certificate): void {
    const identity = this.#options.runtime.network.identity(certificate)
    const found = this.hosts.get(host)
    if (found !== undefined) found.identity = identity
  }

  /** Listens on all configured addresses. Rejects with a sentence that names the one that cannot be had. */
  async start(): Promise<void> {
    await this.#listeners.open(this.config.listen)
    this.#lastMinute.start()
    this.streams.start()
  }

  /** Serves a client on a link of any kind. */
  accept(link: Link): Stream | undefined {
    if (this.streams.admit(link.peer.host)) return this.streams.accept(link)
    link.destroy()
    return undefined
  }

  get listening(): readonly Listening[] {
    return this.#listeners.listening
  }

  /** Figures for operators. */
  status(): Readonly<Record<string, string | number>> {
    const { listening, hosts, streams } = this
    const uptime = this.#options.runtime.clock.elapsed() - this.#begun
    return {
      ...figuresOf({ uptime, listening, hosts, streams, lastMinute: this.#lastMinute }),
      'bytes to be stored': this.#storage.pending,
      ...this.#options.figures?.(),
    }
  }

  /** Bare JIDs of a host's accounts, in order. Rejects with StorageError. */
  async addresses(host: string, kind: OwnerKind = 'account'): Promise<readonly string[]> {
    const all: string[] = []
    for (;;) {
      const after = all.at(-1)
      const page = await this.#storage.owners(host, kind, { limit: 1000, ...(after !== undefined && { after }) })
      all.push(...page)
      if (page.length < 1000) return all
    }
  }

  /** The accounts of a host: how many sessions each has, and whether it may log in. Rejects with StorageError. */
  async standings(host: Host): Promise<readonly { jid: string; sessions: number; disabled: boolean }[]> {
    const found = []
    const addresses = await this.addresses(host.domain.full)
    for (let at = 0; at < addresses.length; at += 500)
      found.push(...(await Promise.all(addresses.slice(at, at + 500).map(jid => this.#standing(host, jid)))))
    return found
  }

  /** Read past the account's memory, which a long list would fill. */
  async #standing(host: Host, jid: string) {
    const owner = host.owners.loaded(Jid.parse(jid))
    const id = owner?.id ?? (await this.#storage.find(jid))
    const row = id === undefined ? undefined : (await this.#storage.rows(id, standing.shape.name))[0]
    return { jid, sessions: owner?.sessions.length ?? 0, disabled: row !== undefined && standing.read(row).disabled }
  }

  /** Ends all sessions with unavailable presence and `system-shutdown`, then closes the store. */
  async stop(): Promise<void> {
    this.#ended ??= this.#end(false)
    await this.#ended
  }

  /**
   * Ends as `stop` does, but for sessions that may be resumed: those are in the store for the next server on it, nobody
   * sees them leave, and their connections break when all is done. Resolves with how many they are.
   */
  suspend(): Promise<number> {
    this.#ended ??= this.#end(true)
    return this.#ended
  }

  async #end(keeping: boolean): Promise<number> {
    const closed = this.#listeners.close()
    this.#lastMinute.stop()
    const error = new StreamError('system-shutdown', 'The server is shutting down.')
    const kept = keeping ? await suspend(this.#surroundings, error) : undefined
    if (kept === undefined) await this.streams.stop(error, farewell)
    else await this.streams.departed(hurriedFarewell)
    for (const host of this.hosts.values()) for (const run of host.extensions(lastWords)) run()
    await closed
    this.#rations.stop()
    await this.#storage.close()
    this.streams.cut()
    return kept ?? 0
  }

  /** Takes up the sessions that `suspend` has kept. Rejects with StorageError. */
  resume(): Promise<void> {
    return resume(this.#surroundings)
  }

  get #surroundings(): Surroundings {
    const { hosts, streams } = this
    const { runtime, log } = this.#options
    return { hosts, streams, storage: this.#storage, timers: runtime.timers, log, now: () => runtime.clock.now() }
  }

  #serve(socket: Socket, upgradable: boolean): void {
    const { stanzaBeforeLogin, depth, attributes, namespaces } = this.config.limits
    const link = tcpLink(socket, {
      timers: this.#options.runtime.timers,
      limits: { stanzaBytes: stanzaBeforeLogin, depth, attributes, namespaces },
      upgradable: upgradable && socket.security === undefined,
    })
    this.streams.accept(link)
  }

  /** XEP-0368: TLS comes before the stream. */
  #secureFirst(socket: Socket): void {
    socket.secure(this.streams.tls).then(
      () => this.#serve(socket, false),
      error => {
        const peer = socket.peer.host
        const sentence = 'TLS handshake failed'
        if (this.#rations.grants('info', sentence, peer))
          this.#options.log('info', sentence, { peer, reason: (error as Error).message })
        this.streams.release(socket.peer.host)
      },
    )
  }

  async #secret(host: Host): Promise<Uint8Array> {
    const kept = (await host.service.read(secrets))[0]
    if (kept !== undefined) return kept.secret
    const secret = this.#options.runtime.random.bytes(32)
    await this.#storage.commit(host.service.id, [storageWrite(put(secrets, { secret }))])
    return secret
  }
}

/** Opens the store and makes a server of all configured hosts; it serves nobody until `start`. Rejects with StorageError. */
export async function createServer(options: ServerOptions): Promise<Server> {
  const server = new Server(options, await options.storage(tablesOf(options.features).map(one => one.shape)))
  for (const host of options.config.hosts) await server.addHost(host)
  // Before anybody is served: what was kept is used once.
  await server.resume()
  return server
}
