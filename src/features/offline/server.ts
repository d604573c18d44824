import { setting, whole } from '../../server/config.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { LogEntry, NewEntry, Owner } from '../../server/owner.ts'
import { drop, ended, message, presence } from '../../server/pipeline.ts'
import type { Session } from '../../server/session.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { delay } from '../delay/wire.ts'
import { isNotToBeStored, isOnlyChatState } from './wire.ts'

/** The cursor of all clients that are no devices of their own (DESIGN 6). */
const legacy = 'legacy'
/** Messages, and characters of XML, that are handed over before the client is asked whether it has them. */
const page = 50
const pageLength = 32 * 1024

/** Messages for those who are not there: kept in the log, handed over in order when they come (XEP-0160). */
export default feature({
  name: 'offline',
  xeps: [
    { number: 160, version: '1.0.1' },
    { number: 203, version: '2.0' },
  ],
  disco: { server: ['msgoffline'] },
  config: { maximum: setting(whole, 1000, 'Messages that may wait for one account.') },
  start: ({ config, host }) => {
    const backlogs = new Backlogs(host)
    return [
      message.undelivered.check(e => (isOnlyChatState(e.stanza) ? drop : undefined)),
      message.undelivered.store(e => {
        if (!isStorable(e)) return undefined
        // XEP-0160 §2: the sender hears that there is no room.
        if (e.owner.undelivered >= config.maximum) throw new StanzaError('service-unavailable')
        return append(host, e)
      }),
      // While older messages are being handed over, newer ones go behind them.
      message.arriving.check(e => {
        if (!backlogs.isBefore(e) || !isStorable(e)) return undefined
        const kept = append(host, e)
        return ended(kept === true ? undefined : kept)
      }),
      presence.sending.notify(({ to, session }) => {
        if (to === undefined && session?.reachable) backlogs.handOver(session)
      }),
    ]
  },
})

/** XEP-0160 §3 and XEP-0334. */
function isStorable({ type, stanza }: Envelope): boolean {
  if (type === 'error' || type === 'groupchat' || type === 'headline') return false
  return !isNotToBeStored(stanza) && !isOnlyChatState(stanza)
}

function append(host: Host, e: Envelope): Promise<void> | true {
  const entry: NewEntry = {
    at: host.shared.now(),
    peer: e.from.bare.full,
    direction: 'in',
    archived: false,
    undelivered: true,
    xml: e.stanza.toString(),
  }
  return e.owner.commit({ append: entry }) ?? true
}

/** The backlogs that are being handed over: one session of an account gets it, and confirms it page by page. */
class Backlogs {
  readonly #host: Host
  readonly #takers = new WeakMap<Owner, Session>()

  constructor(host: Host) {
    this.#host = host
  }

  /** Whether a message is for somebody who is still getting older ones. */
  isBefore({ owner, to }: Envelope): boolean {
    const taker = this.#takers.get(owner)
    return taker !== undefined && (to!.isBare || to!.equals(taker.jid))
  }

  /** Hands the backlog to a session that has become reachable, where there is one and nobody else is getting it. */
  handOver(session: Session): void {
    const { owner } = session
    if (owner.undelivered === 0 || this.#takers.has(owner)) return
    this.#takers.set(owner, session)
    this.#pages(owner, session)
      .catch(error => {
        if (error instanceof StanzaError) return
        this.#host.shared.log('error', 'backlog not handed over', {
          account: owner.address.full,
          reason: String(error),
        })
      })
      .finally(() => {
        this.#takers.delete(owner)
        const next = owner.sessions.find(other => other !== session && other.reachable)
        if (next !== undefined) this.handOver(next)
      })
  }

  async #pages(owner: Owner, session: Session): Promise<void> {
    while (owner.undelivered > 0 && session.reachable && !session.ended) {
      const entries = shortened(await owner.entries({ after: owner.cursor(legacy), undelivered: true, limit: page }))
      const last = entries.at(-1)
      if (last === undefined) return
      for (const entry of entries) session.deliver(this.#delayed(entry))
      // Without stream management only an answer from behind the backlog shows that it has arrived.
      await this.#confirmed(session)
      await owner.commit({ cursor: legacy, to: last.id, taken: entries.length })
    }
  }

  async #confirmed(session: Session): Promise<void> {
    try {
      await this.#host.request(session, 'get', new Element('ping', 'urn:xmpp:ping'))
    } catch (error) {
      // An error is an answer too (XEP-0199 §4.1), but not that there was none.
      const silent = error instanceof StanzaError && silence.has(error.condition)
      if (silent || !(error instanceof StanzaError)) throw error
    }
  }

  #delayed({ xml, at }: LogEntry): Element {
    const stanza = parse(xml)
    const stamp = delay.write({ from: this.#host.domain, stamp: new Date(at), reason: 'Offline Storage' })
    return stanza.withChildren([...stanza.children, stamp])
  }
}

/** The first entries that together are not too much for one client to take, and at least one. */
function shortened(entries: readonly LogEntry[]): readonly LogEntry[] {
  let length = 0
  const end = entries.findIndex(({ xml }) => (length += xml.length) > pageLength)
  return end < 0 ? entries : entries.slice(0, Math.max(1, end))
}

const silence: ReadonlySet<string> = new Set(['remote-server-timeout', 'recipient-unavailable'])
