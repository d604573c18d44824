import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import type { Contact } from '../../server/roster.ts'
import { roster } from '../../server/roster.ts'
import { put, remove, table } from '../../server/table.ts'
import type { Receipt } from '../../server/turns.ts'
import type { Infer } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import { int } from '../../wire/kinds.ts'
import { ns } from '../../wire/namespaces.ts'
import { rosterItem, rosterQuery } from './wire.ts'

/** RFC 6121 §2.6: grows with each change of what clients see. */
export const rosterVersion = table('roster_version', { version: int }, [], { loaded: true })

type Item = Infer<typeof rosterItem>

/** Changes that are being stored and that the interested sessions are still to be told. */
const unpushed = new WeakMap<Owner, Item[]>()

/**
 * Stores a contact as it is from now on; one of whom nothing is left to say goes. What clients see of it waits for
 * `push`, which tells them in the right place behind the stanza that brought the change.
 */
export function save(host: Host, contact: Contact, owner: Owner): Receipt {
  const before = owner.rows(roster).get(contact.contact.full)
  const rest = contact.listed || contact.pendingIn || contact.approved
  const change = rest ? put(roster, contact) : remove(roster, contact)
  const item = seen(contact)
  if (sameItem(item, before && seen(before))) return owner.commit(change)
  const receipt = owner.commit(change, put(rosterVersion, { version: nextVersion(host, owner) }))
  const items = unpushed.get(owner) ?? []
  unpushed.set(owner, [...items, item])
  return receipt?.catch(error => {
    unpushed.delete(owner)
    throw error
  })
}

/** Tells all interested sessions what changed since the last push, one item a push (RFC 6121 §2.1.6). */
export function push(host: Host, owner: Owner): void {
  const items = unpushed.get(owner)
  if (items === undefined) return
  unpushed.delete(owner)
  const ver = String(versionOf(owner))
  for (const item of items) {
    const query = rosterQuery.write({ ver, items: [item] })
    for (const session of owner.sessions) {
      if (!session.interested) continue
      const attributes = ['from', owner.address.full, 'to', session.jid.full, 'type', 'set', 'id', host.shared.id()]
      session.deliver(new Element('iq', ns.client, attributes, [query]))
    }
  }
}

/** What clients see of a contact: that it is gone where it is not listed. */
function seen(contact: Contact): Item {
  return contact.listed ? itemOf(contact) : { jid: contact.contact, subscription: 'remove', groups: [] }
}

function sameItem(item: Item, before: Item | undefined): boolean {
  if (before === undefined) return item.subscription === 'remove'
  return String(rosterItem.write(item)) === String(rosterItem.write(before))
}

/** A contact as clients see it. */
export function itemOf(contact: Contact): Item {
  return {
    jid: contact.contact,
    name: contact.name,
    subscription: contact.subscription,
    ask: contact.pendingOut ? 'subscribe' : undefined,
    approved: contact.approved ? true : undefined,
    groups: contact.groups,
  }
}

/** The version of the roster as it is now; 0 where it was never changed. */
export function versionOf(owner: Owner): number {
  return owner.rows(rosterVersion).get('')?.version ?? 0
}

/** Microseconds since 1970, or one more than the last: an account that was removed and made again never repeats one. */
function nextVersion(host: Host, owner: Owner): number {
  return Math.max(host.shared.now() * 1000, versionOf(owner) + 1)
}
