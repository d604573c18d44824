import { attr, body, element, type Infer, leaf, maybe, one } from './codec.ts'
import { text, whole } from './kinds.ts'

export const pagingNamespace = 'http://jabber.org/protocol/rsm'

const first = element(pagingNamespace, 'first', { index: attr.maybe(whole), id: body(text) })

/** The `<set/>` of XEP-0059, asked or answered; ids are opaque. An empty `before` asks for the last page. */
export const set = element(pagingNamespace, 'set', {
  max: maybe(leaf(whole)),
  after: maybe(leaf(text)),
  before: maybe(leaf(text)),
  index: maybe(leaf(whole)),
  first: maybe(one(first)),
  last: maybe(leaf(text)),
  count: maybe(leaf(whole)),
})
export type PagingSet = Infer<typeof set>

/** What page is asked for, within the limits of who answers. */
export interface PageRequest {
  /** At most so many items; 0 asks only for the count (XEP-0059 §2.7). */
  readonly limit: number
  /** Only what follows this id. */
  readonly after?: string
  /** Only what precedes this id. */
  readonly before?: string
  /** Whether the page is the last of what is in question, and not the first. */
  readonly last: boolean
  /** The page begins at this place of the whole set (XEP-0059 §2.6). */
  readonly index?: number
}

/**
 * The page that a set asks for: at most `greatest` items, and `usual` many where it names no number or there is no set.
 * With both `after` and `before` the page is cut from between, from its end where `before` is there.
 */
export function requestedPage(asked: PagingSet | undefined, usual: number, greatest: number): PageRequest {
  const { after, before, index, max = usual } = asked ?? {}
  return {
    limit: Math.min(max, greatest),
    last: before !== undefined,
    ...(after && { after }),
    ...(before && { before }),
    ...(index !== undefined && { index }),
  }
}

/**
 * The set that answers with a page: the ids of its items, and what is known of the whole. An empty page names neither
 * first nor last (XEP-0059 §2.2).
 */
export function answeredPage(ids: readonly string[], whole: { index?: number; count?: number } = {}): PagingSet {
  const { index, count } = whole
  const counted = count === undefined ? {} : { count }
  if (ids.length === 0) return counted
  return {
    first: { id: ids[0]!, ...(index !== undefined && { index }) },
    last: ids[ids.length - 1]!,
    ...counted,
  }
}
