import type { Contact } from '../../server/roster.ts'

export type SubscriptionType = 'subscribe' | 'subscribed' | 'unsubscribe' | 'unsubscribed'

/** What an outbound subscription stanza leads to: does it travel on, and how the contact stands afterwards. */
export interface Outbound {
  readonly route: boolean
  /** The contact as it is from now on; the same object where nothing changes. */
  readonly next: Contact
}

/** What an inbound subscription stanza leads to. */
export interface Inbound {
  readonly deliver: boolean
  readonly next: Contact
  /** What the server answers for the user. */
  readonly reply?: 'subscribed' | 'unsubscribed'
}

/** RFC 6121 appendix A.2: what the user sends. */
export function outbound(type: SubscriptionType, contact: Contact): Outbound {
  const { to, from } = directions(contact)
  switch (type) {
    case 'subscribe':
      // A.2.1
      return { route: true, next: to || contact.pendingOut ? contact : { ...contact, listed: true, pendingOut: true } }
    case 'unsubscribe':
      // A.2.2
      return {
        route: true,
        next: to || contact.pendingOut ? changed(contact, { to: false }, { pendingOut: false }) : contact,
      }
    case 'subscribed':
      // A.2.3; without a request it is an approval in advance (§3.4.2).
      if (contact.pendingIn)
        return { route: true, next: changed(contact, { from: true }, { listed: true, ...answered }) }
      return { route: false, next: from || contact.approved ? contact : { ...contact, listed: true, approved: true } }
    case 'unsubscribed':
      // A.2.4; it also takes back an approval in advance (§3.2.2).
      if (from || contact.pendingIn)
        return { route: true, next: changed(contact, { from: false }, { approved: false, ...answered }) }
      return { route: false, next: contact.approved ? { ...contact, approved: false } : contact }
  }
}

/** RFC 6121 appendix A.3: what the contact sends. `request` is the stanza's XML, kept until it is answered (§3.1.3). */
export function inbound(type: SubscriptionType, contact: Contact, request: string): Inbound {
  const { to, from } = directions(contact)
  switch (type) {
    case 'subscribe':
      // A.3.1
      if (from) return { deliver: false, next: contact, reply: 'subscribed' }
      if (contact.approved)
        return { deliver: false, next: changed(contact, { from: true }, { listed: true }), reply: 'subscribed' }
      if (contact.pendingIn) return { deliver: false, next: contact }
      return { deliver: true, next: { ...contact, pendingIn: true, request } }
    case 'unsubscribe':
      // A.3.2
      if (!from && !contact.pendingIn) return { deliver: false, next: contact }
      return { deliver: true, next: changed(contact, { from: false }, answered), reply: 'unsubscribed' }
    case 'subscribed':
      // A.3.3
      if (!contact.pendingOut) return { deliver: false, next: contact }
      return { deliver: true, next: changed(contact, { to: true }, { pendingOut: false }) }
    case 'unsubscribed':
      // A.3.4
      if (!to && !contact.pendingOut) return { deliver: false, next: contact }
      return { deliver: true, next: changed(contact, { to: false }, { pendingOut: false }) }
  }
}

const answered = { pendingIn: false, request: undefined }

function directions({ subscription }: Contact): { to: boolean; from: boolean } {
  return {
    to: subscription === 'to' || subscription === 'both',
    from: subscription === 'from' || subscription === 'both',
  }
}

function changed(contact: Contact, change: { to?: boolean; from?: boolean }, flags: Partial<Contact>): Contact {
  const { to, from } = { ...directions(contact), ...change }
  const subscription = to && from ? 'both' : to ? 'to' : from ? 'from' : 'none'
  return { ...contact, ...flags, subscription }
}
