import { extensionPoint } from '../../server/feature.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import { slot } from '../../server/slot.ts'
import { put, remove } from '../../server/table.ts'
import { Jid } from '../../wire/jid.ts'
import { text } from '../../wire/kinds.ts'
import { defaultList, type Item, isBlocked, items, List } from './list.ts'

/** The name of a session's active list; empty where it has none (XEP-0016 §2.4). */
export const active = slot(text, '', { lives: 'session', name: 'active privacy list' })

/** Hung there by privacy lists where clients may use them, to hear of changed ones; else only the block list counts. */
export const privacyLists = extensionPoint<{ changed(owner: Owner, list: string): void }>('privacy lists')

/** All lists of an account as they are at one moment. */
export interface Lists {
  readonly byName: ReadonlyMap<string, List>
  readonly default: List | undefined
}

const compiled = new WeakMap<ReadonlyMap<string, Item>, Lists>()

/** The lists that count for an account now. */
export function listsOf(owner: Owner): Lists {
  // Memory that is loaded anew has other maps.
  const rows = owner.rows(items)
  const known = compiled.get(rows)
  if (known !== undefined) return known
  const lists = compile(owner)
  compiled.set(rows, lists)
  return lists
}

/** The one list that holds for a session, or for the account where there is none (XEP-0016 §2.2, rules 1 and 2). */
export function listFor(lists: Lists, session: Session | undefined): List | undefined {
  const name = session === undefined ? '' : session.get(active)
  return (name === '' ? undefined : lists.byName.get(name)) ?? lists.default
}

/** Whether nothing was ever blocked here: the one question on every stanza's way. */
export function blocksNobody(owner: Owner): boolean {
  return owner.rows(items).size === 0
}

/** The items of a list as they are stored, in their order; none where there is no such list. */
export function itemsOf(owner: Owner, name: string): readonly Item[] {
  return [...owner.rows(items).values()].filter(item => item.list === name).sort(byPlace)
}

/** The names of all lists. */
export function namesOf(owner: Owner): ReadonlySet<string> {
  const names = new Set<string>()
  for (const item of owner.rows(items).values()) names.add(item.list)
  return names
}

/** The name of the default list, or undefined. */
export function defaultName(owner: Owner): string | undefined {
  return owner.rows(defaultList).get('')?.list
}

/** The block list: the blocked addresses of the default list, in their order (XEP-0191 §5). */
export function blockedOf(owner: Owner): readonly Jid[] {
  const name = defaultName(owner)
  if (name === undefined) return []
  return itemsOf(owner, name)
    .filter(isBlocked)
    .map(item => Jid.parse(item.value))
}

/** The changes that make a list consist of these items. */
export function replaced(owner: Owner, name: string, next: readonly Item[]): readonly Change[] {
  const before = new Map(itemsOf(owner, name).map(item => [item.place, item]))
  const changes: Change[] = []
  for (const item of next) {
    if (!same(item, before.get(item.place))) changes.push(put(items, item))
    before.delete(item.place)
  }
  for (const item of before.values()) changes.push(remove(items, item))
  return changes
}

/** The lists are looked up anew from now on: what is stored has changed. */
export function forget(owner: Owner): void {
  compiled.delete(owner.rows(items))
}

function compile(owner: Owner): Lists {
  const name = defaultName(owner)
  const all = owner.host.extensions(privacyLists).length > 0
  const byName = new Map<string, Item[]>()
  for (const item of owner.rows(items).values()) {
    // Rules that the client can neither see nor change must not hold.
    if (!all && (item.list !== name || !isBlocked(item))) continue
    const rows = byName.get(item.list)
    if (rows === undefined) byName.set(item.list, [item])
    else rows.push(item)
  }
  const lists = new Map<string, List>()
  for (const [list, rows] of byName) lists.set(list, new List(list, rows.sort(byPlace)))
  return { byName: lists, default: name === undefined ? undefined : lists.get(name) }
}

function byPlace(one: Item, other: Item): number {
  return one.place - other.place
}

function same(one: Item, other: Item | undefined): boolean {
  return (
    one.type === other?.type &&
    one.value === other.value &&
    one.allow === other.allow &&
    one.stanzas === other.stanzas &&
    one.place === other.place
  )
}
