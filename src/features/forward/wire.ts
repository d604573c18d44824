import type { Field } from '../../wire/codec.ts'
import { element, maybe, one } from '../../wire/codec.ts'
import type { Element, Node } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import { delay } from '../delay/wire.ts'

/**
 * A stanza on its way to somebody else than whom it was for, and when the forwarding entity got it (XEP-0297 §3). The
 * stanza is as it was, in its own namespace. Who may forward what to whom is the business of the protocol around it (§7.2).
 */
export const forwarded = element('urn:xmpp:forward:0', 'forwarded', {
  delay: maybe(one(delay)),
  stanza: maybe(stanza()),
})

/** The one stanza that is forwarded (XEP-0297 §8); a second one makes the whole worthless: which of them was meant? */
function stanza(): Field<Element> {
  return {
    maybe: false,
    bind: key => ({
      key,
      owns: isStanza,
      read(forwarded) {
        const found = forwarded.elements.filter(isStanza)
        if (found.length > 1) throw new Malformed('<forwarded/> holds more than one stanza')
        return found[0]
      },
      put(_, children: Node[], value) {
        const at = children.findIndex(child => typeof child !== 'string' && isStanza(child))
        const next = value === undefined ? [] : [value]
        if (at < 0) children.push(...next)
        else children.splice(at, 1, ...next)
      },
    }),
  }
}

function isStanza({ name, namespace }: Element): boolean {
  return (
    (namespace === ns.client || namespace === ns.server) && (name === 'message' || name === 'presence' || name === 'iq')
  )
}
