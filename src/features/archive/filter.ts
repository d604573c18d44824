import type { Owner } from '../../server/owner.ts'
import { escapeAttribute } from '../../wire/element.ts'
import { Malformed, StanzaError } from '../../wire/errors.ts'
import { checkValues, type DataForm, type FormField, formTypeOf, plainField } from '../../wire/form.ts'
import { Jid } from '../../wire/jid.ts'
import { readDateTime } from '../../wire/time.ts'
import type { Seal } from './ids.ts'
import { fulltext, mam } from './wire.ts'
import { askedWords } from './words.ts'

/** What a query is about, in the terms of the log (XEP-0313 §4.1). */
export interface Filter {
  /** Ids that it is about are greater than this, and less than `before`. */
  readonly after: number
  readonly before: number
  /** Only these, each of which must be there. */
  readonly ids: readonly number[] | undefined
  /** Ids that must be there, for the query to mean anything. */
  readonly mustBe: readonly number[]
  /** Bare JID of the other side. */
  readonly peer: string | undefined
  /** Attributes, as they stand in a start tag, one of which the message has. */
  readonly addresses: readonly string[] | undefined
  /** What is searched for (XEP-0431 §2.2), as `LogRange` has it; empty where that has no word in it, and nothing is found. */
  readonly words: readonly string[] | undefined
}

/** No entry of a log has such an id; a thousand more are still exact. */
export const latest = Number.MAX_SAFE_INTEGER - 1000

const open = { datatype: 'xs:string', basic: false, open: true }

/** XEP-0431 §3.1 */
const fulltextName = `{${fulltext}}fulltext`

/** Words, and characters, that can be searched for at once. */
const mostWords = 64
const longestSearch = 1000

/** What operators allow in queries. */
export interface Allowed {
  /** Messages of one query. */
  readonly page: number
  /** Whether words can be searched for. */
  readonly search: boolean
}

/** All fields that a query may have (§4.1.5), in the order in which they are shown. */
const allFields: readonly FormField[] = [
  plainField({ name: 'with', type: 'jid-single' }),
  plainField({ name: 'start', type: 'text-single' }),
  plainField({ name: 'end', type: 'text-single' }),
  plainField({ name: 'before-id', type: 'text-single' }),
  plainField({ name: 'after-id', type: 'text-single' }),
  plainField({ name: 'ids', type: 'list-multi', validate: open }),
  plainField({ name: 'include-groupchat', type: 'boolean' }),
  plainField({ name: fulltextName, type: 'text-single' }),
]

function fieldsOf({ search }: Allowed): readonly FormField[] {
  return search ? allFields : allFields.filter(({ name }) => name !== fulltextName)
}

/** The form to ask with. */
export function blankForm(allowed: Allowed): DataForm {
  const fields = [plainField({ name: 'FORM_TYPE', type: 'hidden', values: [mam] }), ...fieldsOf(allowed)]
  return { type: 'form', instructions: [], items: [], fields }
}

/**
 * What a form asks for; nothing in particular where there is none. Throws Malformed where it cannot be understood, and
 * StanzaError `feature-not-implemented` where it has another field (§4.1.5), `item-not-found` where it names what cannot
 * be an id (§4.1.3), `policy-violation` where it names more messages than one query can get, or too many words.
 */
export function filterOf(owner: Owner, seal: Seal, form: DataForm | undefined, allowed: Allowed): Filter {
  const values = form === undefined ? new Map<string, readonly string[]>() : valuesOf(form, fieldsOf(allowed))
  const one = (name: string) => values.get(name)?.find(value => value !== '')
  const start = one('start')
  const end = one('end')
  const afterId = idOf(seal, one('after-id'))
  const beforeId = idOf(seal, one('before-id'))
  const ids = (values.get('ids') ?? []).filter(value => value !== '')
  if (ids.length > allowed.page)
    throw new StanzaError('policy-violation', { text: `At most ${allowed.page} messages can be asked for by id.` })
  return {
    // §4.1.2: both ends count.
    after: Math.max(afterId ?? 0, start === undefined ? 0 : microseconds('start', start) - 1),
    before: Math.min(beforeId ?? latest, end === undefined ? latest : microseconds('end', end) + 1000),
    ids: ids.length === 0 ? undefined : [...new Set(ids.map(text => idOf(seal, text)!))].sort((a, b) => a - b),
    mustBe: [afterId, beforeId].filter(id => id !== undefined),
    ...addressed(owner, one('with')),
    words: searched(one(fulltextName)),
  }
}

function searched(text: string | undefined): readonly string[] | undefined {
  if (text === undefined) return undefined
  const words = text.length > longestSearch ? undefined : askedWords(text)
  if (words === undefined || words.length > mostWords) {
    const most = `At most ${mostWords} words and ${longestSearch} characters can be searched for at once.`
    throw new StanzaError('policy-violation', { text: most })
  }
  return words
}

/** The id in the log of an archived message. Throws StanzaError `item-not-found` where it cannot be one (§4.3.2). */
export function idOf(seal: Seal, text: string | undefined): number | undefined {
  if (text === undefined) return undefined
  const id = seal.open(text)
  if (id === undefined) throw new StanzaError('item-not-found')
  return id
}

function valuesOf(form: DataForm, fields: readonly FormField[]): ReadonlyMap<string, readonly string[]> {
  if (form.type !== 'submit') throw new Malformed(`A form filled in was expected, not one of the type "${form.type}"`)
  if (formTypeOf(form) !== mam) throw new Malformed(`The field "FORM_TYPE" must be "${mam}"`)
  const values = new Map<string, readonly string[]>()
  for (const field of form.fields) {
    const { name } = field
    if (name === 'FORM_TYPE') continue
    const known = fields.find(one => one.name === name)
    if (known === undefined)
      throw new StanzaError('feature-not-implemented', { text: `There is no field "${name ?? ''}" to ask by.` })
    if (values.has(name!)) throw new Malformed(`The field "${name}" is there twice`)
    checkValues(known, field.values)
    values.set(name!, field.values)
  }
  return values
}

/** The first id of this moment, as far as there are ids. */
function microseconds(name: string, text: string): number {
  try {
    return Math.min(Math.max(0, Number(readDateTime(text)) * 1000), latest)
  } catch (error) {
    if (error instanceof Malformed) throw new Malformed(`The field "${name}": ${error.message}`)
    throw error
  }
}

/**
 * §4.1.1. With its own bare JID an account asks for what it wrote to itself; with one of its own full JIDs for what that
 * one sent or got. Any other JID is somebody's at the other side.
 */
function addressed(owner: Owner, text: string | undefined): Pick<Filter, 'peer' | 'addresses'> {
  if (text === undefined) return { peer: undefined, addresses: undefined }
  const jid = Jid.parse(text)
  const full = escapeAttribute(jid.full)
  const addresses = jid.isBare ? undefined : [` from="${full}"`, ` to="${full}"`]
  const own = jid.bare.equals(owner.address) && !jid.isBare
  return { peer: own ? undefined : jid.bare.full, addresses }
}
