import { setting, whole } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import type { Host } from '../../server/host.ts'
import type { Owner } from '../../server/owner.ts'
import { newContact, roster } from '../../server/roster.ts'
import { afterwards, type Receipt } from '../../server/turns.ts'
import type { Infer } from '../../wire/codec.ts'
import { StanzaError, StreamError } from '../../wire/errors.ts'
import { cancel } from '../presence/exports.ts'
import { itemOf, push, rosterVersion, save, versionOf } from './exports.ts'
import { type rosterItem, rosterQuery, rosterVersioning } from './wire.ts'

type Item = Infer<typeof rosterItem>

/** The list of contacts, kept by the server (RFC 6121 §2). */
export default feature({
  name: 'roster',
  disco: { server: ['jabber:iq:roster'], account: ['jabber:iq:roster'] },
  config: {
    maximum: setting(whole, 2000, 'Contacts that one roster may have.'),
    name: setting(whole, 1023, 'Characters that the name of a contact or group may have.'),
    groups: setting(whole, 50, 'Groups that one contact may be in.'),
  },
  tables: [rosterVersion],
  start: ({ config, host }) => [
    {
      registers: 'stream-feature',
      namespace: rosterVersioning.namespace,
      when: ['authenticated'],
      offer: () => rosterVersioning.write({ optional: false }),
      take() {
        throw new StreamError('unsupported-stanza-type')
      },
    },
    account.get(rosterQuery, ({ ver }, { owner, session }) => {
      if (session !== undefined) session.interested = true
      const version = String(versionOf(owner))
      // RFC 6121 §2.6.3: an empty result says that nothing changed.
      if (ver === version && ver !== '0') return undefined
      const items = [...owner.rows(roster).values()].filter(contact => contact.listed).map(itemOf)
      return rosterQuery.write({ ver: version, items })
    }),
    account.set(rosterQuery, ({ items }, { owner }) => {
      const item = onlyOne(items)
      const receipt =
        item.subscription === 'remove' ? removeItem(host, owner, item) : setItem(host, owner, item, config)
      // The push goes to those who are interested before the result tells that it is done (RFC 6121 §2.3.2).
      return afterwards(receipt, () => push(host, owner))?.then(() => undefined)
    }),
  ],
})

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
  const rows = owner.rows(roster)
  const contact = rows.get(item.jid.bare.full) ?? newContact(item.jid)
  if (!contact.listed) {
    let listed = 0
    for (const row of rows.values()) if (row.listed) listed++
    if (listed >= limits.maximum) {
      throw new StanzaError('not-allowed', { text: `A roster has at most ${limits.maximum} contacts.` })
    }
  }
  return save(host, { ...contact, listed: true, name: item.name, groups: item.groups }, owner)
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
  if (receipt === undefined) return cancel(host, owner, contact)
  return receipt.then(() => cancel(host, owner, contact))
}
