import { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import type { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import type { Carrier } from './carrier.ts'
import { Directed } from './directed.ts'
import { Envelope, kindOf } from './envelope.ts'
import { Loose } from './loose.ts'
import type { Managed } from './management.ts'
import { Outbox } from './outbox.ts'
import type { Owner } from './owner.ts'
import { refusedUnstamped } from './refusal.ts'
import type { Road } from './road.ts'
import type { Sent } from './sent.ts'
import type { Slot } from './slot.ts'
import { Slots } from './slot.ts'
import { stamped } from './stamping.ts'
import { checkFrom, priorityOf } from './stanza-checks.ts'
import type { Passage, Receipt } from './turns.ts'
import { both, Turns } from './turns.ts'
import type { Reader, Unsent } from './unsent.ts'
import { Share } from './unsent.ts'

/** Stanzas of one session that wait for the store before its stream is no longer read. */
const waitingAtMost = 256

/** One bound resource of an account. */
export class Session implements Reader {
  // What is looked at for each stanza that it is sent stands together: that is one line of the processor's cache, or two.
  readonly owner: Owner
  ended = false
  /** The last available presence without `to`, or undefined while it is not available. */
  presence: Element | undefined
  /** How many features keep stanzas back from it now; while there are none, nobody is asked (see `writing.hold`). */
  holding = 0
  #managed: Managed | undefined
  #carrier: Carrier | undefined
  readonly #road: Road
  /** What it was sent and is not known to have taken. */
  readonly unsent: Share
  /** Full JID. */
  readonly jid: Jid
  /** The device it belongs to (`deviceName`), where its client has an id for that (DESIGN 6); all others share one cursor. */
  device: string | undefined
  /** The order in which what it sends is passed on. */
  readonly turns = new Turns()
  /** What was handed to the carrier and may not have been taken; it goes the undelivered road when the session ends. */
  outbox = new Outbox<Sent>()
  /** RFC 6121 §4.7.2.3; of meaning only while available. */
  priority = 0
  /** Whether it asked for the roster, and so hears of its changes and of answers to subscriptions (RFC 6121 §2.2). */
  interested = false
  /** JIDs that directed presence was sent to and not taken back from. */
  readonly directed = new Directed()
  /** Whether it was available before it last spoke to everybody: then that was no initial presence (RFC 6121 §4.2, §4.4). */
  wasAvailable = false
  /**
   * Up to which entry of its owner's log it was given everything for it, while it is not given what comes as it comes;
   * Infinity while it is. Whoever hands backlogs over keeps it.
   */
  given = 0
  /** What features keep about it. */
  readonly slots = new Slots()
  /** How many stanzas came. */
  received = 0
  /** How many of them are through: a contiguous prefix. */
  #through = 0
  /** What it asked for that is done in its own time; made when there is something. */
  #loose: Loose | undefined
  readonly #answers = new Turns()
  /** What is done when something has ended: made when something first waits. */
  #endings: { readonly handled: () => void; readonly relax: () => void; readonly rest: () => void } | undefined
  #paused = false
  #closing: StreamError | undefined

  /** Without a carrier: one that goes on where its client is not back yet. */
  constructor(owner: Owner, jid: Jid, carrier: Carrier | undefined, road: Road, unsent: Unsent) {
    this.owner = owner
    this.jid = jid
    this.#carrier = carrier
    this.#road = road
    this.unsent = new Share(unsent)
  }

  get<T>(slot: Slot<T>): T {
    return this.slots.get(slot)
  }

  set<T>(slot: Slot<T>, value: T): void {
    this.slots.set(slot, value)
  }

  /** Whether it gets what is sent to the bare JID: available, and not with a negative priority. */
  get reachable(): boolean {
    return this.presence !== undefined && this.priority >= 0
  }

  /** Whether somebody believes it to be there, who must be told when it goes (RFC 6121 §4.5.2, §4.6.3). */
  get seen(): boolean {
    return this.presence !== undefined || this.directed.size > 0
  }

  /** It sent presence without `to`: available with this stanza, or unavailable (RFC 6121 §4.2, §4.5). */
  available(presence: Element | undefined): void {
    this.wasAvailable = this.presence !== undefined
    this.presence = presence
    if (presence !== undefined) this.priority = priorityOf(presence)
  }

  /** A stanza from the client. Throws StreamError where the stream cannot go on. */
  receive(stanza: Element): void {
    // What was still on its way when the session ended is not taken, nor counted: its client was, or will be, told so.
    if (this.ended || this.#closing !== undefined) return
    this.received++
    const kind = stanza.namespace === ns.client ? kindOf(stanza.name) : undefined
    // RFC 6120 §4.9.3.24
    if (kind === undefined) throw new StreamError('unsupported-stanza-type', `<${stanza.name}/> is no stanza.`)
    checkFrom(this.jid, stanza.attribute('from'))
    const { storage } = this.owner
    let receipt: Passage
    let committed = false
    storage.begin()
    try {
      receipt = this.#road.send(stamped(this, kind, stanza, this.#carrier?.lang))
      committed = storage.begun
    } catch (error) {
      const answer = refusedUnstamped(this.jid, kind, stanza, error)
      if (answer !== undefined) this.answer(answer)
    } finally {
      storage.end()
    }
    if (receipt === undefined && this.#answers.idle) {
      this.#through++
      this.#leave()
      return
    }
    const loose = receipt !== undefined && !committed && kind === 'iq' && stanza.attribute('type') === 'set'
    this.#await(receipt, loose && this.#managed !== undefined)
  }

  /**
   * Something that it sent is being committed: with it goes the count, of all that came and has set out. What is not kept
   * anyway may be counted before it is through (DESIGN 6).
   */
  committed(): void {
    if (this.#managed === undefined || this.#loose?.open) return
    this.#managed.keep(this.#managed.counts.told(this.received - this.turns.blocking))
  }

  /**
   * Keeps that count by itself, for what is handled though nothing is committed for it. Resolves when it is on the disk.
   */
  recount(): Receipt {
    this.committed()
    return this.#managed?.kept()
  }

  /** Answers something that it sent, or tells it of a change, behind the answers to all it sent before. */
  answer(stanza: Element): void {
    if (this.#answers.idle) this.deliver(stanza)
    else this.#answers.queue(undefined, () => void this.deliver(stanza), this.#ending.relax)
  }

  /**
   * Hands a stanza to the client. `envelope` is what goes the undelivered road if it turns out not to have been taken;
   * `xml` its canonical text, where the caller has it already.
   */
  deliver(stanza: Element, envelope?: Envelope, xml?: string): void {
    if (this.ended) {
      if (envelope !== undefined) this.#road.undeliverable(envelope)
      return
    }
    if (!this.#road.mayWrite(this, stanza, envelope)) return
    xml ??= stanza.xml(ns.client)
    const patient = stanza.name === 'presence'
    if (this.#managed !== undefined) this.#deliverManaged(this.#managed, this.#sent(xml, envelope), patient)
    else {
      if (envelope !== undefined) this.outbox.add(this.#sent(xml, envelope), xml.length)
      this.#write(this.#carrier!, xml, patient)
    }
  }

  #sent(xml: string, envelope: Envelope | undefined): Sent {
    return { xml, envelope, behind: Math.min(this.given, this.owner.delivered) }
  }

  /** Whatever waited before this one counts: a single stanza, however big, has its chance. */
  #write(carrier: Carrier, xml: string, patient: boolean): void {
    // What was written since nothing waited may have been taken in part: it is looked at only where it is much.
    if (this.unsent.much) {
      const { pending } = carrier
      this.unsent.set(pending)
      // This one may be in there already.
      this.outbox.within(pending + xml.length)
    }
    if (this.unsent.bytes > this.unsent.most) carrier.abandon('slow reader')
    else {
      carrier.write(xml, patient)
      this.unsent.add(xml.length)
    }
  }

  /** Stanzas are counted from here on (XEP-0198 §3); after a restart, so many that it was sent are acknowledged already. */
  manage(managed: (outbox: Outbox<unknown>, received: number) => Managed, acknowledged = 0): void {
    this.outbox = new Outbox(acknowledged, this.outbox)
    this.unsent.set(0)
    this.#managed = managed(this.outbox, this.received)
  }

  get managed(): Managed | undefined {
    return this.#managed
  }

  /** All that was written has been taken by the kernel: without XEP-0198 that is all one can know. */
  drained(): void {
    if (this.#managed !== undefined) this.outbox.clearBefore()
    else {
      this.outbox.clear()
      this.unsent.set(0)
    }
  }

  /** Too much waits for all readers together, and much of that for this one: it ends, and nobody can resume it. */
  shed(): void {
    const carrier = this.#carrier
    this.#managed?.expire()
    carrier?.abandon('slow reader')
  }

  /** Whether it outlives its connection. */
  get resumable(): boolean {
    return !this.ended && this.#closing === undefined && (this.#managed?.counts.resumable ?? 0) > 0
  }

  /** What the session that had its resource said last, that it leaves too, comes before all that this one says. */
  follow(former: Session): void {
    if (!former.turns.idle) this.turns.queue(former.turns.through(), nothing, nothing, true)
  }

  /** How many of the stanzas that came were handled, for XEP-0198's `h`: a contiguous prefix. */
  get handled(): number {
    return this.#loose === undefined ? this.#through : Math.min(this.#through, this.#loose.limit)
  }

  /** Resolves when all that it sent so far is handled, well or not, and has gone its way; nothing where it is. */
  settled(): Receipt {
    const turns = this.turns.idle ? undefined : this.turns.after(undefined, nothing)
    const settled = both(turns, this.#answers.idle ? undefined : this.#answers.after(undefined, nothing))
    const loose = this.#loose
    if (loose === undefined || loose.limit === Number.POSITIVE_INFINITY) return settled
    return (settled ?? Promise.resolve()).then(() => loose.counted)
  }

  /** Goes on as one that so many stanzas were handled of. */
  restore(handled: number): void {
    this.received = this.#through = handled
  }

  /** Whether a client is connected. */
  get attached(): boolean {
    return this.#carrier !== undefined
  }

  /** Its connection is gone, and it stays (XEP-0198 §5): what it is sent waits. */
  detach(): void {
    this.#carrier = undefined
    this.#paused = false
    this.slots.endStream()
  }

  /** Its client is back, on another connection: what it does not have is written again, in order. */
  attach(carrier: Carrier): void {
    this.#carrier = carrier
    const waiting = this.outbox.waiting()
    for (const { xml } of waiting) carrier.write(xml)
    this.unsent.set(this.outbox.bytes)
    const { counts, request } = this.#managed!
    counts.asked = waiting.length > 0
    if (counts.asked) carrier.write(request)
  }

  /** The client has told its count: more may wait for the next one. */
  told(): void {
    const { counts, request } = this.#managed!
    this.unsent.set(this.outbox.bytes)
    counts.asked = this.outbox.length > 0
    if (counts.asked) this.#carrier?.write(request)
  }

  /** How much of what it sent is handled, as its client counts. What is still being handled is told when it is. */
  tell(): void {
    const { counts, answer } = this.#managed!
    this.#carrier?.write(answer(counts.told(this.handled)))
    counts.owed = this.handled < this.received
  }

  /** One question at a time is on its way: the busier the session, the more each answer settles. */
  #deliverManaged(managed: Managed, sent: Sent, patient: boolean): void {
    this.outbox.add(sent, sent.xml.length)
    this.unsent.set(this.outbox.bytes)
    const carrier = this.#carrier
    const tooMuch = this.outbox.bytes - sent.xml.length > this.unsent.most
    if (carrier === undefined) {
      if (tooMuch) managed.expire()
      return
    }
    if (tooMuch) {
      carrier.abandon('slow reader')
      return
    }
    carrier.write(sent.xml, patient)
    if (managed.counts.asked) return
    managed.counts.asked = true
    carrier.write(managed.request, patient)
  }

  /** Ends its stream because of an error: of the client's making, or ours to say. */
  fail(error: StreamError): void {
    if (this.#carrier !== undefined) this.#carrier.fail(error)
    else this.#managed?.expire()
  }

  /**
   * For what its client asks as its last: contacts see it leave now, nothing more is taken from the client, and its stream
   * ends with this error once all that it asked is answered.
   */
  close(error: StreamError): void {
    if (this.ended || this.#closing !== undefined) return
    this.#closing = error
    if (!this.seen) return
    const stanza = new Element('presence', ns.client, ['from', this.jid.full, 'type', 'unavailable'])
    this.#road.send(new Envelope(stanza, 'presence', 'unavailable', this.jid, undefined, this.owner, this))
  }

  /** The connection is gone, and with it what lived as long. */
  streamEnded(): void {
    this.unsent.set(0)
    this.slots.endStream()
  }

  #await(receipt: Passage, loose: boolean): void {
    this.#answers.queue(receipt, nothing, loose ? this.#beginLoose() : this.#ending.handled)
    if (this.#answers.length > waitingAtMost && !this.#paused) {
      this.#paused = true
      this.#carrier?.pause()
    }
  }

  get #ending() {
    this.#endings ??= { handled: () => this.#handled(), relax: () => this.#relax(), rest: () => this.#rest() }
    return this.#endings
  }

  /** One more is handled, well or not. */
  #handled(): void {
    this.#through++
    this.#relax()
  }

  /** What is to be done when the request that came last is handled. */
  #beginLoose(): () => void {
    const loose = (this.#loose ??= new Loose())
    const place = this.received
    loose.begin(place)
    return () => {
      this.#handled()
      loose.through(this, place).then(this.#ending.relax)
    }
  }

  /** Less waits than before. */
  #relax(): void {
    if (this.#paused && this.#answers.length <= waitingAtMost / 2) {
      this.#paused = false
      this.#carrier?.resume()
    }
    if (this.#closing !== undefined || this.#managed?.counts.owed) queueMicrotask(this.#ending.rest)
  }

  /** Nothing waits any more, perhaps. */
  #rest(): void {
    this.#leave()
    if (this.#managed?.counts.owed && this.#answers.idle) this.tell()
  }

  #leave(): void {
    if (this.#closing !== undefined && this.#answers.idle) this.fail(this.#closing)
  }
}

function nothing(): undefined {}
