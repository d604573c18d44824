import { mkdir } from 'node:fs/promises'
import { join } from 'node:path'
import { type Peer, password } from '../bench/peers/peer.ts'
import { type Ability, abilities, type Scene } from './abilities.ts'
import type { Access, Actions, Carrier, Client, Kind, Login } from './client.ts'
import { CuttableProxy } from './proxy.ts'
import type { StanzaClient } from './stanza-client.ts'

/** One cell of the table. */
export interface Cell {
  readonly ability: string
  readonly result: 'ok' | 'failed' | '–'
  /** What was seen, what went wrong, or why the client cannot. */
  readonly seen: string
}

export interface Trial {
  readonly kind: Kind
  readonly peer: Peer
  /** Features that the server announces. */
  readonly announced: ReadonlySet<string>
  /** A folder of its own. */
  readonly folder: string
  /** An authority that the server's certificate is not of. */
  readonly otherAuthority: string
  /** Names of three accounts that nobody else uses: the client's own, its contact's, and one to try logins with. */
  readonly users: readonly [string, string, string]
  /** Makes the client of the other account. */
  readonly friend: () => StanzaClient
  readonly say: (cell: Cell) => void
}

/** All that the server and an account of it announce. */
export async function announcedBy(peer: Peer, user: string, client: StanzaClient): Promise<ReadonlySet<string>> {
  try {
    await client.connect(accessOf(peer, user, 'STARTTLS'))
    return new Set([...(await client.features(peer.host)), ...(await client.features(`${user}@${peer.host}`))])
  } finally {
    await client.end()
  }
}

function accessOf(peer: Peer, user: string, carrier: Carrier): Access {
  return {
    jid: `${user}@${peer.host}`,
    password: password(user),
    address: '127.0.0.1',
    port: carrier === 'STARTTLS' ? peer.startTls : peer.directTls,
    carrier,
    authority: peer.authority,
  }
}

/** Everything that one kind of client can be tried with, in order; after a failure the rest is tried all the same. */
export async function tryClient(trial: Trial): Promise<readonly Cell[]> {
  const troupe = new Troupe(trial)
  const cells: Cell[] = []
  try {
    const begun = await troupe.begin().then(
      () => undefined,
      (error: Error) => error,
    )
    for (const ability of abilities) {
      const cell = await look(ability, trial, troupe, begun)
      cells.push(cell)
      trial.say(cell)
    }
  } finally {
    await troupe.end()
  }
  return cells
}

async function look(
  ability: Ability,
  { kind, announced }: Trial,
  scene: Scene,
  begun: Error | undefined,
): Promise<Cell> {
  const cannot = kind.cannot[ability.name]
  if (cannot !== undefined) return { ability: ability.name, result: '–', seen: cannot }
  try {
    if (begun) throw begun
    const { needs } = ability
    if (needs !== undefined && !announced.has(needs)) throw new Error(`the server does not announce ${needs}`)
    return { ability: ability.name, result: 'ok', seen: await ability.look(scene) }
  } catch (error) {
    const why = error instanceof Error ? error.message : String(error)
    return { ability: ability.name, result: 'failed', seen: why.replaceAll(/\s+/g, ' ').trim() }
  }
}

/** The clients of one trial, from the first login to the end of their processes. */
class Troupe implements Scene {
  readonly kind: Kind
  readonly host: string
  readonly me: string
  readonly other: string
  readonly friend: StanzaClient
  readonly #trial: Trial
  readonly #running: Client[] = []
  #client: Client | undefined
  #login: Login | undefined
  #twin: StanzaClient | undefined
  /** What the client itself connects through. */
  #proxy: CuttableProxy | undefined
  #folders = 0

  constructor(trial: Trial) {
    this.#trial = trial
    this.kind = trial.kind
    this.host = trial.peer.host
    this.me = `${trial.users[0]}@${this.host}`
    this.other = `${trial.users[1]}@${this.host}`
    this.friend = trial.friend()
  }

  async begin(): Promise<void> {
    this.#proxy = await CuttableProxy.before(this.#trial.peer.startTls)
    await this.friend.logIn(this.#access(this.#trial.users[1]))
    await this.again()
  }

  async end(): Promise<void> {
    await Promise.all([this.friend.end(), this.#twin?.end(), ...this.#running.map(client => client.end())])
    await this.#proxy?.end()
  }

  readonly client = (): Client & Actions => this.#client as Client & Actions

  readonly login = (): Login => this.#login!

  readonly again = async (change: Partial<Access> = {}): Promise<Client> => {
    const client = await this.#start('own', this.#trial.peer.authority)
    this.#login = await client.logIn({ ...this.#access(), port: this.#proxy!.port, ...change })
    this.#client = client
    return client
  }

  readonly cut = (): void => {
    if (this.#proxy!.cut() === 0) throw new Error('it has no connection')
  }

  readonly twin = async (): Promise<StanzaClient> => {
    if (!this.#twin) {
      this.#twin = this.#trial.friend()
      await this.#twin.connect(this.#access(), 'twin')
      // Only a session that has asked for the roster gets its pushes.
      await this.#twin.request('get', `<query xmlns='jabber:iq:roster'/>`)
    }
    return this.#twin
  }

  readonly stranger = async (carrier: Carrier, trusted: boolean): Promise<Login> => {
    const authority = trusted ? this.#trial.peer.authority : this.#trial.otherAuthority
    const client = await this.#start(`stranger-${++this.#folders}`, authority)
    try {
      return await client.logIn({ ...this.#access(this.#trial.users[2], carrier), authority })
    } finally {
      await client.end()
    }
  }

  #access(user = this.#trial.users[0], carrier: Carrier = 'STARTTLS'): Access {
    return accessOf(this.#trial.peer, user, carrier)
  }

  async #start(name: string, authority: string): Promise<Client> {
    const folder = join(this.#trial.folder, name)
    await mkdir(folder, { recursive: true })
    const client = await this.kind.start({ folder, authority })
    this.#running.push(client)
    return client
  }
}
