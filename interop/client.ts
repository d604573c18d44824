/** How a client reaches the server. */
export type Carrier = 'STARTTLS' | 'direct TLS'

/** What a client needs in order to log in. */
export interface Access {
  /** Bare JID. */
  readonly jid: string
  readonly password: string
  readonly address: string
  readonly port: number
  readonly carrier: Carrier
  /** File with the certificate to trust, PEM. */
  readonly authority: string
}

/** How a login went, as far as the client shows it; '' where it does not. */
export interface Login {
  /** SASL mechanism. */
  readonly mechanism: string
  /** Version of TLS. */
  readonly tls: string
}

/** `show` of RFC 6121 §4.7.2.1, and what it means that there is none. */
export type Show = 'online' | 'away' | 'chat' | 'dnd' | 'xa'

/** What the two sides of a message are called by XEP-0280. */
export type Direction = 'sent' | 'received'

/** Whether a message was delayed; `perhaps` where a server may say so or not. */
export type Delayed = boolean | 'perhaps'

/**
 * What a client can be made to do, and what it must be seen to know. All of it by its own means: its library's calls,
 * its commands, its screen. Each waits until it is done or seen, and rejects where it is not.
 */
export interface Actions {
  /** Asks for somebody's presence (RFC 6121 §3.1). */
  subscribe(to: string): Promise<void>
  /** Waits for that question, and says yes. */
  accept(from: string): Promise<void>
  /** Sees that yes. */
  accepted(by: string): Promise<void>
  present(show: Show, status: string): Promise<void>
  sees(contact: string, show: Show | 'offline', status?: string): Promise<void>
  say(to: string, body: string): Promise<void>
  /** Sees a message once, and by its stamp, where it shows one, whether it was delayed (XEP-0203): by a minute at most. */
  hears(from: string, body: string, delayed?: Delayed): Promise<void>
  /** Puts a contact into the roster, or changes it there. */
  arrange(contact: string, name: string, group: string): Promise<void>
  /** Knows by itself how a contact stands in the roster: from the roster, or from a push. */
  lists(contact: string, name: string, group: string): Promise<void>
  /** Learns that an entity has a feature. */
  discovers(entity: string, feature: string): Promise<void>
  pings(entity: string): Promise<void>
  /** Puts a full name into its own vCard. */
  publishes(name: string): Promise<void>
  /** Reads a full name in somebody's vCard. */
  reads(of: string, name: string): Promise<void>
  block(jid: string): Promise<void>
  unblock(jid: string): Promise<void>
  /** Reads in the block list that somebody is there. */
  blocks(jid: string): Promise<void>
  enableCarbons(): Promise<void>
  /** Sees a copy of what another session of the same account sent to, or received from, somebody. */
  seesCarbon(direction: Direction, other: string, body: string): Promise<void>
  /** Keeps a text (a valid JID) in private XML storage; in which element. */
  keeps(text: string): Promise<{ readonly name: string; readonly namespace: string }>
  /** Reads it there. */
  kept(text: string): Promise<void>
  /** Seconds, as the client tells them. */
  lastActivity(of: string): Promise<number>
  /** The name of a software. */
  version(of: string): Promise<string>
  /** Something from which `Date` reads the time of an entity. */
  time(of: string): Promise<string>
  /** Starts to write to somebody (XEP-0085). */
  composes(to: string): Promise<void>
  seesComposing(from: string): Promise<void>
  /** Says something and sees the receipt (XEP-0184); gives one, too, when it is asked. */
  saysForReceipt(to: string, body: string): Promise<void>
  changePassword(password: string): Promise<void>
  /** Connects again after its connection was cut, and goes on in the same session (XEP-0198 §5); rejects where it is another one. */
  resumes(): Promise<void>
  /** Connects again after its connection was cut; by which mechanism it authenticated. */
  returns(): Promise<string>
  /** Reads all that it said with somebody in its archive (XEP-0313), in pages of at most so many messages. */
  archived(of: string, page: number): Promise<Pages>
}

/** What came out of an archive. */
export interface Pages {
  readonly pages: number
  /** The texts of all messages, the oldest first. */
  readonly bodies: readonly string[]
}

/** A real client; what is missing is what it cannot do, and its kind says why. */
export interface Client extends Partial<Actions> {
  /** Connects and becomes available. Rejects with `Refused` where the client gives up, telling why. */
  logIn(access: Access): Promise<Login>
  /** Leaves in good order. */
  leave(): Promise<void>
  /** Ends the process, whatever it does. */
  end(): Promise<void>
}

/** The client itself would not connect or log in: not a fault of the test. */
export class Refused extends Error {}

export interface Start {
  /** An empty folder of its own. */
  readonly folder: string
  /** File with the certificate to trust, PEM. */
  readonly authority: string
}

/** A kind of client: how one is started, what it is, what it cannot. */
export interface Kind {
  readonly name: string
  /** Where it comes from, such as `Debian: mcabber`. */
  readonly source: string
  version(): Promise<string>
  start(start: Start): Promise<Client>
  /** Why it cannot do something by itself, by the ability's name. */
  readonly cannot: Readonly<Record<string, string>>
}

/** Throws unless a message bears the stamp that it should: none, or one of the last minute. */
export function judgeDelay(stamp: string | undefined, delayed: Delayed): void {
  if (delayed === 'perhaps') return
  const age = Date.now() - Date.parse(stamp ?? '')
  if (delayed ? !(age > -2000 && age < 60_000) : stamp !== undefined)
    throw new Error(stamp === undefined ? 'the message has no delay stamp' : `the message has the delay stamp ${stamp}`)
}
