import type { Jid } from '../../wire/jid.ts'
import type { Stage } from './exports.ts'
import { commandError } from './wire.ts'

/** Commands at once in all, and ended ones that are remembered as such. */
const atMost = 10_000
const remembered = 1000

/** What sessions need of their surroundings. */
export interface SessionRules {
  /** Milliseconds since 1970. */
  now(): number
  id(): string
  /** How many one account may have at once. */
  perAccount(): number
  /** How long one stays without a word, in milliseconds. */
  patience(): number
}

/** The execution of one command by one requester (XEP-0050 §3.3). */
export interface CommandSession {
  readonly id: string
  /** Full JID of the requester. */
  readonly who: Jid
  readonly node: string
  /** The stages so far, the present one last. */
  readonly stages: Stage[]
  /** Whether a step is being taken: another one must wait for its answer. */
  busy: boolean
  /** Milliseconds since 1970. */
  expires: number
}

/** Commands that are being executed, each known only to who began it. */
export class CommandSessions {
  readonly #rules: SessionRules
  /** Longest unused first. */
  readonly #open = new Map<string, CommandSession>()
  /** Ids of ended ones, with whose they were: oldest first. */
  readonly #ended = new Map<string, string>()

  constructor(rules: SessionRules) {
    this.#rules = rules
  }

  /** How many there are now. */
  get size(): number {
    return this.#open.size
  }

  /** Begins one. Where this account has too many, its longest unused one ends: clients close forms without a word. */
  begin(who: Jid, node: string): CommandSession {
    this.#sweep()
    const own = [...this.#open.values()].filter(one => one.who.bare.equals(who.bare))
    if (own.length >= this.#rules.perAccount()) this.end(own[0]!)
    else if (this.#open.size >= atMost) this.end(this.#open.values().next().value!)
    const session = { id: this.#rules.id(), who, node, stages: [], busy: false, expires: 0 }
    this.#touch(session)
    return session
  }

  /** The one with this id, of this requester and command. Throws StanzaError with the condition of XEP-0050 §4.4. */
  find(id: string, who: Jid, node: string): CommandSession {
    this.#sweep()
    const session = this.#open.get(id)
    if (session === undefined && this.#ended.get(id) === who.full)
      throw commandError('session-expired', 'This session is over: completed, cancelled or unused for too long.')
    if (session === undefined || !session.who.equals(who) || session.node !== node)
      throw commandError('bad-sessionid', 'You have no session of this id with this command.')
    this.#touch(session)
    return session
  }

  end(session: CommandSession): void {
    if (!this.#open.delete(session.id)) return
    this.#ended.set(session.id, session.who.full)
    if (this.#ended.size > remembered) this.#ended.delete(this.#ended.keys().next().value!)
  }

  #touch(session: CommandSession): void {
    session.expires = this.#rules.now() + this.#rules.patience()
    this.#open.delete(session.id)
    this.#open.set(session.id, session)
  }

  #sweep(): void {
    const now = this.#rules.now()
    for (const session of this.#open.values()) if (session.expires <= now && !session.busy) this.end(session)
  }
}
