import type { Envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import type { LogEntry, Owner } from '../../server/owner.ts'
import type { Ended } from '../../server/pipeline.ts'
import { ended } from '../../server/pipeline.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { delay } from '../delay/wire.ts'
import { originId, stanzaId } from '../stanza-id/wire.ts'

/** Characters of an id that is remembered. */
const longest = 256

/** How many pages of the log are looked through for what its owner sent: what others said is between that. */
const pages = 10

/** What an account sent lately: the entry of its log by the origin-id, oldest first. */
interface Memory {
  readonly entries: Map<string, number>
  /** Settles when what the log holds is among them; undefined when it is. */
  filling: Promise<void> | undefined
}

/**
 * What accounts have sent lately. Nothing but ids is kept in memory, and no hash is made of anything: when an id comes a
 * second time the message is read out of the log and compared as it is.
 */
export class Resent {
  readonly #host: Host
  readonly #limits: { readonly remembered: number; readonly age: number }
  readonly #memories = new WeakMap<Owner, Memory>()
  /** Stanzas that are in the log already, on their way from `ready` to `check`. */
  readonly #found = new WeakSet<Element>()
  #waiting = 0
  /** Entries that stanzas were compared with, and are not the same as. */
  readonly #others = new WeakMap<Element, number>()

  /** `limits`: read whenever it counts; the age is in milliseconds. */
  constructor(host: Host, limits: { readonly remembered: number; readonly age: number }) {
    this.#host = host
    this.#limits = limits
  }

  /** What has to be read before it can be told whether a message was sent before: nothing, while its id is new. */
  ready(e: Envelope): Promise<void> | undefined {
    if (e.session === undefined || this.#limits.remembered === 0) return undefined
    const id = originOf(e.stanza)
    if (id === undefined) return undefined
    const memory = this.#memoryOf(e.owner)
    if (memory.filling !== undefined) return memory.filling.then(() => this.#look(e, memory.entries.get(id)))
    const entry = memory.entries.get(id)
    return entry === undefined ? undefined : this.#look(e, entry)
  }

  /** One that is in the log is handled, and counts: nobody gets it again, and nobody hears an error. */
  check(e: Envelope): Ended | undefined {
    const { stanza, owner, session } = e
    if (this.#waiting > 0 && this.#found.delete(stanza)) {
      this.#waiting--
      return ended(session?.recount())
    }
    const memory = session && this.#memories.get(owner)
    const id = memory && originOf(stanza)
    const entry = id === undefined ? undefined : memory!.entries.get(id)
    // Its first copy has set out since it came, from another session.
    return entry === undefined || this.#others.get(stanza) === entry ? undefined : ended(this.#same(e, entry))
  }

  async #same(e: Envelope, entry: number): Promise<void> {
    await this.#look(e, entry)
    if (!this.#found.delete(e.stanza)) throw new StanzaError('resource-constraint')
    this.#waiting--
    await e.session?.recount()
  }

  /** Remembers a message that its sender's log is to keep. */
  remember({ logged, owner, stanza }: Envelope): undefined {
    if (logged === undefined) return
    const memory = this.#memories.get(owner)
    const id = memory && originOf(stanza)
    if (id !== undefined) this.#add(memory!, id, logged.id)
  }

  #add({ entries }: Memory, id: string, entry: number): void {
    // Behind the others: one that comes again with other content counts as new.
    entries.delete(id)
    entries.set(id, entry)
    if (entries.size > this.#limits.remembered) entries.delete(entries.keys().next().value!)
  }

  #memoryOf(owner: Owner): Memory {
    let memory = this.#memories.get(owner)
    if (memory === undefined) {
      const made: Memory = { entries: new Map(), filling: undefined }
      made.filling = this.#fill(owner, made).then(
        () => {
          made.filling = undefined
        },
        error => {
          // What comes next tries again.
          this.#memories.delete(owner)
          throw error
        },
      )
      this.#memories.set(owner, (memory = made))
    }
    return memory
  }

  /**
   * What was sent before the account came into memory. Rejects with StorageError: then nobody can tell whether a message was
   * sent before, and its sender hears that.
   */
  async #fill(owner: Owner, memory: Memory): Promise<void> {
    const found: (readonly [string, number])[] = []
    const limit = this.#limits.remembered
    for (let page = 0, before: number | undefined; page < pages && found.length < limit; page++) {
      const entries = await owner.entries({ last: true, limit, ...(before !== undefined && { before }) })
      for (const entry of entries.toReversed()) {
        const origin = isOwn(owner, entry) ? this.#originIn(owner, entry) : undefined
        if (origin !== undefined) found.push([origin, entry.id])
      }
      if (entries.length < limit || !this.#isRecent(entries[0]!)) break
      before = entries[0]!.id
    }
    for (const [origin, id] of found.slice(0, limit).reverse()) this.#add(memory, origin, id)
  }

  #originIn(owner: Owner, entry: LogEntry): string | undefined {
    if (!entry.xml.includes(originId.name)) return undefined
    const stanza = this.#stanzaOf(owner, entry)
    return stanza && originOf(stanza)
  }

  /** Rejects with StorageError, as `#fill` does. */
  async #look(e: Envelope, id: number | undefined): Promise<void> {
    if (id === undefined) return
    const [entry] = await e.owner.entries({ after: id - 1, before: id + 1, limit: 1 })
    const kept = entry && this.#isRecent(entry) ? this.#stanzaOf(e.owner, entry) : undefined
    if (kept === undefined || !isSame(e, kept)) {
      this.#others.set(e.stanza, id)
      return
    }
    this.#found.add(e.stanza)
    this.#waiting++
  }

  /** Nothing is the same as what is no XML any more. */
  #stanzaOf(owner: Owner, { id, xml }: LogEntry): Element | undefined {
    try {
      return parse(xml)
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      const facts = { account: owner.address.full, entry: id, reason: error.message }
      this.#host.shared.log('error', 'an entry of the log cannot be read', facts)
      return undefined
    }
  }

  /** What is from the future was written before a clock went back. */
  #isRecent({ at }: LogEntry): boolean {
    return this.#host.shared.now() - at <= this.#limits.age
  }
}

function isOwn({ address }: Owner, { direction, peer }: LogEntry): boolean {
  return direction === 'out' || peer === address.full
}

function originOf(stanza: Element): string | undefined {
  const { children } = stanza
  for (const child of children) {
    if (typeof child === 'string' || !originId.is(child)) continue
    const id = child.attribute('id')
    return id === undefined || id === '' || id.length > longest ? undefined : id
  }
  return undefined
}

/** Whether a message is for the same, of the same type and with the same content as one in its sender's log. */
function isSame({ owner, stanza }: Envelope, kept: Element): boolean {
  const alike = ['to', 'type'].every(name => stanza.attribute(name) === kept.attribute(name))
  return (
    alike && originOf(stanza) === originOf(kept) && contentOf(stanza, owner.address) === contentOf(kept, owner.address)
  )
}

/** What its sender wrote: not the id of the account's archive, nor that it was delayed, which a client may add. */
function contentOf(stanza: Element, account: Jid): string {
  const children = stanza.children.filter(
    child => typeof child === 'string' || !(delay.is(child) || isOurs(child, account)),
  )
  return stanza.withChildren(children).inner
}

function isOurs(child: Element, account: Jid): boolean {
  return stanzaId.is(child) && child.attribute('by') === account.full
}
