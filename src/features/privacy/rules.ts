import type { Owner } from '../../server/owner.ts'
import { roster } from '../../server/roster.ts'
import type { Infer } from '../../wire/codec.ts'
import { Malformed, StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { type Item, stanzas } from '../blocking/exports.ts'
import type { privacyItem, privacyList } from './wire.ts'

type Rule = Infer<typeof privacyItem>

/** The items of a list as a client wrote it, in their order. Throws StanzaError or Malformed where it is none (XEP-0016 §2.1). */
export function itemsFrom(owner: Owner, { name, items }: Infer<typeof privacyList>): readonly Item[] {
  const orders = new Set(items.map(rule => rule.order))
  if (orders.size < items.length) throw new Malformed('Two items of the list have the same order.')
  return items.map(rule => itemFrom(owner, name, rule)).sort((one, other) => one.place - other.place)
}

/** An item as clients see it. */
export function ruleOf({ type, value, allow, place, stanzas: kinds }: Item): Rule {
  return {
    ...(type !== 'any' && { type, value }),
    action: allow ? 'allow' : 'deny',
    order: place,
    message: (kinds & stanzas.message) !== 0,
    iq: (kinds & stanzas.iq) !== 0,
    presenceIn: (kinds & stanzas.presenceIn) !== 0,
    presenceOut: (kinds & stanzas.presenceOut) !== 0,
  }
}

function itemFrom(owner: Owner, list: string, rule: Rule): Item {
  return {
    list,
    place: rule.order,
    type: rule.type ?? 'any',
    value: valueFrom(owner, rule),
    allow: rule.action === 'allow',
    stanzas:
      (rule.message ? stanzas.message : 0) |
      (rule.iq ? stanzas.iq : 0) |
      (rule.presenceIn ? stanzas.presenceIn : 0) |
      (rule.presenceOut ? stanzas.presenceOut : 0),
  }
}

function valueFrom(owner: Owner, { type, value }: Rule): string {
  if (type === undefined) return ''
  if (value === undefined) throw new Malformed(`An item of type ${type} needs a value.`)
  if (type === 'jid') return Jid.parse(value).full
  if (type === 'group') {
    for (const contact of owner.rows(roster).values()) if (contact.groups.includes(value)) return value
    throw new StanzaError('item-not-found', { text: 'The roster has no such group.' })
  }
  if (value === 'both' || value === 'to' || value === 'from' || value === 'none') return value
  throw new Malformed('A subscription is both, to, from or none.')
}
