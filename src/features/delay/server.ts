import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { message, presence, subscription } from '../../server/pipeline.ts'
import type { Node } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { delay } from './wire.ts'

/** Only the server itself says that it has delayed something: who else says so in its name is not heard (XEP-0203 §5). */
export default feature({
  name: 'delay',
  xeps: [{ number: 203, version: '2.0' }],
  start: ({ host }) => {
    const honest = (e: Envelope) => withoutForged(e, host.domain)
    return [message.arriving.edit(honest), presence.arriving.edit(honest), subscription.arriving.edit(honest)]
  },
})

function withoutForged(e: Envelope, domain: Jid): Envelope {
  const { stanza } = e
  if (stanza.child(delay.name, delay.namespace) === undefined) return e
  return e.withStanza(stanza.withChildren(stanza.children.filter(child => !isForged(child, domain))))
}

function isForged(child: Node, domain: Jid): boolean {
  if (typeof child === 'string' || !delay.is(child)) return false
  return Jid.tryParse(child.attribute('from') ?? '')?.equals(domain) === true
}
