import { type Envelope, typeOf } from '../../server/envelope.ts'
import type { LogEntry, Owner } from '../../server/owner.ts'
import { legacyCursor } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { isEligible } from '../carbons/exports.ts'
import { stanzaId } from '../stanza-id/wire.ts'
import { cursorOf } from './devices.ts'

/** Messages, and characters of XML, that are handed over before it must be known that they have arrived. */
const page = 50
const pageLength = 32 * 1024
/** Messages that wait in memory for a session that is still getting older ones. */
const waitingAtMost = 256

/** A message that came for a session that is getting a backlog. */
interface Held {
  /** How many came before it. */
  readonly place: number
  readonly stanza: Element
  readonly envelope: Envelope | undefined
}

/** One that does not come out of the log. */
interface Late extends Held {
  /** The last entry of the log that had been through delivery when it came: it goes behind that. */
  readonly behind: number
}

/** One look at the log. */
export interface Look {
  /** What was found, in order; not all of it is for the session. */
  readonly entries: readonly LogEntry[]
  /** Everything up to here has been looked at then. */
  readonly to: number
  /** Whether that is all that there is in this stretch of the log, and whether nothing comes behind it. */
  readonly isShort: boolean
  readonly isLast: boolean
}

/** One session that is getting a backlog: that of its device, or what nobody has taken. */
export class HandOver {
  readonly session: Session
  readonly owner: Owner
  /** Whose cursor moves along; undefined where the session is of no device and gets only what nobody has taken. */
  readonly device: string | undefined
  /** Where the device stood: before that, only what nobody has taken is for it. */
  readonly from: number
  /** The last entry that there was when it began. */
  readonly #first: number
  /** Up to where nobody's messages waited when it began. */
  start = 0
  /** Everything in the log up to here was passed on, or is not for the session. */
  passed: number
  /** The last entry that there was when the log was last looked at. */
  seen = 0
  /** How much was passed on that may not have arrived: messages, and characters of XML. */
  unconfirmed = 0
  length = 0
  /** Those of them, and of what the archive was asked for, that nobody had taken. */
  taking: number[] = []
  /** Whether anything was found at all. */
  found = false
  /** Whether something was held back since the last look that comes out of the log. */
  owed = false
  /** Whether what is delivered now comes from here. */
  passing = false
  /** Whether the session gets what comes as it comes; only the confirmation is missing. */
  isOver = false
  readonly #late: Late[] = []
  /** Messages that come out of the log instead, by the ids that its archive tells. */
  readonly #held = new Map<string, Held>()
  /** How many messages came meanwhile. */
  #came = 0
  /** The ids, as its archive tells them, of messages that came out of the log before they were delivered. */
  readonly #ahead = new Set<string>()

  constructor(session: Session, device: string | undefined, from: number) {
    this.session = session
    this.#first = session.owner.last
    this.owner = session.owner
    this.device = device
    this.from = from
    this.passed = this.#begin()
  }

  #begin(): number {
    const { owner, device, from } = this
    const taken = owner.cursor(legacyCursor)
    this.start = taken
    return device === undefined ? taken : owner.undelivered > 0 ? Math.min(from, taken) : from
  }

  /** What comes next. `covered` is up to where the session was shown its archive. Rejects with StorageError. */
  async next(covered: number): Promise<Look> {
    const { owner, from } = this
    // What somebody did not take while the device's cursor began waits behind the legacy one.
    if (this.seen === 0) this.passed = this.#begin()
    const { passed } = this
    this.owed = false
    this.seen = owner.last
    if (this.device === undefined) return this.#look({ undelivered: true }, this.seen, true)
    if (passed < from) return this.#look({ before: from + 1, undelivered: true }, from, false)
    if (passed >= covered) return this.#look({}, this.seen, true)
    // What the archive has told need not be read, but it counts as taken.
    if (owner.undelivered > 0) await this.#take(passed, covered)
    this.unconfirmed++
    return this.#look({ before: covered + 1, archived: false }, covered, false)
  }

  async #look(
    range: { before?: number; undelivered?: true; archived?: false },
    end: number,
    whole: boolean,
  ): Promise<Look> {
    const all = await this.owner.entries({ ...range, after: this.passed, limit: page })
    const entries = shortened(all, this.length)
    const last = entries.at(-1)?.id ?? 0
    // The disk has more than those who are there were shown: what is older than that, and not for a backlog, goes first.
    const { delivered, turns } = this.owner
    if (last > delivered && !turns.idle) await turns.after(undefined, nothing)
    const isShort = all.length < page && entries.length === all.length
    this.seen = Math.max(this.seen, last)
    return { entries, to: isShort ? Math.max(end, last) : last, isShort, isLast: whole && isShort }
  }

  async #take(after: number, to: number): Promise<void> {
    const limit = 10 * page
    for (let from = after; ; ) {
      const read = await this.owner.entries({ after: from, before: to + 1, undelivered: true, archived: true, limit })
      this.taking.push(...read.map(({ id }) => id))
      if (read.length < limit) return
      from = read.at(-1)!.id
    }
  }

  /** Whether more may go before it is known whether this has arrived. */
  get hasRoom(): boolean {
    return this.unconfirmed < page && this.length < pageLength
  }

  /** Whether an entry is for the session: what was said to its account, unless its archive has told it that. */
  wants({ id, direction, archived, undelivered }: LogEntry, covered: number): boolean {
    if (direction !== 'in' || (archived && id <= covered)) return false
    return undelivered || (this.device !== undefined && id > this.from)
  }

  /**
   * Whether an entry has waited for somebody: it was there before, or was kept anew because somebody did not take it. Then
   * the archive has it already, under the id that it is marked with. Numbers tell nothing: a clock may be set back.
   */
  hasWaited({ id, archived }: LogEntry, stanza: Element): boolean {
    return id <= this.#first || (!archived && keptAs(stanza, this.owner) !== undefined)
  }

  /** Whether a message that somebody else took is for the session too: as it would have been while it was there (XEP-0280 §6). */
  mayHave(stanza: Element): boolean {
    const resource = /\/(.*)$/s.exec(stanza.attribute('to') ?? '')?.[1]
    if (resource === undefined || resource === this.session.jid.resource) return true
    const from = Jid.tryParse(stanza.attribute('from') ?? '') ?? this.owner.address
    return isEligible({ stanza, type: typeOf('message', stanza), from }, 'received')
  }

  /** Whether a message comes out of the log, or came already: one of a device that is in there, and for it. */
  comesFromLog(message: Element): boolean {
    if (this.device === undefined) return false
    const id = keptAs(message, this.owner)
    return id !== undefined && (this.isOver ? this.#ahead.has(id) : this.mayHave(message))
  }

  /** A message has come out of the log: perhaps before those who were there were to get it. */
  cameFromLog(id: number, stanza: Element): void {
    const kept = keptAs(stanza, this.owner)
    if (kept === undefined) return
    this.#held.delete(kept)
    if (id > this.owner.delivered) this.#ahead.add(kept)
  }

  /** A message is held back that comes out of the log: `stanza` is that, or a copy of it. */
  hold(message: Element, stanza: Element, envelope: Envelope | undefined): void {
    const kept = this.#held.size < waitingAtMost ? keptAs(message, this.owner) : undefined
    if (kept !== undefined) this.#held.set(kept, { place: this.#came++, stanza, envelope })
  }

  /** Nothing more comes out of the log for a session that is still there: it gets all that was held back from it, as it came. */
  giveBack(): void {
    const back: Held[] = [...this.#held.values(), ...this.#late.splice(0)]
    this.#held.clear()
    for (const { stanza, envelope } of back.sort((one, other) => one.place - other.place))
      this.session.deliver(stanza, envelope)
  }

  /** Whether a message waits until those before it are on their way. */
  delays(stanza: Element, envelope: Envelope | undefined): boolean {
    // Entries behind that have their turn still to come, and come after this one.
    const { delivered } = this.owner
    const isNext = this.#late.length === 0 && delivered <= this.passed
    if (isNext || this.#late.length >= waitingAtMost) return false
    this.#late.push({ place: this.#came++, behind: delivered, stanza, envelope })
    return true
  }

  /** Delivers what belongs behind this entry or an earlier one, and does not come out of the log. */
  release(entry: number): void {
    let count = 0
    while (count < this.#late.length && this.#late[count]!.behind <= entry) count++
    for (const { stanza, envelope } of this.#late.splice(0, count)) this.session.deliver(stanza, envelope)
  }

  /** The cursor that moves. */
  get cursor(): string {
    return this.device === undefined ? legacyCursor : cursorOf(this.device)
  }
}

function nothing(): undefined {}

/** The id under which its account keeps a message; nobody else can have written that (XEP-0359 §3). */
function keptAs(message: Element, { address }: Owner): string | undefined {
  const mark = message.elements.findLast(one => stanzaId.is(one) && one.attribute('by') === address.full)
  return mark?.attribute('id')
}

/** The first entries that are not too much for one client to take beside what is on its way; where nothing is, at least one. */
function shortened(entries: readonly LogEntry[], before: number): readonly LogEntry[] {
  let length = before
  const end = entries.findIndex(({ xml }) => (length += xml.length) > pageLength)
  return end < 0 ? entries : entries.slice(0, before > 0 ? end : Math.max(1, end))
}
