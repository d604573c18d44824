import { setting, whole, yes } from '../../server/config.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import type { Change, Owner } from '../../server/owner.ts'
import type { Session } from '../../server/session.ts'
import { put, remove } from '../../server/table.ts'
import type { Receipt } from '../../server/turns.ts'
import { afterwards } from '../../server/turns.ts'
import type { Infer } from '../../wire/codec.ts'
import { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import {
  activate,
  active,
  blockedOf,
  commit,
  defaultList,
  defaultName,
  itemsOf,
  namesOf,
  privacyLists,
  pushDifference,
  replaced,
} from '../blocking/exports.ts'
import { discoFeatures } from '../disco/exports.ts'
import { itemsFrom, ruleOf } from './rules.ts'
import { type privacyList, privacyQuery } from './wire.ts'

type Query = Infer<typeof privacyQuery>

interface Limits {
  readonly lists: number
  readonly items: number
  readonly name: number
}

/** Lists of rules about who may reach a user (XEP-0016). The block list is a part of the default one; `blocking` enforces both. */
export default feature({
  name: 'privacy',
  xeps: [{ number: 16, version: '1.7' }],
  config: {
    enabled: setting(yes, false, 'Whether clients may use privacy lists; the block list is there in any case.'),
    lists: setting(whole, 50, 'Privacy lists that one account may have.'),
    items: setting(whole, 1000, 'Items that one privacy list may have.'),
    name: setting(whole, 1023, 'Characters that the name of a privacy list may have.'),
  },
  start: ({ config, host }) =>
    config.enabled
      ? [
          discoFeatures.add({ where: 'server', var: privacyQuery.namespace }),
          privacyLists.add({ changed: (owner, list) => push(host, owner, list) }),
          account.get(privacyQuery, (query, e) => privacyQuery.write(answer(query, e))),
          account.set(privacyQuery, (query, e) => change(host, config, query, e)?.then(nothing)),
        ]
      : [],
})

const empty: Query = { active: [], default: [], list: [], rest: [] }

/** XEP-0016 §2.3: the names of all lists, or one of them. */
function answer(query: Query, { owner, session }: Envelope): Query {
  if (query.active.length + query.default.length + query.rest.length > 0 || query.list.length > 1)
    throw new StanzaError('bad-request', { text: 'One list can be asked for, or the names of all.' })
  const list = query.list[0]
  if (list !== undefined) {
    const items = known(owner, list.name)
    return { ...empty, list: [{ name: list.name, items: items.map(ruleOf) }] }
  }
  const own = session?.get(active)
  const standard = defaultName(owner)
  return {
    ...empty,
    active: own ? [{ name: own }] : [],
    default: standard === undefined ? [] : [{ name: standard }],
    list: [...namesOf(owner)].map(name => ({ name, items: [] })),
  }
}

/** XEP-0016 §2.1: a set has exactly one child. */
function change(host: Host, limits: Limits, query: Query, e: Envelope): Receipt {
  const { owner, session } = e
  if (query.active.length + query.default.length + query.list.length + query.rest.length !== 1 || session === undefined)
    throw new StanzaError('bad-request', { text: 'Exactly one of active, default and list can be set.' })
  if (query.active[0] !== undefined) return setActive(host, session, query.active[0].name)
  if (query.default[0] !== undefined) return setDefault(host, owner, session, query.default[0].name)
  if (query.list[0] === undefined) throw new StanzaError('bad-request', { text: 'There is no such thing to set.' })
  if (query.list[0].items.length === 0) return removeList(host, owner, session, query.list[0].name)
  return setList(host, owner, limits, query.list[0])
}

/** XEP-0016 §2.4 */
function setActive(host: Host, session: Session, name: string | undefined): undefined {
  if (name !== undefined) known(session.owner, name)
  activate(host, session, name ?? '')
}

/** XEP-0016 §2.5 */
function setDefault(host: Host, owner: Owner, session: Session, name: string | undefined): Receipt {
  if (name !== undefined) known(owner, name)
  const before = defaultName(owner)
  if (name === before) return undefined
  if (before !== undefined && owner.sessions.some(other => other !== session && other.get(active) === ''))
    throw conflict()
  const changed = name === undefined ? remove(defaultList, { list: before! }) : put(defaultList, { list: name })
  return committed(host, owner, [changed])
}

/** XEP-0016 §2.6, §2.7 */
function setList(host: Host, owner: Owner, limits: Limits, list: Infer<typeof privacyList>): Receipt {
  const names = namesOf(owner)
  if (list.name === '') throw new StanzaError('bad-request', { text: 'A list needs a name.' })
  if (list.name.length > limits.name) throw tooMuch(`A list's name has at most ${limits.name} characters.`)
  if (!names.has(list.name) && names.size >= limits.lists)
    throw tooMuch(`An account has at most ${limits.lists} lists.`)
  if (list.items.length > limits.items) throw tooMuch(`A list has at most ${limits.items} items.`)
  const changes = replaced(owner, list.name, itemsFrom(owner, list))
  return afterwards(committed(host, owner, changes), () => push(host, owner, list.name))
}

/** XEP-0016 §2.8 */
function removeList(host: Host, owner: Owner, session: Session, name: string): Receipt {
  known(owner, name)
  if (owner.sessions.some(other => other !== session && uses(other, name))) throw conflict()
  const changes = [...replaced(owner, name, [])]
  if (defaultName(owner) === name) changes.push(remove(defaultList, { list: name }))
  const receipt = committed(host, owner, changes)
  // Whoever makes a list of this name later has not made it active here.
  if (session.get(active) === name) session.set(active, '')
  return afterwards(receipt, () => push(host, owner, name))
}

/** What changes the default list changes the block list (XEP-0191 §5). */
function committed(host: Host, owner: Owner, changes: readonly Change[]): Receipt {
  const before = blockedOf(owner)
  const receipt = commit(host, owner, changes)
  const after = blockedOf(owner)
  return afterwards(receipt, () => pushDifference(host, owner, before, after))
}

/** XEP-0016 §2.2, rules 1 and 2: whether this list holds for a session. */
function uses(session: Session, name: string): boolean {
  return (session.get(active) || defaultName(session.owner)) === name
}

function known(owner: Owner, name: string) {
  const items = itemsOf(owner, name)
  if (items.length === 0) throw new StanzaError('item-not-found')
  return items
}

/** XEP-0016 §2.2, rule 10: all connected resources hear which list it is, not what is in it. */
function push(host: Host, owner: Owner, name: string): void {
  const query = privacyQuery.write({ ...empty, list: [{ name, items: [] }] })
  for (const session of owner.sessions) {
    const attributes = ['from', owner.address.full, 'to', session.jid.full, 'type', 'set', 'id', host.shared.id()]
    session.answer(new Element('iq', ns.client, attributes, [query]))
  }
}

function conflict(): StanzaError {
  return new StanzaError('conflict', { text: 'Another session uses this list.' })
}

function tooMuch(text: string): StanzaError {
  return new StanzaError('policy-violation', { text })
}

function nothing(): undefined {}
