import type { LogEntry, Owner } from '../../server/owner.ts'
import { StanzaError } from '../../wire/errors.ts'
import type { PageRequest } from '../../wire/paging.ts'
import type { Learnt } from './exports.ts'
import type { Filter } from './filter.ts'
import { idOf, latest } from './filter.ts'
import type { Seal } from './ids.ts'
import { meets, messageWords } from './words.ts'

/** Entries that are read at once, and characters of XML after which a page ends though more was asked for. */
const chunk = 50
const longest = 128 * 1024
/** About what a result has besides its message, in characters. */
const around = 400

/** Some archived messages in their order, and whether the page ends because there is nothing more. */
export interface Page {
  readonly entries: readonly LogEntry[]
  readonly complete: boolean
}

/** The bounds of a query together with those of its page: ids in between, both ends out. */
interface Bounds {
  readonly after: number
  readonly before: number
}

/**
 * The page of what a query is about. It is found by its ids alone, so the last one costs what the first one does. Rejects
 * with StanzaError `item-not-found` where an id that is named is not in the archive (XEP-0313 §4.1.3, §4.3.2). Whoever
 * asked may have `unsent` bytes waiting: half of them are for the page.
 */
export async function pageOf(
  owner: Owner,
  seal: Seal,
  filter: Filter,
  asked: PageRequest,
  unsent: number,
): Promise<Page> {
  const pageAfter = idOf(seal, asked.after)
  const pageBefore = idOf(seal, asked.before)
  const named = await Promise.all([
    ...(filter.ids ?? []).map(id => entryOf(owner, id)),
    ...[...filter.mustBe, pageAfter, pageBefore].filter(id => id !== undefined).map(id => entryOf(owner, id)),
  ])
  if (named.includes(undefined)) throw new StanzaError('item-not-found')
  const bounds = {
    after: Math.max(filter.after, pageAfter ?? 0),
    before: Math.min(filter.before, pageBefore ?? Number.MAX_SAFE_INTEGER),
  }
  const entries = entriesOf(owner, filter, bounds, asked, named.slice(0, filter.ids?.length ?? 0) as LogEntry[])
  return cut(entries, asked, unsent / 2)
}

/**
 * What this page tells of what has come lately, where the log ended with `end`. Undefined where it was one conversation,
 * certain messages or words, something older, or nothing that was asked for.
 */
export function learnt(
  filter: Filter,
  asked: PageRequest,
  { entries, complete }: Page,
  end: number,
): Learnt | undefined {
  const isAll =
    filter.peer === undefined &&
    filter.addresses === undefined &&
    filter.ids === undefined &&
    filter.words === undefined
  const isOpen = filter.before === latest && asked.before === undefined && filter.after <= end
  const newest = complete || asked.last ? end : entries.at(-1)?.id
  return isAll && isOpen && asked.limit > 0 && newest !== undefined ? { to: newest, end } : undefined
}

/** The archived entry with this id, or undefined. */
async function entryOf(owner: Owner, id: number): Promise<LogEntry | undefined> {
  return (await owner.entries({ after: id - 1, before: id + 1, limit: 1, archived: true }))[0]
}

/** What the query is about, from the end of the bounds at which the page begins. */
async function* entriesOf(
  owner: Owner,
  { peer, addresses, ids, words }: Filter,
  bounds: Bounds,
  { last, limit }: PageRequest,
  named: readonly LogEntry[],
): AsyncIterable<LogEntry> {
  const fits = (entry: LogEntry) => addresses === undefined || isAddressed(entry, addresses)
  if (ids !== undefined) {
    const { after, before } = bounds
    const among = named.filter(
      entry =>
        entry.id > after &&
        entry.id < before &&
        (peer ?? entry.peer) === entry.peer &&
        (words === undefined || (words.length > 0 && meets(messageWords(entry.xml), words))) &&
        fits(entry),
    )
    yield* last ? among.reverse() : among
    return
  }
  if (words?.length === 0) return
  let { after, before } = bounds
  // One more than the page has room for: whether there is more must be known.
  const count = addresses === undefined ? Math.min(chunk, limit + 1) : chunk
  while (after + 1 < before) {
    const range = { after, before, last, limit: count, archived: true, ...(peer !== undefined && { peer }) }
    const read = await owner.entries(words === undefined ? range : { ...range, words })
    for (const entry of last ? read.toReversed() : read) if (fits(entry)) yield entry
    if (read.length < count) return
    if (last) before = read[0]!.id
    else after = read.at(-1)!.id
  }
}

async function cut(all: AsyncIterable<LogEntry>, { limit, last }: PageRequest, room: number): Promise<Page> {
  const entries: LogEntry[] = []
  let complete = true
  let length = 0
  for await (const entry of all) {
    const next = length + entry.xml.length
    const isTooLong = next > longest || next + entries.length * around > room
    if (entries.length >= limit || (entries.length > 0 && isTooLong)) {
      complete = false
      break
    }
    entries.push(entry)
    length = next
  }
  return { entries: last ? entries.reverse() : entries, complete }
}

/** Whether one of these attributes is in the start tag, which ends with the first `>`: in attributes it is written otherwise. */
function isAddressed({ xml }: LogEntry, attributes: readonly string[]): boolean {
  const head = xml.slice(0, xml.indexOf('>'))
  return attributes.some(attribute => head.includes(attribute))
}
