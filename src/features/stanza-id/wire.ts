import { attr, element } from '../../wire/codec.ts'
import { Element, escapeAttribute } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { text } from '../../wire/kinds.ts'

/** What is qualified by it names a stanza for good (XEP-0359). */
export const stanzaIds = 'urn:xmpp:sid:0'

/** The id that this entity has given a stanza (XEP-0359 §2.1). */
export const stanzaId = element(stanzaIds, 'stanza-id', { id: attr(text), by: attr(text) })

/** The id that whoever wrote a stanza has given it; anybody can write that (XEP-0359 §2.2, §6). */
export const originId = element(stanzaIds, 'origin-id', { id: attr(text) })

const head = `<${stanzaId.name} xmlns="${stanzaIds}" id="`

/** The stanza with this entity's id behind all else; what it held is shared, its XML too. */
export function withStanzaId(stanza: Element, by: Jid, id: string): Element {
  const mark = new Element(stanzaId.name, stanzaIds, ['id', id, 'by', by.full])
  const { name, namespace, attributes, children } = stanza
  // As `mark.xml(namespace)` would write it; an id of ours needs no escaping, and this is done for each archived message.
  const text = `${head}${id}" by="${escapeAttribute(by.full)}"/>`
  return new Element(name, namespace, attributes, [...children, mark], stanza.inner + text)
}

/** The stanza without ids that claim to be given by this entity; the stanza itself where there are none (XEP-0359 §3, rule 2). */
export function withoutStanzaIds(stanza: Element, by: Jid): Element {
  for (const child of stanza.children)
    if (typeof child !== 'string' && isGiven(child, by))
      return stanza.withChildren(stanza.children.filter(node => typeof node === 'string' || !isGiven(node, by)))
  return stanza
}

/** Addresses are compared as such (rule 7): no spelling gets past. */
function isGiven(child: Element, by: Jid): boolean {
  if (!stanzaId.is(child)) return false
  const claimed = child.attribute('by')
  return claimed !== undefined && Jid.tryParse(claimed)?.equals(by) === true
}
