import { destination } from '../../server/delivery.ts'
import type { Envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import type { LogEntry, Owner } from '../../server/owner.ts'
import type { Kept } from '../../server/pipeline.ts'
import type { Session } from '../../server/session.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { isResult } from '../archive/wire.ts'
import { delay } from '../delay/wire.ts'
import { isStorable } from './storable.ts'

/** The cursor of all clients that are no devices of their own (DESIGN 6). */
const legacy = 'legacy'
/** Messages, and characters of XML, that are handed over before the client is asked whether it has them. */
const page = 50
const pageLength = 32 * 1024
/** Messages that wait in memory for a session that is still getting older ones. */
const waitingAtMost = 256

/** A message that came for a session that is getting a backlog, and that is not in the log. */
interface Late {
  /** The last entry of the log when it came: it goes behind that. */
  readonly behind: number
  readonly stanza: Element
  readonly envelope: Envelope | undefined
}

/** One session that is getting the backlog of its account. */
interface HandOver {
  readonly session: Session
  readonly late: Late[]
  /** The last entry that was passed on. */
  passed: number
  /** The last entry that there was when the log was last looked at. */
  seen: number
  /** Whether what is delivered now comes from here. */
  passing: boolean
}

/** How a hand-over ended: all is handed over, the session could take no more, or something here is broken. */
type Ending = 'done' | 'gone' | 'broken'

/**
 * The backlogs of all accounts: one session of an account gets it, and confirms it page by page. What arrives for that
 * session meanwhile goes behind it.
 */
export class Backlogs {
  readonly #host: Host
  readonly #limits: { readonly maximum: number }
  readonly #current = new WeakMap<Owner, HandOver>()
  /** Messages that are in somebody's log already, while they are still on their road. */
  readonly #kept = new WeakMap<Element, Owner>()

  constructor(host: Host, limits: { readonly maximum: number }) {
    this.#host = host
    this.#limits = limits
  }

  /** Keeps a message in the log for whoever comes next: in the entry that holds it already, where there is one. Throws StanzaError where there is no room. */
  keep({ owner, from, stanza, logged }: Envelope): Kept {
    if (this.#kept.get(stanza) === owner) return true
    const seen = Math.max(owner.cursor(legacy), this.#current.get(owner)?.seen ?? 0)
    if (logged !== undefined && (logged.undelivered || logged.id > seen)) {
      this.#kept.set(stanza, owner)
      return (logged.undelivered ? undefined : owner.commit({ undelivered: logged })) ?? true
    }
    // XEP-0160 §2: the sender hears that there is no room.
    if (logged === undefined && owner.undelivered >= this.#limits.maximum) throw new StanzaError('service-unavailable')
    const at = this.#host.shared.now()
    const entry = { at, peer: from.bare.full, direction: 'in', archived: false, undelivered: true } as const
    const receipt = owner.commit({ append: { ...entry, xml: stanza.toString() } })
    this.#kept.set(stanza, owner)
    return receipt ?? true
  }

  /** Keeps a message that is only for a session that is still getting older ones: it will come out of the log behind them. */
  keepBehind(e: Envelope): Kept {
    if (e.logged?.undelivered) return this.keep(e)
    const current = this.#current.get(e.owner)
    if (current === undefined || !isStorable(e) || destination(e.owner, e) !== current.session) return undefined
    return this.keep(e)
  }

  /** Whether a stanza is a message for a session that is still getting older ones: then it comes later. */
  holds(session: Session, stanza: Element, envelope: Envelope | undefined): boolean {
    const current = this.#current.get(session.owner)
    if (current?.session !== session || current.passing || stanza.name !== 'message') return false
    if (isResult(stanza)) return false
    if (this.#kept.get(stanza) === session.owner) return true
    const isNext = current.late.length === 0 && session.owner.last <= current.passed
    if (isNext || current.late.length >= waitingAtMost) return false
    current.late.push({ behind: session.owner.last, stanza, envelope })
    return true
  }

  /** Hands the backlog over, where there is one and nobody is getting it: to the session that came, or to one that takes messages. */
  handOver(owner: Owner, to?: Session): void {
    if (owner.undelivered === 0 || this.#current.has(owner)) return
    const session = to !== undefined && takes(to) ? to : owner.sessions.find(takes)
    if (session === undefined) return
    const current: HandOver = { session, late: [], passed: 0, seen: 0, passing: false }
    this.#current.set(owner, current)
    session.holding++
    this.#run(owner, current)
  }

  async #run(owner: Owner, current: HandOver): Promise<void> {
    let ending: Ending = 'broken'
    try {
      ending = await this.#pages(owner, current)
    } catch (error) {
      // What is wrong with the store is so for every session: somebody's next presence tries again.
      const facts = { account: owner.address.full, reason: String(error) }
      this.#host.shared.log('error', 'backlog not handed over', facts)
    }
    this.#current.delete(owner)
    current.session.holding--
    this.#release(current, Number.POSITIVE_INFINITY)
    // Something may have come since the last look at the log, or somebody else may take what is left.
    if (ending !== 'broken') this.handOver(owner, current.session)
  }

  async #pages(owner: Owner, current: HandOver): Promise<Ending> {
    const { session } = current
    while (owner.undelivered > 0) {
      current.seen = owner.last
      const entries = shortened(await owner.entries({ after: owner.cursor(legacy), undelivered: true, limit: page }))
      const last = entries.at(-1)
      if (last === undefined) return 'broken'
      if (!takes(session)) return 'gone'
      current.passing = true
      for (const entry of entries) {
        this.#release(current, entry.id - 1)
        this.#pass(session, entry)
        current.passed = entry.id
      }
      this.#release(current, last.id)
      current.passing = false
      // Without stream management only an answer from behind the backlog shows that it has arrived.
      if (!(await this.#confirmed(session))) return 'gone'
      await owner.commit({ cursor: legacy, to: last.id, taken: entries.length })
    }
    return 'done'
  }

  /** Delivers what belongs behind this entry or an earlier one, and is not in the log. */
  #release(current: HandOver, entry: number): void {
    let count = 0
    while (count < current.late.length && current.late[count]!.behind <= entry) count++
    for (const { stanza, envelope } of current.late.splice(0, count)) current.session.deliver(stanza, envelope)
  }

  #pass(session: Session, entry: LogEntry): void {
    try {
      session.deliver(this.#delayed(entry))
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      // One that cannot be read must not keep back all others for ever.
      const facts = { account: session.owner.address.full, entry: entry.id, reason: error.message }
      this.#host.shared.log('error', 'an entry of the log cannot be read', facts)
    }
  }

  async #confirmed(session: Session): Promise<boolean> {
    try {
      await this.#host.request(session, 'get', new Element('ping', 'urn:xmpp:ping'))
    } catch (error) {
      if (!(error instanceof StanzaError)) throw error
      if (session.ended) return false
      // An error is an answer too (XEP-0199 §4.1), but not that there was none (RFC 6120 §4.9.3.3).
      if (error.condition !== 'remote-server-timeout') return true
      session.fail(new StreamError('connection-timeout', 'No answer came to a ping.'))
      return false
    }
    return true
  }

  #delayed({ xml, at }: LogEntry): Element {
    const stanza = parse(xml)
    const stamp = delay.write({ from: this.#host.domain, stamp: new Date(at), reason: 'Offline Storage' })
    return stanza.withChildren([...stanza.children, stamp])
  }
}

/** Whether messages may be delivered to a session (RFC 6121 §8.5.2.1.1). */
function takes(session: Session): boolean {
  return session.reachable && !session.ended
}

/** The first entries that together are not too much for one client to take, and at least one. */
function shortened(entries: readonly LogEntry[]): readonly LogEntry[] {
  let length = 0
  const end = entries.findIndex(({ xml }) => (length += xml.length) > pageLength)
  return end < 0 ? entries : entries.slice(0, Math.max(1, end))
}
