import type { Contact } from '../../server/roster.ts'
import type { SubscriptionType } from './subscriptions.ts'

/** The nine states of RFC 6121 §A.1, as its tables name them. */
export const states = ['None', 'None+Out', 'None+In', 'None+Out+In', 'To', 'To+In', 'From', 'From+Out', 'Both'] as const
export type State = (typeof states)[number]

/** The state of a contact by that name. */
export function stateOf({ subscription, pendingOut, pendingIn }: Contact): string {
  const name = subscription[0]!.toUpperCase() + subscription.slice(1)
  return `${name}${pendingOut ? '+Out' : ''}${pendingIn ? '+In' : ''}`
}

/** Rows: what each state becomes; `!` where the stanza is not routed or delivered, `=` where nothing changes. */
// biome-ignore format: it reads as the tables of the RFC do
export const outboundTables: Record<SubscriptionType, Record<State, string>> = {
  subscribe: {
    None: 'None+Out', 'None+Out': '=', 'None+In': 'None+Out+In', 'None+Out+In': '=', To: '=', 'To+In': '=',
    From: 'From+Out', 'From+Out': '=', Both: '=',
  },
  unsubscribe: {
    None: '=', 'None+Out': 'None', 'None+In': '=', 'None+Out+In': 'None+In', To: 'None', 'To+In': 'None+In',
    From: '=', 'From+Out': 'From', Both: 'From',
  },
  subscribed: {
    None: '!=', 'None+Out': '!=', 'None+In': 'From', 'None+Out+In': 'From+Out', To: '!=', 'To+In': 'Both',
    From: '!=', 'From+Out': '!=', Both: '!=',
  },
  unsubscribed: {
    None: '!=', 'None+Out': '!=', 'None+In': 'None', 'None+Out+In': 'None+Out', To: '!=', 'To+In': 'To',
    From: 'None', 'From+Out': 'None+Out', Both: 'To',
  },
}

// biome-ignore format: it reads as the tables of the RFC do
/** The same for what comes in. */
export const inboundTables: Record<SubscriptionType, Record<State, string>> = {
  subscribe: {
    None: 'None+In', 'None+Out': 'None+Out+In', 'None+In': '!=', 'None+Out+In': '!=', To: 'To+In', 'To+In': '!=',
    From: '!=', 'From+Out': '!=', Both: '!=',
  },
  unsubscribe: {
    None: '!=', 'None+Out': '!=', 'None+In': 'None', 'None+Out+In': 'None+Out', To: '!=', 'To+In': 'To',
    From: 'None', 'From+Out': 'None+Out', Both: 'To',
  },
  subscribed: {
    None: '!=', 'None+Out': 'To', 'None+In': '!=', 'None+Out+In': 'To+In', To: '!=', 'To+In': '!=',
    From: '!=', 'From+Out': 'Both', Both: '!=',
  },
  unsubscribed: {
    None: '!=', 'None+Out': 'None', 'None+In': '!=', 'None+Out+In': 'None+In', To: 'None', 'To+In': 'None+In',
    From: '!=', 'From+Out': 'From', Both: 'From',
  },
}
