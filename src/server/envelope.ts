import { type Element, escapeAttribute } from '../wire/element.ts'
import type { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import type { Logged, Owner } from './owner.ts'
import type { Session } from './session.ts'
import { subscriptionTypes } from './stanza-checks.ts'

export type StanzaKind = 'message' | 'presence' | 'iq'

/** The branches of the road: one for each kind, but two for presence. What is about subscriptions changes rosters (RFC 6121 §3). */
export type Branch = StanzaKind | 'subscription'

/** A stanza on its way. Never changed: a stage that wants another one makes it with `with…`. */
export class Envelope {
  readonly stanza: Element
  readonly branch: Branch
  /** The type attribute; what its absence means (`normal`, `available`) where there is none. */
  readonly type: string
  readonly from: Jid
  readonly to: Jid | undefined
  /** The account, room or service whose rules apply. */
  readonly owner: Owner
  /** Where it came in, while it is being sent. */
  readonly session: Session | undefined
  /** The entry of the owner's log that holds it, or will once `store` is through; undefined where none does. */
  readonly logged: Logged | undefined
  #xml: string | undefined

  /** `xml`: the stanza's text, where that is known already. */
  constructor(
    stanza: Element,
    branch: Branch,
    type: string,
    from: Jid,
    to: Jid | undefined,
    owner: Owner,
    session: Session | undefined,
    logged?: Logged,
    xml?: string,
  ) {
    this.stanza = stanza
    this.branch = branch
    this.type = type
    this.from = from
    this.to = to
    this.owner = owner
    this.session = session
    this.logged = logged
    this.#xml = xml
  }

  get kind(): StanzaKind {
    return this.branch === 'subscription' ? 'presence' : this.branch
  }

  /** Canonical text of the stanza, relative to `jabber:client`: made once. */
  get xml(): string {
    this.#xml ??= this.stanza.xml(ns.client)
    return this.#xml
  }

  /** The same journey with another stanza of the same addresses and type. */
  withStanza(stanza: Element): Envelope {
    return new Envelope(stanza, this.branch, this.type, this.from, this.to, this.owner, this.session, this.logged)
  }

  /** The owner's own copy, which this entry of its log will hold. */
  loggedAs(logged: Logged, stanza: Element): Envelope {
    return new Envelope(stanza, this.branch, this.type, this.from, this.to, this.owner, this.session, logged)
  }

  /** The same stanza for somebody else; the content is shared. */
  withTo(to: Jid): Envelope {
    return new Envelope(
      this.stanza.with('to', to.full),
      this.branch,
      this.type,
      this.from,
      to,
      this.owner,
      this.session,
    )
  }

  /** The same stanza, now under the rules of its recipient; where it came in stays known only to its own account. */
  arrivingAt(owner: Owner): Envelope {
    const session = owner === this.owner ? this.session : undefined
    return new Envelope(this.stanza, this.branch, this.type, this.from, this.to, owner, session, undefined, this.#xml)
  }

  /** The same stanza, which names nobody, for its own sender's account; it stays as it is (RFC 6120 §10.3). */
  forOwnAccount(): Envelope {
    return new Envelope(this.stanza, this.branch, this.type, this.from, this.from.bare, this.owner, this.session)
  }

  get id(): string | undefined {
    return this.stanza.attribute('id')
  }
}

/** One stanza for many, each of whom it names: all that is not its `to` is made and written once. */
export class Copies {
  readonly #e: Envelope
  readonly #before: string
  readonly #behind: string

  constructor(e: Envelope) {
    this.#e = e
    ;[this.#before, this.#behind] = e.stanza.around('to', ns.client)
  }

  for(to: Jid): Envelope {
    const { stanza, branch, type, from, owner, session } = this.#e
    const xml = this.#before + escapeAttribute(to.full) + this.#behind
    return new Envelope(stanza.with('to', to.full), branch, type, from, to, owner, session, undefined, xml)
  }
}

/** What a stanza without a type attribute is. */
export function typeOf(kind: StanzaKind, stanza: Element): string {
  return stanza.attribute('type') ?? (kind === 'message' ? 'normal' : kind === 'presence' ? 'available' : '')
}

/** Where a stanza of this kind and type goes along. */
export function branchOf(kind: StanzaKind, type: string): Branch {
  return kind === 'presence' && subscriptionTypes.has(type) ? 'subscription' : kind
}

/** The kind that an element's name says, or undefined where it is no stanza (RFC 6120 §8). */
export function kindOf(name: string): StanzaKind | undefined {
  return name === 'message' || name === 'presence' || name === 'iq' ? name : undefined
}

/** An envelope for a stanza that an owner sends by itself, addresses read from the stanza's attributes. */
export function envelope(stanza: Element, from: Jid, to: Jid | undefined, owner: Owner): Envelope {
  const kind = kindOf(stanza.name)
  if (kind === undefined) throw new TypeError(`<${stanza.name}/> is no stanza`)
  const type = typeOf(kind, stanza)
  return new Envelope(stanza, branchOf(kind, type), type, from, to, owner, undefined)
}
