import type { Envelope } from '../../server/envelope.ts'
import { isStandalone } from '../chat-states/wire.ts'
import { isHinted, noStore, store } from '../hints/wire.ts'

/**
 * Whether a message is kept for who is not there: by its type (XEP-0160 §3), unless it says nothing but a chat state or
 * its sender wants it otherwise (XEP-0334 §4.2, §4.4). What shall not be stored permanently may wait here (§3.3).
 */
export function isStorable({ type, stanza }: Envelope): boolean {
  if (type === 'error' || type === 'groupchat' || type === 'headline') return false
  if (isHinted(stanza, noStore)) return false
  return !isStandalone(stanza) || isHinted(stanza, store)
}

/** Whether a message may be lost without a word: nobody wants to hear that a chat state was not seen (XEP-0085 §5.8). */
export function isForgettable(e: Envelope): boolean {
  // A room goes by the error to learn that an occupant is gone.
  return e.type !== 'groupchat' && isStandalone(e.stanza) && !isStorable(e)
}
