import { element, leaf, maybe } from '../../wire/codec.ts'
import { text } from '../../wire/kinds.ts'

/** `<query/>` of jabber:iq:version: empty as request; the answer has at least a name and a version (XEP-0092 §2). */
export const softwareVersion = element('jabber:iq:version', 'query', {
  name: maybe(leaf(text)),
  version: maybe(leaf(text)),
  os: maybe(leaf(text)),
})
