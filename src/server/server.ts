import type { Link } from '../link/link.ts'
import { tcpLink } from '../link/tcp.ts'
import type { Address, Certificate, Listener, Runtime, Socket } from '../runtime/runtime.ts'
import type { OpenStorage, Storage } from '../storage/storage.ts'
import { StreamError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { base64 } from '../wire/kinds.ts'
import { Accounts, credentials, standing } from './accounts.ts'
import type { Command } from './command.ts'
import { coreCommands } from './commands.ts'
import type { Feature } from './feature.ts'
import type { Shared } from './host.ts'
import { Host } from './host.ts'
import type { Log } from './log.ts'
import { Requests } from './requests.ts'
import { Road } from './road.ts'
import { roster } from './roster.ts'
import type { Config, HostConfig } from './settings.ts'
import type { Stream } from './stream.ts'
import { Streams } from './streams.ts'
import { put, storageWrite, table } from './table.ts'

/** Bytes that a host keeps for itself and shows nobody. */
const secrets = table('secrets', { secret: base64 }, [])

const coreTables = [credentials, standing, roster, secrets]

/** How long connections may take to end when the server stops, in milliseconds. */
const farewell = 3000

/** What a server is made of. */
export interface ServerOptions {
  readonly runtime: Runtime
  readonly storage: OpenStorage
  readonly config: Config
  readonly features: readonly Feature[]
  readonly log: Log
}

/** An address that the server listens on, and what it expects there. */
export interface Listening {
  readonly carrier: 'starttls' | 'direct-tls' | 'plain'
  readonly address: Address
}

/** A running server: global are the store, the listeners and the limits on connections; everything else is per host. */
export class Server {
  readonly hosts = new Map<string, Host>()
  readonly commands: readonly Command[]
  readonly streams: Streams
  readonly #options: ServerOptions
  readonly #storage: Storage
  readonly #shared: Shared
  readonly #listeners: { listening: Listening; listener: Listener }[] = []
  #stopped: Promise<void> | undefined

  constructor(options: ServerOptions, storage: Storage) {
    const { runtime, log, config } = options
    this.#options = options
    this.#storage = storage
    const requests = new Requests(runtime.timers, () => runtime.random.id())
    const road = new Road({
      host: domain => this.hosts.get(domain),
      requests,
      log,
      reference: () => runtime.random.id(),
    })
    this.#shared = {
      keeping: { storage, now: () => runtime.clock.now() },
      road,
      requests,
      log,
      now: () => runtime.clock.now(),
      id: () => runtime.random.id(),
    }
    this.streams = new Streams(config, runtime, this.hosts, road, log)
    this.commands = [...coreCommands(this), ...options.features.flatMap(one => one.commands?.(this) ?? [])]
  }

  /** Begins to serve a host. Rejects with StorageError. */
  async addHost(config: HostConfig): Promise<Host> {
    const { runtime, features } = this.#options
    const domain = Jid.parse(config.name)
    const id = (await this.#storage.find(domain.full)) ?? (await this.#storage.create(domain.full, 'service'))
    const tables = features.flatMap(one => one.tables ?? [])
    const host = new Host(domain, id, config, features, [...coreTables, ...tables], this.#shared)
    const { crypto, random } = runtime
    host.accounts = new Accounts(host, crypto, random, this.#options.config.login.iterations, await this.#secret(host))
    this.hosts.set(domain.full, host)
    return host
  }

  /** Uses this certificate for a host from the next handshake on. Throws a sentence where key and chain do not fit. */
  setCertificate(host: string, certificate: Certificate): void {
    this.hosts.get(host)!.identity = this.#options.runtime.network.identity(certificate)
  }

  /** Listens on all configured addresses. Rejects with a sentence that names the one that cannot be had. */
  async start(): Promise<void> {
    const { starttls, directTls, plain } = this.#options.config.listen
    for (const address of starttls) await this.#listen('starttls', address, socket => this.#serve(socket, true))
    for (const address of directTls) await this.#listen('direct-tls', address, socket => this.#secureFirst(socket))
    for (const address of plain) await this.#listen('plain', address, socket => this.#serve(socket, false))
    this.streams.start()
  }

  /** Serves a client on a link of any kind. */
  accept(link: Link): Stream | undefined {
    if (this.streams.admit(link.peer.host)) return this.streams.accept(link)
    link.destroy()
    return undefined
  }

  get listening(): readonly Listening[] {
    return this.#listeners.map(one => one.listening)
  }

  /** Figures for operators. */
  status(): Readonly<Record<string, string | number>> {
    const sessions = [...this.hosts.values()].flatMap(host =>
      [...host.owners.all()].map(owner => owner.sessions.length),
    )
    return {
      hosts: [...this.hosts.keys()].join(', '),
      listening: this.listening.map(({ carrier, address }) => `${carrier} ${written(address)}`).join(', '),
      connections: this.streams.size,
      sessions: sessions.reduce((sum, count) => sum + count, 0),
      'bytes to be stored': this.#storage.pending,
    }
  }

  /** Bare JIDs of a host's accounts, in order. */
  async addresses(host: string): Promise<readonly string[]> {
    const all: string[] = []
    for (;;) {
      const after = all.at(-1)
      const page = await this.#storage.owners(host, 'account', { limit: 1000, ...(after !== undefined && { after }) })
      all.push(...page)
      if (page.length < 1000) return all
    }
  }

  /** Ends all sessions with unavailable presence and `system-shutdown`, then closes the store. */
  stop(): Promise<void> {
    this.#stopped ??= this.#stop()
    return this.#stopped
  }

  async #stop(): Promise<void> {
    const closed = this.#listeners.map(one => one.listener.close())
    await this.streams.stop(new StreamError('system-shutdown', 'The server is shutting down.'), farewell)
    await Promise.all(closed)
    await this.#storage.close()
  }

  async #listen(carrier: Listening['carrier'], address: Address, accept: (socket: Socket) => void): Promise<void> {
    const listener = await this.#options.runtime.network.listen(address, socket => {
      if (this.streams.admit(socket.peer.host)) accept(socket)
      else socket.destroy()
    })
    this.#listeners.push({ listening: { carrier, address: listener.address }, listener })
  }

  #serve(socket: Socket, upgradable: boolean): void {
    const { limits } = this.#options.config
    const { stanzaBeforeLogin, depth, attributes, namespaces } = limits
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
        this.#options.log('info', 'TLS handshake failed', { peer: socket.peer.host, reason: (error as Error).message })
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
  const tables = [...coreTables, ...options.features.flatMap(one => one.tables ?? [])]
  const server = new Server(options, await options.storage(tables.map(one => one.shape)))
  for (const host of options.config.hosts) await server.addHost(host)
  return server
}

function written({ host, port }: Address): string {
  return `${host.includes(':') ? `[${host}]` : host}:${port}`
}
