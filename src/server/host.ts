import type { Crypto, TlsIdentity } from '../runtime/runtime.ts'
import { Element } from '../wire/element.ts'
import { StanzaError } from '../wire/errors.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import type { Accounts } from './accounts.ts'
import { secondBinding } from './binding.ts'
import type { Command } from './command.ts'
import { envelope } from './envelope.ts'
import type {
  ChoreRegistration,
  ExtensionPoint,
  ExtensionRegistration,
  Feature,
  LoadRegistration,
  Registration,
} from './feature.ts'
import type { IqRegistration } from './handlers.ts'
import { Handlers } from './handlers.ts'
import { LiveSettings } from './live-settings.ts'
import type { Log } from './log.ts'
import type { Keeping } from './owner.ts'
import { Owner } from './owner.ts'
import { Owners } from './owners.ts'
import type { Roads, StageRegistration, WritingRegistration } from './pipeline.ts'
import { compile } from './pipeline.ts'
import type { Requests } from './requests.ts'
import type { Road } from './road.ts'
import { contactOf, isSubscriber } from './roster.ts'
import type { Session } from './session.ts'
import type { HostConfig } from './settings.ts'
import type { StreamFeature } from './stream-feature.ts'
import type { Table } from './table.ts'
import type { Passage } from './turns.ts'

/** What all hosts of a server share. */
export interface Shared {
  readonly keeping: Keeping
  readonly road: Road
  readonly requests: Requests
  readonly log: Log
  readonly crypto: Crypto
  /** What operators can ask for: of the core, and of the features. */
  commands(): readonly Command[]
  /** Whether this is, or comes from, one of the accounts in `administration.accounts`. */
  isAdministrator(who: Jid): boolean
  /** Milliseconds since 1970. */
  now(): number
  /** A fresh, unguessable identifier. */
  id(): string
}

/** One domain that is served here: its accounts, its features with their settings, its certificate. */
export class Host {
  readonly domain: Jid
  readonly features: readonly Feature[]
  readonly shared: Shared
  readonly owners: Owners
  /** The host itself, as an owner. */
  readonly service: Owner
  readonly roads: Roads
  readonly writing: {
    readonly check: readonly WritingRegistration['run'][]
    readonly hold: readonly WritingRegistration['run'][]
  }
  readonly handlers: Handlers
  readonly chores: readonly ChoreRegistration[]
  readonly #extensions: readonly ExtensionRegistration[]
  /** What was asked for of them, by point: each login asks for several. */
  readonly #hung = new Map<ExtensionPoint<unknown>, readonly unknown[]>()
  /** Stream features that features of this host add to the core's. */
  readonly streamFeatures: readonly StreamFeature[]
  /** Set by the server once the store is open. */
  accounts!: Accounts
  /** The certificate in use; replaced when the files change. */
  identity: TlsIdentity | undefined
  /** Whether clients may come and stanzas arrive; a host that is disabled only keeps its data. */
  served: boolean
  /** Its settings as they are in effect. */
  config: HostConfig
  readonly #settings = new Map<string, LiveSettings>()

  constructor(
    domain: Jid,
    serviceId: number,
    config: HostConfig,
    features: readonly Feature[],
    tables: readonly Table[],
    shared: Shared,
  ) {
    this.domain = domain
    this.features = features
    this.shared = shared
    this.config = config
    this.served = config.disabled !== true
    this.service = new Owner('service', domain, this, serviceId, shared.keeping)
    const all = features.flatMap(one => this.#start(one))
    const of = <R extends Registration>(what: R['registers']) => all.filter(one => one.registers === what) as R[]
    this.roads = compile(of<StageRegistration>('stage'))
    const writing = of<WritingRegistration>('writing')
    this.writing = {
      check: writing.filter(one => one.stage === 'check').map(one => one.run),
      hold: writing.filter(one => one.stage === 'hold').map(one => one.run),
    }
    this.handlers = new Handlers([...secondBinding, ...of<IqRegistration>('iq')])
    this.chores = of<ChoreRegistration>('chore')
    this.#extensions = of<ExtensionRegistration>('extension')
    this.streamFeatures = of<StreamFeature>('stream-feature')
    this.owners = new Owners(this, 'account', shared.keeping, tables, of<LoadRegistration>('load'))
  }

  #start(feature: Feature): readonly Registration[] {
    const settings = new LiveSettings(this.config.features[feature.name] ?? {})
    this.#settings.set(feature.name, settings)
    const registrations = feature.start({ config: settings.values, host: this })
    settings.started()
    return registrations
  }

  /** Whether another value of a feature's setting takes effect while the server runs. */
  takesEffect(feature: string, name: string): boolean {
    return this.#settings.get(feature)?.takesEffect(name) ?? false
  }

  /** Takes other settings; what needs a restart stays as it is in `config`. */
  configure(config: HostConfig): void {
    const features = Object.entries(config.features).map(([name, values]) => [
      name,
      this.#settings.get(name)?.change(values) ?? values,
    ])
    this.config = { ...config, features: Object.fromEntries(features) }
  }

  /** RFC 6121 §8.5.3.1: whether this entity may know that a session is there. */
  maySee(session: Session, who: Jid): boolean {
    const { owner } = session
    return (
      who.bare.equals(owner.address) ||
      isSubscriber(contactOf(owner, who)) ||
      session.directed.has(who.full) ||
      session.directed.has(who.bare.full) ||
      who.equals(this.domain)
    )
  }

  /** What features have hung at a point, in the order of their list. Whole only once the host is made. */
  extensions<T>(point: ExtensionPoint<T>): readonly T[] {
    let found = this.#hung.get(point)
    if (found === undefined) {
      found = this.#extensions.filter(one => one.point === point).map(one => one.value)
      this.#hung.set(point, found)
    }
    return found as readonly T[]
  }

  /**
   * Sends a stanza in an owner's name; its addresses are as given. The account's own rules hold for presence (whom it
   * blocks sees nothing), but not where a subscription ends or is answered: two rosters must stay alike.
   */
  send(
    owner: Owner,
    from: Jid,
    to: Jid,
    name: 'message' | 'presence',
    attributes: readonly string[],
    children: readonly Element[] = [],
  ): Passage {
    const stanza = new Element(name, ns.client, ['from', from.full, 'to', to.full, ...attributes], children)
    const e = envelope(stanza, from, to, owner)
    const answer = e.branch === 'subscription' && e.type !== 'subscribe'
    return name === 'presence' && owner.kind === 'account' && !answer
      ? this.shared.road.show(e)
      : this.shared.road.route(e)
  }

  /** Shows somebody a presence stanza of one of an owner's sessions, where the account's own rules let it. */
  pass(owner: Owner, presence: Element, to: Jid): Passage {
    const from = Jid.parse(presence.attribute('from')!)
    return this.shared.road.show(envelope(presence.with('to', to.full), from, to, owner))
  }

  /** Asks a session something in the host's name. Rejects with StanzaError: what it answered, or that it did not within so many milliseconds. */
  request(session: Session, type: 'get' | 'set', payload: Element, patience = 60_000): Promise<Element | undefined> {
    // Nobody would ever answer.
    if (session.ended) return Promise.reject(new StanzaError('recipient-unavailable'))
    return this.shared.requests.make(type, this.domain, session.jid, payload, patience, stanza =>
      session.deliver(stanza),
    )
  }
}
