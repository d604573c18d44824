import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { slot } from '../../server/slot.ts'
import { Element } from '../../wire/element.ts'
import type { Jid } from '../../wire/jid.ts'
import { bool } from '../../wire/kinds.ts'
import { ns } from '../../wire/namespaces.ts'
import { block, unblock } from './wire.ts'

/** Whether a session has asked for the block list, and so hears of its changes (XEP-0191 §3.3). */
export const requested = slot(bool, false, { lives: 'session', name: 'block list requested' })

/** Tells who asked for the block list that these addresses are blocked now. */
export function pushBlocked(host: Host, owner: Owner, addresses: readonly Jid[]): void {
  push(host, owner, block.write({ items: addresses.map(jid => ({ jid, payloads: [] })) }))
}

/** Tells who asked for the block list that these addresses are blocked no more; of none: that none is (XEP-0191 §3.5). */
export function pushUnblocked(host: Host, owner: Owner, addresses: readonly Jid[]): void {
  push(host, owner, unblock.write({ items: addresses.map(jid => ({ jid, payloads: [] })) }))
}

/** Tells who asked for the block list what is different from what it was before. */
export function pushDifference(host: Host, owner: Owner, before: readonly Jid[], after: readonly Jid[]): void {
  const were = new Set(before.map(String))
  const are = new Set(after.map(String))
  const gone = before.filter(jid => !are.has(jid.full))
  const added = after.filter(jid => !were.has(jid.full))
  if (gone.length > 0) pushUnblocked(host, owner, gone)
  if (added.length > 0) pushBlocked(host, owner, added)
}

function push(host: Host, owner: Owner, payload: Element): void {
  for (const session of owner.sessions) {
    if (!session.get(requested)) continue
    const attributes = ['from', owner.address.full, 'to', session.jid.full, 'type', 'set', 'id', host.shared.id()]
    // Behind the list as it was before, where that waits for its turn.
    session.answer(new Element('iq', ns.client, attributes, [payload]))
  }
}
