import { oneOf, setting, size, within } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import { contactOf, isSubscriber } from '../../server/roster.ts'
import { put, remove, table } from '../../server/table.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { text } from '../../wire/kinds.ts'
import { parse } from '../../wire/reader.ts'
import { utf8Length } from '../../wire/utf8.ts'
import { vCard } from './wire.ts'

/** An account's vCard as canonical XML; no row where it has none. */
const vCards = table('vcard', { xml: text }, [])

/** What people tell of themselves: one vCard an account (XEP-0054). */
export default feature({
  name: 'vcard',
  xeps: [{ number: 54, version: '1.3.0' }],
  disco: { server: [vCard.namespace], account: [vCard.namespace] },
  config: {
    readers: setting(
      oneOf('anyone', 'subscribers'),
      'anyone',
      "Who may read an account's vCard: anyone, or only those who may see its presence.",
    ),
    maximum: setting(within(size, 1024, 2 ** 24, 'from 1 KiB to 16 MiB'), 128 * 1024, 'The largest vCard.'),
  },
  tables: [vCards],
  start: ({ config }) => [
    account.get(
      vCard,
      async (_, { owner, from }) => {
        const own = from.bare.equals(owner.address)
        const allowed = own || config.readers === 'anyone' || isSubscriber(contactOf(owner, from))
        const card = allowed ? (await owner.read(vCards))[0] : undefined
        if (card !== undefined) return parse(card.xml)
        // §3.1 for one's own; §3.3: others hear the same as where there is no such account.
        throw new StanzaError(own ? 'item-not-found' : 'service-unavailable')
      },
      { by: 'anyone' },
    ),
    account.set(
      vCard,
      (_, { owner, stanza }) => {
        const card = stanza.elements[0]!
        if (isEmpty(card)) return owner.commit(remove(vCards, { xml: '' }))?.then(() => undefined)
        const xml = card.toString()
        const bytes = utf8Length(xml, 0, xml.length)
        if (bytes > config.maximum) {
          throw new StanzaError('policy-violation', {
            text: `A vCard has at most ${config.maximum} bytes, and this one ${bytes}.`,
          })
        }
        return owner.commit(put(vCards, { xml }))?.then(() => undefined)
      },
      // §3.2
      { refusal: 'forbidden' },
    ),
  ],
})

/** A vCard that says nothing is none. */
function isEmpty(card: Element): boolean {
  return card.elements.length === 0 && card.text.trim() === ''
}
