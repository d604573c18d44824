import { Agent } from './agent.ts'
import {
  type Access,
  type Actions,
  type Client,
  type Delayed,
  type Direction,
  judgeDelay,
  type Login,
  type Pages,
  Refused,
  type Show,
} from './client.ts'

/** What an agent of a library with calls of its own is told; it answers each with `done` or `failed`. */
export type Order =
  | ({ readonly do: 'connect' } & Access)
  | { readonly do: 'leave' | 'reconnect' | 'carbons' | 'blocked' }
  | { readonly do: 'subscribe' | 'subscribed' | 'compose'; readonly to: string }
  | { readonly do: 'present'; readonly show: Show; readonly status: string }
  | { readonly do: 'say'; readonly to: string; readonly body: string; readonly receipt: boolean; readonly id?: string }
  | { readonly do: 'arrange'; readonly jid: string; readonly name: string; readonly group: string }
  | { readonly do: 'disco' | 'ping' | 'vcard' | 'last' | 'version' | 'time'; readonly of: string }
  | { readonly do: 'publish'; readonly name: string }
  | { readonly do: 'block' | 'unblock'; readonly jid: string }
  | { readonly do: 'keep' | 'kept'; readonly text: string }
  | { readonly do: 'password'; readonly password: string }
  | { readonly do: 'archive'; readonly of: string; readonly page: number }

/** What it tells: the answer to an order, or what came by itself. */
export type OrderEvent =
  | { readonly event: 'done'; readonly value: unknown }
  | { readonly event: 'failed'; readonly why: string; readonly refused: boolean }
  | { readonly event: 'offline' }
  /** A new session in place of one that could not be resumed, after `reconnect`. */
  | { readonly event: 'online' }
  /** Its session goes on (XEP-0198 §5), or does not; `h` is what the server then said it has. */
  | { readonly event: 'resumed' }
  | { readonly event: 'not-resumed'; readonly h: number | null }
  /** The server has a message. */
  | { readonly event: 'acked'; readonly id: string }
  | {
      readonly event: 'presence'
      /** Full JID. */
      readonly from: string
      readonly type: 'subscribe' | 'subscribed' | 'available' | 'unavailable'
      readonly show: Show
      readonly status: string
    }
  | { readonly event: 'message'; readonly from: string; readonly body: string; readonly delay: string | null }
  | { readonly event: 'carbon'; readonly direction: Direction; readonly other: string; readonly body: string }
  | { readonly event: 'composing'; readonly from: string }
  | { readonly event: 'receipt'; readonly id: string }
  | { readonly event: 'item'; readonly jid: string; readonly name: string; readonly groups: readonly string[] }

type Of<E extends OrderEvent['event']> = Extract<OrderEvent, { event: E }>
const bare = (jid: string) => jid.split('/')[0]

/** A client on a library that knows the extensions by itself. It asks for the roster and becomes available at login. */
export class OrderClient implements Client, Omit<Actions, 'returns'> {
  readonly #agent: Agent<Order, OrderEvent>
  readonly #events: OrderEvent[] = []

  constructor(name: string, command: readonly [string, ...string[]]) {
    this.#agent = new Agent<Order, OrderEvent>(name, command, { PYTHONUNBUFFERED: '1' }, event => {
      this.#events.push(event)
    })
  }

  /** What the agent answers to an order; rejects where it failed. */
  async #ask<T>(order: Order, seconds = 15): Promise<T> {
    this.#agent.order(order)
    const answer = await this.#take(order.do, ({ event }) => event === 'done' || event === 'failed', seconds)
    if (answer.event === 'done') return answer.value as T
    const { why, refused } = answer as Of<'failed'>
    throw refused ? new Refused(why) : new Error(`${order.do}: ${why}`)
  }

  #take(what: string, fits: (event: OrderEvent) => boolean, seconds?: number): Promise<OrderEvent> {
    const find = () => {
      const at = this.#events.findIndex(fits)
      return at < 0 ? undefined : this.#events.splice(at, 1)[0]
    }
    return this.#agent.until(what, find, () => this.#events.slice(-5), seconds)
  }

  async #see<E extends OrderEvent['event']>(event: E, fits: (found: Of<E>) => boolean): Promise<Of<E>> {
    return (await this.#take(event, one => one.event === event && fits(one as Of<E>))) as Of<E>
  }

  logIn(access: Access): Promise<Login> {
    return this.#ask<Login>({ do: 'connect', ...access }, 25)
  }

  async leave(): Promise<void> {
    await this.#ask({ do: 'leave' })
    await this.#see('offline', () => true)
  }

  end(): Promise<void> {
    return this.#agent.end()
  }

  async subscribe(to: string): Promise<void> {
    await this.#ask({ do: 'subscribe', to })
  }

  async accept(from: string): Promise<void> {
    await this.#see('presence', one => one.type === 'subscribe' && bare(one.from) === from)
    await this.#ask({ do: 'subscribed', to: from })
  }

  async accepted(by: string): Promise<void> {
    await this.#see('presence', one => one.type === 'subscribed' && bare(one.from) === by)
  }

  async present(show: Show, status: string): Promise<void> {
    await this.#ask({ do: 'present', show, status })
  }

  /** By the last presence that came from the contact. */
  async sees(contact: string, show: Show | 'offline', status?: string): Promise<void> {
    const find = () => {
      const last = this.#events.findLast(
        (one): one is Of<'presence'> =>
          one.event === 'presence' && /available/.test(one.type) && bare(one.from) === contact,
      )
      const shown = last && (last.type === 'unavailable' ? 'offline' : last.show)
      return shown === show && (status === undefined || last?.status === status) ? true : undefined
    }
    await this.#agent.until(`${contact} is ${show}`, find, () => this.#events.slice(-5))
  }

  async say(to: string, body: string): Promise<void> {
    await this.#ask({ do: 'say', to, body, receipt: false })
  }

  async hears(from: string, body: string, delayed: Delayed = false): Promise<void> {
    const { delay } = await this.#see('message', one => bare(one.from) === from && one.body === body)
    judgeDelay(delay ?? undefined, delayed)
  }

  async arrange(jid: string, name: string, group: string): Promise<void> {
    await this.#ask({ do: 'arrange', jid, name, group })
  }

  async lists(jid: string, name: string, group: string): Promise<void> {
    await this.#see('item', one => one.jid === jid && one.name === name && one.groups.join() === group)
  }

  async discovers(of: string, feature: string): Promise<void> {
    const features = await this.#ask<string[]>({ do: 'disco', of })
    if (!features.includes(feature)) throw new Error(`it saw ${features}`)
  }

  async pings(of: string): Promise<void> {
    await this.#ask({ do: 'ping', of })
  }

  async publishes(name: string): Promise<void> {
    await this.#ask({ do: 'publish', name })
  }

  async reads(of: string, name: string): Promise<void> {
    const seen = await this.#ask({ do: 'vcard', of })
    if (seen !== name) throw new Error(`it read ${seen}`)
  }

  async block(jid: string): Promise<void> {
    await this.#ask({ do: 'block', jid })
  }

  async unblock(jid: string): Promise<void> {
    await this.#ask({ do: 'unblock', jid })
  }

  async blocks(jid: string): Promise<void> {
    const list = await this.#ask<string[]>({ do: 'blocked' })
    if (!list.includes(jid)) throw new Error(`the list is ${list}`)
  }

  async enableCarbons(): Promise<void> {
    await this.#ask({ do: 'carbons' })
  }

  async seesCarbon(direction: Direction, other: string, body: string): Promise<void> {
    await this.#see('carbon', one => one.direction === direction && bare(one.other) === other && one.body === body)
  }

  keeps(text: string): Promise<{ name: string; namespace: string }> {
    return this.#ask({ do: 'keep', text })
  }

  async kept(text: string): Promise<void> {
    const seen = await this.#ask({ do: 'kept', text })
    if (seen !== text) throw new Error(`it read ${seen}`)
  }

  lastActivity(of: string): Promise<number> {
    return this.#ask({ do: 'last', of })
  }

  version(of: string): Promise<string> {
    return this.#ask({ do: 'version', of })
  }

  time(of: string): Promise<string> {
    return this.#ask({ do: 'time', of })
  }

  async composes(to: string): Promise<void> {
    await this.#ask({ do: 'compose', to })
  }

  async seesComposing(from: string): Promise<void> {
    await this.#see('composing', one => bare(one.from) === from)
  }

  async saysForReceipt(to: string, body: string): Promise<void> {
    const id = await this.#ask<string>({ do: 'say', to, body, receipt: true })
    await this.#see('receipt', one => one.id === id)
  }

  async changePassword(password: string): Promise<void> {
    await this.#ask({ do: 'password', password })
  }

  async resumes(): Promise<void> {
    await this.#ask({ do: 'reconnect' })
    const answer = await this.#take('resumption', ({ event }) => event === 'resumed' || event === 'not-resumed', 20)
    // That the connection was lost is no news any more.
    await this.#take('offline', ({ event }) => event === 'offline', 1).catch(() => {})
    if (answer.event !== 'resumed') throw new Error('its session was over')
  }

  archived(of: string, page: number): Promise<Pages> {
    return this.#ask({ do: 'archive', of, page })
  }
}
