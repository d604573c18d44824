import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Contact } from '../../server/roster.ts'
import { listed, roster } from '../../server/roster.ts'
import { optional, put, remove, table } from '../../server/table.ts'
import { int, jid } from '../../wire/kinds.ts'

/**
 * RFC 6121 §2.6: `version` grows with each change of what clients see. What changed since is known for every version
 * from `floor` on; of an older one it is not.
 */
export const rosterVersion = table('roster_version', { version: int, floor: optional(int) }, [], {
  loaded: true,
  version: 2,
})

/** Contacts that were taken out of the roster, and with which version. */
export const rosterRemoved = table('roster_removed', { contact: jid, version: int }, ['contact'], { loaded: true })

/** Removals that are remembered. */
const removedAtMost = 100

/** What a roster push costs more than an item of the whole roster, as a factor. */
const pushCosts = 3

/** The version of the roster as it is now; 0 where it was never changed. */
export function versionOf(owner: Owner): number {
  return owner.rows(rosterVersion).get('')?.version ?? 0
}

/** Microseconds since 1970, or one more than the last: an account that was removed and made again never repeats one. */
export function nextVersion(host: Host, owner: Owner): number {
  return Math.max(host.shared.now() * 1000, versionOf(owner) + 1)
}

/** What is to be written down of a change of this contact, which makes this version. */
export function versionChanges(owner: Owner, contact: Contact, version: number): readonly Change[] {
  const removed = owner.rows(rosterRemoved)
  const was = removed.get(contact.contact.full)
  const floor = owner.rows(rosterVersion).get('')?.floor ?? version
  if (contact.listed) {
    const changes: Change[] = was === undefined ? [] : [remove(rosterRemoved, was)]
    return [...changes, put(rosterVersion, { version, floor })]
  }
  const removal = put(rosterRemoved, { contact: contact.contact, version })
  if (was !== undefined || removed.size < removedAtMost) return [removal, put(rosterVersion, { version, floor })]
  const oldest = [...removed.values()].reduce((one, other) => (other.version < one.version ? other : one))
  return [remove(rosterRemoved, oldest), removal, put(rosterVersion, { version, floor: oldest.version })]
}

/** What changed since a version: contacts as they are now and those that are gone, oldest change first. */
export interface Changed {
  readonly version: number
  readonly contact: Contact['contact']
  /** undefined where it is gone. */
  readonly now: Contact | undefined
}

/**
 * What changed since the version that a client names, or undefined where that is not known or the whole roster is the
 * shorter answer (RFC 6121 §2.6.3).
 */
export function changedSince(owner: Owner, ver: string): readonly Changed[] | undefined {
  const known = Number(ver)
  const row = owner.rows(rosterVersion).get('')
  if (row?.floor === undefined || !Number.isSafeInteger(known) || String(known) !== ver) return undefined
  if (known < row.floor || known > row.version) return undefined
  const changed: Changed[] = []
  for (const contact of owner.rows(roster).values()) {
    const { version = 0 } = contact
    if (contact.listed && version > known) changed.push({ version, contact: contact.contact, now: contact })
  }
  for (const { contact, version } of owner.rows(rosterRemoved).values())
    if (version > known) changed.push({ version, contact, now: undefined })
  if (changed.length * pushCosts > listed(owner)) return changed.length === 0 ? changed : undefined
  return changed.sort((one, other) => one.version - other.version)
}
