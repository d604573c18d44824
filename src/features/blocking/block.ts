import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import { put, remove } from '../../server/table.ts'
import type { Receipt } from '../../server/turns.ts'
import { StanzaError } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import { commit } from './change.ts'
import { defaultList, type Item, isBlocked } from './list.ts'
import { blockedOf, defaultName, itemsOf, namesOf, privacyLists, replaced } from './lists.ts'
import { pushBlocked, pushUnblocked } from './pushes.ts'

/** The greatest place in a list: an unsigned int (XEP-0016 §8). */
const lastPlace = 0xffffffff

/** Blocks addresses, at most so many in all; throws StanzaError where that is too many. */
export function blockAll(host: Host, owner: Owner, addresses: readonly Jid[], maximum: number): Receipt {
  const all = new Set(blockedOf(owner).map(String))
  const wanted = new Map(addresses.map(jid => [jid.full, jid]))
  for (const jid of wanted.keys()) all.add(jid)
  if (all.size > maximum && all.size > blockedOf(owner).length) {
    throw new StanzaError('policy-violation', { text: `At most ${maximum} addresses can be blocked.` })
  }
  const name = defaultName(owner) ?? freeName(owner)
  const changes: Change[] = [...replaced(owner, name, withBlocked(name, itemsOf(owner, name), new Set(wanted.keys())))]
  if (defaultName(owner) === undefined) changes.push(put(defaultList, { list: name }))
  return told(host, owner, name, changes, () => pushBlocked(host, owner, [...wanted.values()]))
}

/** Unblocks these addresses, or with none all of them; one that was not blocked stays as it is (XEP-0191 §3.4, §3.5). */
export function unblockAll(host: Host, owner: Owner, addresses: readonly Jid[]): Receipt {
  const name = defaultName(owner)
  const unwanted = new Map(addresses.map(jid => [jid.full, jid]))
  const push = () => pushUnblocked(host, owner, [...unwanted.values()])
  if (name === undefined) {
    push()
    return undefined
  }
  const rest = itemsOf(owner, name).filter(item => !isBlocked(item) || (unwanted.size > 0 && !unwanted.has(item.value)))
  const changes = [...replaced(owner, name, rest)]
  if (rest.length === 0) changes.push(remove(defaultList, { list: name }))
  return told(host, owner, name, changes, push)
}

/** Who asked for either kind of list hears of it before the result says that it is done. */
function told(host: Host, owner: Owner, name: string, changes: readonly Change[], push: () => void): Receipt {
  const tell = () => {
    push()
    if (changes.length > 0) for (const one of host.extensions(privacyLists)) one.changed(owner, name)
  }
  const receipt = commit(host, owner, changes)
  if (receipt !== undefined) return receipt.then(tell)
  tell()
  return undefined
}

/** Blocked addresses come first in the list (XEP-0191 §5): behind those that are there already, before all else. */
function withBlocked(name: string, before: readonly Item[], addresses: ReadonlySet<string>): readonly Item[] {
  let end = 0
  while (end < before.length && isBlocked(before[end]!)) end++
  const head = before.slice(0, end)
  const there = new Set(head.map(item => item.value))
  const fresh = [...addresses].filter(address => !there.has(address))
  const tail = before.slice(end).filter(item => !isBlocked(item) || !addresses.has(item.value))
  const from = (head.at(-1)?.place ?? 0) + 1
  const added = fresh.map(
    (value, index): Item => ({ list: name, place: from + index, type: 'jid', value, allow: false, stanzas: 0 }),
  )
  const all = [...head, ...added, ...tail]
  if (from + added.length <= (tail[0]?.place ?? lastPlace + 1)) return all
  return all.map((item, index) => ({ ...item, place: index + 1 }))
}

/** A name for the default list that no other list has. */
function freeName(owner: Owner): string {
  const names = namesOf(owner)
  let name = 'blocked'
  for (let number = 2; names.has(name); number++) name = `blocked ${number}`
  return name
}
