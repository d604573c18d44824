import { setting, whole } from '../../server/config.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { iq, subscription } from '../../server/pipeline.ts'
import { contactOf, listed, newContact, roster } from '../../server/roster.ts'
import type { Session } from '../../server/session.ts'
import { afterwards, promised, type Receipt } from '../../server/turns.ts'
import type { Infer } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { cancel } from '../presence/exports.ts'
import { gone, itemOf, type Pushed, push, pushTo, save } from './exports.ts'
import { changedSince, rosterRemoved, rosterVersion, versionOf } from './versions.ts'
import { type rosterItem, rosterQuery, rosterVersioning } from './wire.ts'

const versioningOffered = rosterVersioning.write({ optional: false })

type Item = Infer<typeof rosterItem>

/** Stanzas that may put a contact into the roster (RFC 6121 §3.1.2, §3.1.5, §3.4.2). */
const listing: ReadonlySet<string> = new Set(['subscribe', 'subscribed'])

/** The list of contacts, kept by the server (RFC 6121 §2). */
export default feature({
  name: 'roster',
  disco: { server: ['jabber:iq:roster'], account: ['jabber:iq:roster'] },
  config: {
    maximum: setting(whole, 2000, 'Contacts that one roster may have.'),
    name: setting(whole, 1023, 'Characters that the name of a contact or group may have.'),
    groups: setting(whole, 50, 'Groups that one contact may be in.'),
  },
  tables: [rosterVersion, rosterRemoved],
  start: ({ config, host }) => {
    /** What sessions are still to be pushed behind the result of their request. */
    const interim = new Map<Session, readonly Pushed[]>()
    return [
      {
        registers: 'stream-feature',
        namespace: rosterVersioning.namespace,
        when: ['authenticated', 'bound'],
        offer: () => versioningOffered,
        take() {
          throw new StreamError('unsupported-stanza-type')
        },
      },
      // RFC 6121 §2.3.3: others are told that it is not theirs.
      account.get(rosterQuery, (query, e) => answer(query, e, interim), { refusal: 'forbidden' }),
      iq.arriving.notify(({ session }) => {
        const changes = interim.size === 0 || session === undefined ? undefined : interim.get(session)
        if (changes === undefined) return
        interim.delete(session!)
        pushTo(host, session!, changes)
      }),
      account.set(
        rosterQuery,
        ({ items }, { owner }) => {
          const item = onlyOne(items)
          const receipt =
            item.subscription === 'remove' ? removeItem(host, owner, item) : setItem(host, owner, item, config)
          // The push goes to those who are interested before the result tells that it is done (RFC 6121 §2.3.2).
          return afterwards(receipt, () => push(host, owner))?.then(() => undefined)
        },
        { refusal: 'forbidden' },
      ),
      subscription.sending.check(({ type, owner, to }) => {
        if (listing.has(type) && !contactOf(owner, to!)?.listed) checkRoom(owner, config.maximum)
      }),
    ]
  },
})

/** RFC 6121 §2.1.4, §2.6.3. */
function answer(
  { ver, items }: Infer<typeof rosterQuery>,
  { owner, session }: Envelope,
  interim: Map<Session, readonly Pushed[]>,
): Element | undefined {
  // §2.1.3
  if (items.length > 0) throw new StanzaError('bad-request', { text: 'A roster get has no items.' })
  if (session !== undefined) session.interested = true
  const changes = ver === undefined || session === undefined ? undefined : changedSince(owner, ver)
  if (changes !== undefined) {
    const pushes = changes.map(({ version, contact, now }) => ({
      version,
      item: now ? itemOf(now) : gone({ contact }),
    }))
    if (pushes.length > 0) interim.set(session!, pushes)
    return undefined
  }
  const all = [...owner.rows(roster).values()].filter(contact => contact.listed).map(itemOf)
  return rosterQuery.write({ ver: String(versionOf(owner)), items: all })
}

/** RFC 6121 §2.3.3 */
function onlyOne(items: readonly Item[]): Item {
  if (items.length !== 1) throw new StanzaError('bad-request', { text: 'A roster set has exactly one item.' })
  return items[0]!
}

function setItem(
  host: Host,
  owner: Owner,
  item: Item,
  limits: { maximum: number; name: number; groups: number },
): Receipt {
  checkItem(item, limits)
  const contact = contactOf(owner, item.jid) ?? newContact(item.jid)
  if (!contact.listed) checkRoom(owner, limits.maximum)
  // §2.4.1: an empty name is none.
  return save(host, { ...contact, listed: true, name: item.name || undefined, groups: item.groups }, owner, true)
}

function checkRoom(owner: Owner, maximum: number): void {
  if (listed(owner) < maximum) return
  throw new StanzaError('not-allowed', { text: `A roster has at most ${maximum} contacts.` })
}

/** RFC 6121 §2.3.3: what is too long or double. */
function checkItem({ name, groups }: Item, limits: { name: number; groups: number }): void {
  if ((name?.length ?? 0) > limits.name || groups.some(group => group.length > limits.name)) {
    throw new StanzaError('not-acceptable', { text: `A name has at most ${limits.name} characters.` })
  }
  if (groups.includes('')) throw new StanzaError('not-acceptable', { text: 'A group needs a name.' })
  if (groups.length > limits.groups) {
    throw new StanzaError('not-acceptable', { text: `A contact is in at most ${limits.groups} groups.` })
  }
  if (new Set(groups).size < groups.length) throw new StanzaError('bad-request', { text: 'A group is there twice.' })
}

/** RFC 6121 §2.5: subscriptions end with the item. */
function removeItem(host: Host, owner: Owner, item: Item): Receipt {
  const contact = owner.rows(roster).get(item.jid.bare.full)
  if (!contact?.listed) throw new StanzaError('item-not-found')
  const receipt = save(host, newContact(contact.contact), owner)
  if (receipt === undefined) return promised(cancel(host, owner, contact))
  return receipt.then(() => promised(cancel(host, owner, contact)))
}
