import type { Envelope } from '../../server/envelope.ts'
import type { Infer } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed, StanzaError } from '../../wire/errors.ts'
import type { Jid } from '../../wire/jid.ts'
import type { Archives, Preferences } from './accounts.ts'
import { prefs } from './wire.ts'

/** What the user wants archived, as clients see it: both lists are always there (XEP-0441 §2.1). */
export function shownPreferences({ default: otherwise, always, never }: Preferences): Element {
  return prefs.write({ default: otherwise, always: { jids: always }, never: { jids: never } })
}

/**
 * Keeps what the user wants archived from now on; a list that is missing is empty (§2.1.2, §2.1.3). Throws Malformed where
 * the default is missing, StanzaError `policy-violation` where the lists hold more than `most` addresses.
 */
export async function changePreferences(
  archives: Archives,
  wanted: Infer<typeof prefs>,
  { owner }: Envelope,
  most: number,
): Promise<Element> {
  // §2.1.1
  if (wanted.default === undefined) throw new Malformed('<prefs/>: the attribute "default" is missing')
  const always = distinct(wanted.always?.jids)
  const never = distinct(wanted.never?.jids)
  if (always.length + never.length > most)
    throw new StanzaError('policy-violation', { text: `At most ${most} addresses can stand in both lists together.` })
  await owner.commit(archives.prefer(owner, { default: wanted.default, always, never }))
  return shownPreferences(archives.preferences(owner))
}

function distinct(jids: readonly Jid[] = []): readonly Jid[] {
  return [...new Map(jids.map(jid => [jid.full, jid])).values()]
}
