import type { Envelope } from '../../server/envelope.ts'
import type { Host } from '../../server/host.ts'
import type { LogEntry, Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import type { Infer } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import { answeredPage, requestedPage } from '../../wire/paging.ts'
import { parse } from '../../wire/reader.ts'
import type { Archives } from './accounts.ts'
import { catchUps, type Learnt } from './exports.ts'
import { type Allowed, filterOf } from './filter.ts'
import { learnt, pageOf } from './pages.ts'
import { Search } from './search.ts'
import { fin, metadata, type query, result } from './wire.ts'

type Query = Infer<typeof query>

/** Messages of a page where the query does not say how many. */
const usual = 100

/** The end of a page that was sent, and what it tells of what has come lately. */
interface Answer {
  readonly end: Element
  readonly news: Learnt | undefined
}

/** Answers what accounts ask of their archives. */
export class Answers {
  readonly #host: Host
  readonly #archives: Archives
  readonly #config: Allowed
  readonly #search: Search
  /** The last query of each session: they are answered one after the other, so that one client has one page in memory. */
  readonly #running = new WeakMap<Session, Promise<unknown>>()

  constructor(host: Host, archives: Archives, config: Allowed) {
    this.#host = host
    this.#archives = archives
    this.#config = config
    this.#search = new Search(host)
  }

  /** Sends the page that is asked for and returns its end (XEP-0313 §4). Rejects with StanzaError, Malformed or StorageError. */
  query(asked: Query, { owner, session }: Envelope): Promise<Element> {
    if (session === undefined) throw new StanzaError('service-unavailable')
    const before = this.#running.get(session)
    const answer = () => this.#answer(asked, owner, session)
    const running = before === undefined ? answer() : before.then(answer, answer)
    this.#running.set(session, running)
    const followers = this.#host.extensions(catchUps)
    if (followers.length > 0) {
      const told = running.then(
        ({ news }) => news,
        () => undefined,
      )
      for (const follow of followers) follow(session, told)
    }
    return running.then(({ end }) => end)
  }

  /** The archive's ends (§5). */
  async metadata(owner: Owner): Promise<Element> {
    const [first, last] = await Promise.all([
      owner.entries({ archived: true, limit: 1 }),
      owner.entries({ archived: true, limit: 1, last: true }),
    ])
    if (first[0] === undefined || last[0] === undefined) return metadata.write({})
    return metadata.write({ start: this.#end(owner, first[0]), end: this.#end(owner, last[0]) })
  }

  async #answer({ queryid, node, form, set, flip }: Query, owner: Owner, session: Session): Promise<Answer> {
    // §6.1.3
    if (node !== undefined) throw new StanzaError('feature-not-implemented', { text: 'No node has an archive here.' })
    const page = requestedPage(set, Math.min(usual, this.#config.page), this.#config.page)
    // XEP-0059 §2.6
    if (page.index !== undefined)
      throw new StanzaError('feature-not-implemented', { text: 'Pages are found by ids, not by an index.' })
    const seal = this.#archives.seal(owner)
    const filter = filterOf(owner, seal, form, this.#config)
    if (filter.words !== undefined && filter.words.length > 0 && filter.ids === undefined)
      await this.#search.ready(owner)
    const end = owner.last
    const found = await pageOf(owner, seal, filter, page, session.unsent.most)
    const { entries, complete } = found
    // §4.3.4: the same page, the other way round.
    for (const entry of flip ? entries.toReversed() : entries) this.#send(entry, queryid, owner, session)
    const ids = entries.map(({ id }) => seal.close(id))
    // XEP-0059 §2.2: to count what does not fit on the page would cost as much as to read it.
    const isWhole = complete && page.after === undefined && page.before === undefined
    const whole = isWhole ? { index: 0, count: ids.length } : {}
    const last = fin.write({ ...(complete && { complete }), set: answeredPage(ids, whole) })
    return { end: last, news: learnt(filter, page, found, end) }
  }

  /** §4.2 */
  #send(entry: LogEntry, queryid: string | undefined, owner: Owner, session: Session): void {
    const id = this.#archives.seal(owner).close(entry.id)
    const named = queryid === undefined ? {} : { queryid }
    const delay = { stamp: new Date(entry.at), reason: '' }
    try {
      const found = result.write({ ...named, id, forwarded: { delay, stanza: parse(entry.xml) } })
      const attributes = ['from', owner.address.full, 'to', session.jid.full]
      session.answer(new Element('message', ns.client, attributes, [found]))
    } catch (error) {
      if (!(error instanceof StreamError)) throw error
      // One that cannot be read must not keep back all others.
      const facts = { account: owner.address.full, entry: entry.id, reason: error.message }
      this.#host.shared.log('error', 'an entry of the log cannot be read', facts)
    }
  }

  #end(owner: Owner, { id, at }: LogEntry) {
    return { id: this.#archives.seal(owner).close(id), timestamp: new Date(at) }
  }
}
