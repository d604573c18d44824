import { destination } from '../../server/delivery.ts'
import type { Envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import type { Change, LogEntry, Owner } from '../../server/owner.ts'
import { legacyCursor } from '../../server/owner.ts'
import type { Kept } from '../../server/pipeline.ts'
import type { Session } from '../../server/session.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import type { Learnt } from '../archive/exports.ts'
import { isResult } from '../archive/wire.ts'
import { received } from '../carbons/wire.ts'
import { delay } from '../delay/wire.ts'
import { hasArrived } from './arrival.ts'
import type { Devices } from './devices.ts'
import { HandOver, type Look } from './hand-over.ts'
import type { Places } from './places.ts'
import { isStorable } from './storable.ts'

/** How a hand-over ended: all is handed over, the session could take no more, or something here is broken. */
type Ending = 'done' | 'gone' | 'broken'

/**
 * The backlogs of all accounts (DESIGN 6). A device gets what its account was sent while it was away: what is in the log
 * behind its cursor, whoever else has it, unless it has queried its archive. What nobody has taken is behind the legacy
 * cursor, and goes to whoever comes first, device or not (XEP-0160). Each page is confirmed before cursors move, and what
 * arrives for a session meanwhile goes behind it.
 */
export class Backlogs {
  readonly #host: Host
  readonly #limits: { readonly maximum: number }
  readonly #devices: Devices
  readonly #places: Places
  readonly #current = new WeakMap<Owner, readonly HandOver[]>()
  /** Messages that are in somebody's log already, while they are still on their road. */
  readonly #kept = new WeakMap<Element, Owner>()
  /** Messages that a device did not take: its cursor is before them. */
  readonly #behindCursor = new WeakSet<Element>()
  /** Up to which entry a session asks its archive for itself. */
  readonly #covered = new WeakMap<Session, number>()
  /** What sessions are asking their archives now. */
  readonly #asking = new WeakMap<Session, Promise<void>>()

  constructor(host: Host, limits: { readonly maximum: number }, devices: Devices, places: Places) {
    this.#host = host
    this.#limits = limits
    this.#devices = devices
    this.#places = places
  }

  /** Keeps a message in the log for whoever comes next: in the entry that holds it already, where there is one. Throws StanzaError where there is no room. */
  keep({ owner, from, stanza, logged }: Envelope): Kept {
    if (this.#kept.get(stanza) === owner) return true
    // Its device gets it out of the log; nobody else needs it who is there.
    if (this.#behindCursor.has(stanza) && owner.sessions.some(takes)) return true
    const seen = this.#of(owner).reduce((most, one) => Math.max(most, one.seen), owner.cursor(legacyCursor))
    if (logged !== undefined && (logged.undelivered || logged.id > seen)) {
      this.#kept.set(stanza, owner)
      return (logged.undelivered ? undefined : owner.commit({ undelivered: logged })) ?? true
    }
    if (this.#behindCursor.has(stanza)) return true
    // XEP-0160 §2: the sender hears that there is no room.
    if (logged === undefined && owner.undelivered >= this.#limits.maximum) throw new StanzaError('service-unavailable')
    const at = logged === undefined ? this.#host.shared.now() : Math.floor(logged.id / 1000)
    const entry = { at, peer: from.bare.full, direction: 'in', archived: false, undelivered: true } as const
    const receipt = owner.commit({ append: { ...entry, xml: stanza.toString() } })
    this.#kept.set(stanza, owner)
    return receipt ?? true
  }

  /** Keeps a message that is only for a session that is still getting older ones: it will come out of the log behind them. */
  keepBehind(e: Envelope): Kept {
    if (e.logged?.undelivered) return this.keep(e)
    const current = this.#current.get(e.owner)
    if (current === undefined || !isStorable(e)) return undefined
    const found = destination(e.owner, e)
    return current.some(one => found === one.session && !one.isOver) ? this.keep(e) : undefined
  }

  /** Whether a stanza is a message for a session that is still getting older ones: then it comes later. */
  holds(session: Session, stanza: Element, envelope: Envelope | undefined): boolean {
    if (stanza.name !== 'message') return false
    const { owner } = session
    const current = this.#of(owner).find(one => one.session === session)
    if (current === undefined || current.passing || isResult(stanza)) return false
    const message = copied(stanza) ?? stanza
    if (current.isOver) return current.comesFromLog(message)
    const isKept = this.#kept.get(message) === owner
    current.owed ||= isKept
    if (!isKept && !current.comesFromLog(message)) return current.delays(stanza, envelope)
    current.hold(message, stanza, envelope)
    return true
  }

  /**
   * A session asks its archive: what that holds until now is not handed over to it any more. Its cursor passes only what
   * it was shown.
   */
  asks(session: Session, learnt: Promise<Learnt | undefined>): void {
    const asking = Promise.all([learnt, this.#asking.get(session)]).then(([news]) => {
      if (this.#asking.get(session) === asking) this.#asking.delete(session)
      if (news === undefined) return
      this.#covered.set(session, Math.max(news.end, this.#covered.get(session) ?? 0))
      // What its device had before is no gap.
      const to = Math.max(news.to, this.#place(session))
      this.#places.keepAt(session, to < news.end ? to : undefined)
      // One that is there already may have what nobody had taken.
      if (takes(session)) this.handOver(session.owner, session)
    })
    this.#asking.set(session, asking)
  }

  #place({ owner, device }: Session): number {
    return this.#devices.knows(owner, device) ? this.#places.of(owner, device) : 0
  }

  /** A session has told everybody how available it is. */
  announced(session: Session): void {
    if (takes(session)) this.handOver(session.owner, session)
    else if (session.given === Number.POSITIVE_INFINITY) this.#places.give(session, session.owner.delivered)
  }

  /** Now and then: what could not be handed over, because the store failed, may go now. */
  tend(owner: Owner): void {
    for (const session of owner.sessions) if (takes(session)) this.handOver(owner, session)
  }

  /** Its client is back, in this process or in the next one. */
  resumed(session: Session): void {
    if (this.#of(session.owner).some(one => one.session === session)) return
    this.#places.restore(session)
    if (takes(session)) this.handOver(session.owner, session)
  }

  /** The process ends and the session does not: what waits in memory for the end of its backlog goes to its client before that. */
  suspended(session: Session): void {
    for (const one of this.#of(session.owner)) {
      if (one.session !== session) continue
      one.passing = true
      one.release(Number.POSITIVE_INFINITY)
    }
  }

  /** A session is over: what it did not take of what is in the log comes out of there again. */
  ended(session: Session): void {
    if (this.#devices.knows(session.owner, session.device))
      for (const { envelope } of session.outbox.waiting())
        if (envelope?.logged !== undefined) this.#behindCursor.add(envelope.stanza)
    this.#places.ended(session)
  }

  /**
   * Hands over what waits: to the session that came; what nobody has taken else to one that takes messages, unless
   * somebody is getting it.
   */
  handOver(owner: Owner, to?: Session): void {
    const current = this.#of(owner)
    const came = to !== undefined && takes(to) ? to : undefined
    const device = came && this.#devices.of(came)
    if (came !== undefined && device !== undefined && came.given !== Number.POSITIVE_INFINITY) {
      if (!current.some(one => one.session === came)) this.#start(came, device)
      return
    }
    if (owner.undelivered === 0 || current.length > 0) return
    const session = came ?? owner.sessions.find(takes)
    if (session !== undefined) this.#start(session, this.#devices.of(session))
  }

  #start(session: Session, device: string | undefined): void {
    const { owner } = session
    const isLive = session.given === Number.POSITIVE_INFINITY
    const isKnown = this.#devices.knows(owner, device)
    const place = isLive
      ? owner.delivered
      : Math.max(session.given, isKnown ? this.#places.of(owner, device) : owner.delivered)
    if (isKnown && !isLive && place >= owner.last && owner.undelivered === 0) {
      this.#places.confirm(session, place)
      this.#places.give(session, Number.POSITIVE_INFINITY)
      return
    }
    const one = new HandOver(session, device, place)
    this.#current.set(owner, [...this.#of(owner), one])
    if (device !== undefined) this.#places.give(session, place)
    session.holding++
    this.#run(one)
  }

  async #run(one: HandOver): Promise<void> {
    const { owner, session } = one
    let ending: Ending = 'broken'
    try {
      if (one.device !== undefined && !this.#devices.knows(owner, one.device))
        await this.#devices.begin(owner, one.device, one.from)
      ending = await this.#pages(one)
    } catch (error) {
      // What is wrong with the store is so for every session: somebody's next presence, or `tend`, tries again.
      const facts = { account: owner.address.full, reason: String(error) }
      this.#host.shared.log('error', 'backlog not handed over', facts)
    }
    const others = this.#of(owner).filter(other => other !== one)
    if (others.length > 0) this.#current.set(owner, others)
    else this.#current.delete(owner)
    if (ending === 'gone' && !session.ended) one.giveBack()
    this.#letGo(one)
    session.holding--
    // What a device is still to ask its archive for stays; it was given all the rest.
    const waits = one.device !== undefined && owner.cursor(legacyCursor) >= this.#places.limit(session)
    // Something may have come since the last look at the log, or somebody else may take what is left.
    if (ending !== 'broken' && !waits) this.handOver(owner, session)
  }

  async #pages(one: HandOver): Promise<Ending> {
    const { owner, session, device } = one
    for (;;) {
      await this.#asking.get(session)
      const look = await one.next(this.#covered.get(session) ?? 0)
      if (!takes(session)) return 'gone'
      this.#pass(one, look)
      const isAll = look.isLast && owner.last === one.seen
      if (device !== undefined) {
        // From here on nothing needs to come out of the log.
        if (isAll) {
          this.#letGo(one)
          this.#places.give(session, Number.POSITIVE_INFINITY)
        } else if (look.isShort && one.hasRoom) continue
      } else if (look.entries.length === 0 && !one.owed) return owner.undelivered === 0 ? 'done' : 'broken'
      if (one.unconfirmed + one.taking.length > 0) {
        if (!(await hasArrived(this.#host, session, session.holding > 1))) return 'gone'
        if (!(await this.#confirm(one))) return 'broken'
      }
      // Somebody else may have taken what was kept for this one: it is still in the log.
      if (device === undefined ? owner.undelivered === 0 && !one.owed : isAll)
        return one.found || owner.undelivered === 0 ? 'done' : 'broken'
    }
  }

  #pass(one: HandOver, { entries, to }: Look): void {
    const { session, device, from } = one
    const covered = this.#covered.get(session) ?? 0
    one.passing = true
    for (const entry of entries) {
      one.release(entry.id - 1)
      if (entry.undelivered) one.taking.push(entry.id)
      if (one.wants(entry, covered)) {
        // Should the session end now, this entry is the first that its device does not have.
        if (device !== undefined && entry.id > from) session.given = Math.max(session.given, entry.id - 1)
        this.#deliver(one, entry)
      }
      one.passed = entry.id
    }
    one.found ||= one.taking.length > 0
    one.passed = Math.max(one.passed, to)
    one.release(one.passed)
    one.passing = false
    if (device !== undefined && to > from) this.#places.give(session, Math.max(session.given, to))
  }

  #deliver(one: HandOver, entry: LogEntry): void {
    try {
      const stanza = parse(entry.xml)
      if (!entry.undelivered && !one.mayHave(stanza)) return
      one.cameFromLog(entry.id, stanza)
      one.unconfirmed++
      one.length += entry.xml.length
      one.session.deliver(one.hasWaited(entry, stanza) ? this.#delayed(stanza, entry.at) : stanza)
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      // One that cannot be read must not keep back all others for ever.
      const facts = { account: one.owner.address.full, entry: entry.id, reason: error.message }
      this.#host.shared.log('error', 'an entry of the log cannot be read', facts)
    }
  }

  /** With the time at which it came (XEP-0203, XEP-0160 §2). */
  #delayed(stanza: Element, at: number): Element {
    const stamp = delay.write({ from: this.#host.domain, stamp: new Date(at), reason: 'Offline Storage' })
    return stanza.withChildren([...stanza.children, stamp])
  }

  /** The session has everything up to where the hand-over has come: cursors move. False where that must be looked at again. */
  async #confirm(one: HandOver): Promise<boolean> {
    const { owner, cursor } = one
    const passed = Math.min(one.passed, this.#places.limit(one.session))
    const before = owner.cursor(legacyCursor)
    // What somebody else had taken before this one began waits again: that could not be stored.
    if (before < one.start) return false
    const taken = one.taking.filter(id => id > before && id <= passed).length
    const changes: Change[] = taken > 0 ? [{ cursor: legacyCursor, to: passed, taken }] : []
    if (one.device !== undefined) this.#places.confirm(one.session, passed)
    if (one.device !== undefined && passed > owner.cursor(cursor) && this.#devices.knows(owner, one.device))
      changes.push({ cursor, to: passed, taken: 0 })
    one.taking = one.taking.filter(id => id > passed)
    one.unconfirmed = 0
    one.length = 0
    if (changes.length > 0) await owner.commit(...changes)
    return true
  }

  /** What comes for the session is for it at once again. */
  #letGo(one: HandOver): void {
    if (one.isOver) return
    one.isOver = true
    one.release(Number.POSITIVE_INFINITY)
  }

  #of(owner: Owner): readonly HandOver[] {
    return this.#current.get(owner) ?? none
  }
}

const none: readonly HandOver[] = []

/** What came for another session, where this is a copy of that (XEP-0280 §7). */
function copied(stanza: Element): Element | undefined {
  return stanza.child(received.name, received.namespace)?.elements[0]?.elements.find(one => one.name === 'message')
}

/** Whether messages may be delivered to a session (RFC 6121 §8.5.2.1.1). */
function takes(session: Session): boolean {
  return session.reachable && !session.ended
}
