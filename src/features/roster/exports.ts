import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Contact } from '../../server/roster.ts'
import { roster } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import { put, remove } from '../../server/table.ts'
import type { Receipt } from '../../server/turns.ts'
import type { Infer } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'
import { nextVersion, versionChanges } from './versions.ts'
import { rosterItem, rosterQuery } from './wire.ts'

type Item = Infer<typeof rosterItem>

/** What clients are to see of a contact from this version on. */
export interface Pushed {
  readonly version: number
  readonly item: Item
}

interface Unpushed extends Pushed {
  /** Whether it is durable: nobody may hear of it before. */
  kept: boolean
}

/** Changes that are being stored and that the interested sessions are still to be told. */
const unpushed = new WeakMap<Owner, readonly Unpushed[]>()

/**
 * Stores a contact as it is from now on; one of whom nothing is left to say goes. What clients see of it waits for
 * `push`, which tells them in the right place behind the stanza that brought the change. They are told also of what is
 * as it was where a client has `set` it (RFC 6121 §2.4.2).
 */
export function save(host: Host, contact: Contact, owner: Owner, set = false): Receipt {
  const before = owner.rows(roster).get(contact.contact.full)
  const rest = contact.listed || contact.pendingIn || contact.approved
  const item = seen(contact)
  if (!set && sameItem(item, before && seen(before)))
    return owner.commit(rest ? put(roster, contact) : remove(roster, contact))
  const version = nextVersion(host, owner)
  const change: Change = rest ? put(roster, { ...contact, version }) : remove(roster, contact)
  const commit = owner.keep(change, ...versionChanges(owner, contact, version))
  const waits: Unpushed = { version, item, kept: commit === undefined }
  unpushed.set(owner, [...(unpushed.get(owner) ?? []), waits])
  // Before anybody else hears of it.
  commit?.watch({
    kept: () => {
      waits.kept = true
    },
    failed: () => forget(owner, one => one === waits),
  })
  return commit?.promise()
}

/** Tells all interested sessions what changed since the last push, as far as it is durable. */
export function push(host: Host, owner: Owner): void {
  const changes = unpushed.get(owner)?.filter(({ kept }) => kept)
  if (changes === undefined || changes.length === 0) return
  forget(owner, ({ kept }) => kept)
  for (const session of owner.sessions) if (session.interested) pushTo(host, session, changes)
}

function forget(owner: Owner, which: (one: Unpushed) => boolean): void {
  const rest = unpushed.get(owner)!.filter(one => !which(one))
  if (rest.length > 0) unpushed.set(owner, rest)
  else unpushed.delete(owner)
}

/** Roster pushes to one session, one item a push (RFC 6121 §2.1.6), behind what it has asked before. */
export function pushTo(host: Host, session: Session, changes: readonly Pushed[]): void {
  for (const { version, item } of changes) {
    const query = rosterQuery.write({ ver: String(version), items: [item] })
    const from = session.owner.address.full
    const attributes = ['from', from, 'to', session.jid.full, 'type', 'set', 'id', host.shared.id()]
    session.answer(new Element('iq', ns.client, attributes, [query]))
  }
}

/** What clients see of a contact: that it is gone where it is not listed. */
function seen(contact: Contact): Item {
  return contact.listed ? itemOf(contact) : gone(contact)
}

/** What clients see of a contact that is in the roster no more. */
export function gone({ contact }: Pick<Contact, 'contact'>): Item {
  return { jid: contact, subscription: 'remove', groups: [] }
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
