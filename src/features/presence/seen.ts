import { sessionOf } from '../../server/delivery.ts'
import { envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import { put, remove, table } from '../../server/table.ts'
import { Element } from '../../wire/element.ts'
import type { Jid } from '../../wire/jid.ts'
import { jid } from '../../wire/kinds.ts'
import { ns } from '../../wire/namespaces.ts'

/**
 * Full JIDs of a host that contacts see as available. After a crash that is what must be taken back: whoever is here
 * in the table, and has no session.
 */
export const seen = table('seen', { jid }, ['jid'])

/** Contacts see it from now on. Nobody waits for this to be durable. */
export function isSeen({ service }: Host, jid: Jid): void {
  service.note(put(seen, { jid }))
}

/** Contacts have seen it leave. */
export function isSeenNoMore({ service }: Host, jid: Jid): void {
  service.note(remove(seen, { jid }))
}

/**
 * After a crash: contacts see those leave who were available then and are not back (RFC 6121 §4.5.2). Who was only sent
 * directed presence is not known any more.
 */
export async function takeBack(host: Host): Promise<void> {
  const { shared, service } = host
  try {
    const rows = await service.read(seen)
    let count = 0
    for (const row of rows) if (await leaves(host, row.jid)) count++
    if (count > 0) shared.log('info', 'contacts told who is gone since the crash', { sessions: count })
  } catch (error) {
    shared.log('error', 'contacts not told who is gone since the crash', { reason: String(error) })
  }
}

async function leaves(host: Host, full: Jid): Promise<boolean> {
  const owner = await host.owners.find(full.bare)
  // Nothing is waited for from here on: whoever comes meanwhile is seen after this, or keeps its row.
  if (owner !== undefined) {
    if (sessionOf(owner, full.resource)?.presence !== undefined) return false
    const stanza = new Element('presence', ns.client, ['from', full.full, 'type', 'unavailable'])
    host.shared.road.send(envelope(stanza, full, undefined, owner))
  }
  isSeenNoMore(host, full)
  return owner !== undefined
}
