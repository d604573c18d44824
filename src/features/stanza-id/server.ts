import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { message } from '../../server/pipeline.ts'
import { stanzaIds, withoutStanzaIds } from './wire.ts'

/** Nobody but an account itself says under which id it keeps a message (XEP-0359 §3, §6). */
export default feature({
  name: 'stanza-id',
  xeps: [{ number: 359, version: '0.7.0' }],
  // §5
  disco: { account: [stanzaIds] },
  start: () => [message.sending.edit(honest), message.arriving.edit(honest)],
})

function honest(e: Envelope): Envelope {
  const stanza = withoutStanzaIds(e.stanza, e.owner.address)
  return stanza === e.stanza ? e : e.withStanza(stanza)
}
