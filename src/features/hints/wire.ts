import type { Codec } from '../../wire/codec.ts'
import { element } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'

const hints = 'urn:xmpp:hints'

/** Not for archives and logs; to wait for its recipient is no archive (XEP-0334 §4.1, §3.3). */
export const noPermanentStore = element(hints, 'no-permanent-store', {})

/** Not to be stored at all (XEP-0334 §4.2). */
export const noStore = element(hints, 'no-store', {})

/** For nobody but whom it is addressed to (XEP-0334 §4.3). */
export const noCopy = element(hints, 'no-copy', {})

/** Worth storing, whatever is in it (XEP-0334 §4.4). */
export const store = element(hints, 'store', {})

/** Whether the sender of a message gives this hint. Hints in an error are those of what it answers, and say nothing (XEP-0334 §5). */
export function isHinted(message: Element, hint: Codec<object>): boolean {
  return message.child(hint.name, hint.namespace) !== undefined && message.attribute('type') !== 'error'
}
