import { attr, element, flag, leaf, many, maybe, one } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { dataForm } from '../../wire/form.ts'
import { bool, date, jid, oneOf, text } from '../../wire/kinds.ts'
import { set } from '../../wire/paging.ts'
import { forwarded } from '../forward/wire.ts'

/** Message archives (XEP-0313). */
export const mam = 'urn:xmpp:mam:2'

/** Searching them for words (XEP-0431). */
export const fulltext = 'urn:xmpp:fulltext:0'

/** Asks for what is archived, or for the form to ask with (XEP-0313 §4). */
export const query = element(mam, 'query', {
  queryid: attr.maybe(text),
  /** For archives of nodes (§6.1.3). */
  node: attr.maybe(text),
  form: maybe(one(dataForm)),
  set: maybe(one(set)),
  flip: flag(undefined, 'flip-page'),
})

/** One archived message (§4.2). */
export const result = element(mam, 'result', { queryid: attr.maybe(text), id: attr(text), forwarded: one(forwarded) })

/** The end of a page (§4.3). */
export const fin = element(mam, 'fin', { complete: attr.maybe(bool), set: one(set) })

const end = { id: attr(text), timestamp: attr(date) }

/** Asks what the archive's first and last messages are, and tells (§5). */
export const metadata = element(mam, 'metadata', {
  start: maybe(one(element(mam, 'start', end))),
  end: maybe(one(element(mam, 'end', end))),
})

/** Whose messages are archived that stand in no list (XEP-0441 §2.1.1). */
export const defaults = ['always', 'roster', 'never'] as const
export type Default = (typeof defaults)[number]

const jids = { jids: many(leaf(jid, 'jid')) }

/** What is archived (XEP-0441 §2.1); without `default` it asks. */
export const prefs = element(mam, 'prefs', {
  default: attr.maybe(oneOf(...defaults)),
  always: maybe(one(element(mam, 'always', jids))),
  never: maybe(one(element(mam, 'never', jids))),
})

/** Whether a message is the answer to a query: it comes when it was asked for, whatever else waits. */
export function isResult(message: Element): boolean {
  return message.child(result.name, mam) !== undefined
}
