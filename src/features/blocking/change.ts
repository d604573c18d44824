import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import type { Receipt } from '../../server/turns.ts'
import { follow } from './follow.ts'
import { active, forget, listFor, listsOf } from './lists.ts'

/** Makes changes of an account's lists. They hold at once, and who sees whom from now on is told. */
export function commit(host: Host, owner: Owner, changes: readonly Change[]): Receipt {
  if (changes.length === 0) return undefined
  const before = listsOf(owner)
  const receipt = owner.commit(...changes)
  forget(owner)
  const after = listsOf(owner)
  for (const session of [...owner.sessions]) follow(host, session, listFor(before, session), listFor(after, session))
  return receipt
}

/** Makes a list the active one of a session, or with an empty name none (XEP-0016 §2.4). */
export function activate(host: Host, session: Session, name: string): void {
  const lists = listsOf(session.owner)
  const before = listFor(lists, session)
  session.set(active, name)
  follow(host, session, before, listFor(lists, session))
}
