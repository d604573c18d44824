import type { Jid } from '../wire/jid.ts'
import { bool, int, jid, list, oneOf, text } from '../wire/kinds.ts'
import type { Owner } from './owner.ts'
import { optional, table } from './table.ts'

/** RFC 6121 §2.1.2.5: who sees whose presence, from the user's side. */
export const subscription = oneOf('none', 'to', 'from', 'both')
export type Subscription = 'none' | 'to' | 'from' | 'both'

/**
 * What an account knows of each contact: the state that delivery and presence need (RFC 6121 appendix A), and what the
 * user wrote beside it. A contact that only asked (`pendingIn`) or was only approved in advance is kept here and is not
 * `listed`: it is no item of the roster that clients see.
 */
export const roster = table(
  'roster',
  {
    contact: jid,
    listed: bool,
    name: optional(text),
    groups: list(text),
    subscription,
    pendingOut: bool,
    pendingIn: bool,
    approved: bool,
    /** The presence stanza of type subscribe, for resources that come later (RFC 6121 §3.1.3). */
    request: optional(text),
    /** The version of the roster with which clients saw it last change (RFC 6121 §2.6). */
    version: optional(int),
  },
  ['contact'],
  { loaded: true, version: 2 },
)

export type Contact = typeof roster extends { read(row: never): infer R } ? R : never

/** What is known of a contact by an account, or undefined. */
export function contactOf(owner: Owner, contact: Jid): Contact | undefined {
  return owner.rows(roster).get(contact.bare.full)
}

/** A contact of whom nothing is known yet. */
export function newContact(contact: Jid): Contact {
  return {
    contact: contact.bare,
    listed: false,
    name: undefined,
    groups: [],
    subscription: 'none',
    pendingOut: false,
    pendingIn: false,
    approved: false,
    request: undefined,
    version: undefined,
  }
}

/** Whether this contact may see the account's presence: subscription from or both. */
export function isSubscriber(contact: Contact | undefined): boolean {
  return contact?.subscription === 'from' || contact?.subscription === 'both'
}

/** Whether the account sees this contact's presence: subscription to or both. */
export function isSubscribedTo(contact: Contact | undefined): boolean {
  return contact?.subscription === 'to' || contact?.subscription === 'both'
}

/** How many items the roster has. */
export function listed(owner: Owner): number {
  let count = 0
  for (const contact of owner.rows(roster).values()) if (contact.listed) count++
  return count
}
