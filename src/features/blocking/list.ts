import type { Owner } from '../../server/owner.ts'
import { type Contact, contactOf } from '../../server/roster.ts'
import { table } from '../../server/table.ts'
import type { Jid } from '../../wire/jid.ts'
import { bool, oneOf, text, whole } from '../../wire/kinds.ts'

/** The kinds of stanza that an item may be about (XEP-0016 §2.1), as bits; an item with none of them is about all stanzas, both ways. */
export const stanzas = { message: 1, presenceIn: 2, presenceOut: 4, iq: 8 } as const

/**
 * The items of all lists of an account: privacy lists, and as a part of the default one the block list (XEP-0191 §5).
 * `any` is the fall-through.
 */
export const items = table(
  'privacy_items',
  {
    list: text,
    place: whole,
    type: oneOf('jid', 'group', 'subscription', 'any'),
    value: text,
    allow: bool,
    stanzas: whole,
  },
  ['list', 'place'],
  { loaded: true },
)

/** The name of the default list; no row where there is none. */
export const defaultList = table('privacy_default', { list: text }, [], { loaded: true })

export type Item = typeof items extends { read(row: never): infer R } ? R : never

/** Whether an item blocks an address and nothing else: then it is one of the block list (XEP-0191 §5). */
export function isBlocked(item: Item): boolean {
  return item.type === 'jid' && !item.allow && item.stanzas === 0
}

/** One list of rules, made ready for looking up; it does not change. */
export class List {
  readonly name: string
  /** In their order. */
  readonly items: readonly Item[]
  readonly #byAddress = new Map<string, Item[]>()
  readonly #others: Item[] = []

  /** `items` in their order. */
  constructor(name: string, items: readonly Item[]) {
    this.name = name
    this.items = items
    for (const item of items) {
      if (item.type !== 'jid') this.#others.push(item)
      else if (this.#byAddress.has(item.value)) this.#byAddress.get(item.value)!.push(item)
      else this.#byAddress.set(item.value, [item])
    }
  }

  /**
   * The rule for what comes from or goes to an entity: the first that fits (XEP-0016 §2.2, rules 5 and 6), or undefined.
   * `kind` is one of `stanzas`, or 0 for what only items about everything are about.
   */
  find(owner: Owner, other: Jid, kind: number): Item | undefined {
    // XEP-0191 §6: the full address, the bare one, and the domain; "domain/resource" is a full one.
    let found = first(this.#byAddress.get(other.full), kind)
    if (!other.isBare) found = earlier(found, first(this.#byAddress.get(other.bare.full), kind))
    if (other.local !== '') found = earlier(found, first(this.#byAddress.get(other.domain), kind))
    if (this.#others.length === 0) return found
    const contact = contactOf(owner, other)
    for (const item of this.#others) {
      if (found !== undefined && found.place < item.place) break
      if (isAbout(item, kind) && fits(item, contact)) return item
    }
    return found
  }
}

/** Whether a list denies an entity this kind of stanza; never one's own resources (XEP-0016 §2.1, note 4). */
export function denies(list: List | undefined, owner: Owner, other: Jid, kind: number): boolean {
  if (list === undefined || other.bare.equals(owner.address)) return false
  // XEP-0016 §2.2, rule 7: what falls through is allowed.
  return list.find(owner, other, kind)?.allow === false
}

function first(items: readonly Item[] | undefined, kind: number): Item | undefined {
  if (items !== undefined) for (const item of items) if (isAbout(item, kind)) return item
  return undefined
}

function earlier(one: Item | undefined, other: Item | undefined): Item | undefined {
  if (one === undefined || other === undefined) return one ?? other
  return one.place < other.place ? one : other
}

function isAbout(item: Item, kind: number): boolean {
  return item.stanzas === 0 || (item.stanzas & kind) !== 0
}

/** Roster groups and subscriptions as they are now (XEP-0016 §2.2, rule 9). */
function fits(item: Item, contact: Contact | undefined): boolean {
  if (item.type === 'any') return true
  if (item.type === 'group') return contact?.groups.includes(item.value) ?? false
  return (contact?.subscription ?? 'none') === item.value
}
