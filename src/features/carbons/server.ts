import type { Destination } from '../../server/delivery.ts'
import { reached } from '../../server/delivery.ts'
import type { Envelope } from '../../server/envelope.ts'
import { feature } from '../../server/feature.ts'
import { account } from '../../server/handlers.ts'
import type { Owner } from '../../server/owner.ts'
import type { Delivery } from '../../server/pipeline.ts'
import { message } from '../../server/pipeline.ts'
import type { Session } from '../../server/session.ts'
import { slot } from '../../server/slot.ts'
import { Element } from '../../wire/element.ts'
import { bool } from '../../wire/kinds.ts'
import { ns } from '../../wire/namespaces.ts'
import { bindInline } from '../bind2/exports.ts'
import { isEligible, type Way } from './eligible.ts'
import { Recent } from './recent.ts'
import { disable, enable, received, sent } from './wire.ts'

/** Whether a session asked for copies. */
const wanted = slot(bool, false, { lives: 'session', name: 'carbons' })

/** §6.2: all rules of §6.1 hold. */
const features = [enable.namespace, 'urn:xmpp:carbons:rules:0']

const none: readonly Delivery[] = []

/** All devices of an account see its conversations, whichever of them carries them on (XEP-0280). */
export default feature({
  name: 'carbons',
  xeps: [
    { number: 280, version: '1.0.1' },
    { number: 297, version: '1.0' },
  ],
  disco: { server: features, account: features },
  start: () => {
    const carbons = new Carbons()
    return [
      // §4.1, §5.1: `not-allowed` for all who are not of this account.
      account.set(enable, (_, { session }) => want(session!, true), { refusal: 'not-allowed' }),
      account.set(disable, (_, { session }) => want(session!, false), { refusal: 'not-allowed' }),
      // XEP-0386 §3.2: always granted, so that no answer is needed.
      bindInline.add({
        feature: enable.namespace,
        begin: (session, bind) => (enable.of(bind) === undefined ? undefined : want(session, true)),
      }),
      message.sending.copy(e => (isToOneself(e) ? none : carbons.copies('sent', e))),
      message.arriving.copy((e, delivered) => carbons.copies('received', e, delivered)),
    ]
  },
})

/** §10.1: as often as they like. */
function want(session: Session, copies: boolean): undefined {
  session.set(wanted, copies)
}

/** What arrives at the same account again is copied there, once. */
function isToOneself({ to, owner }: Envelope): boolean {
  return to === undefined || to.bare.equals(owner.address)
}

class Carbons {
  readonly #recent = new WeakMap<Owner, Recent>()

  /** Copies for the sessions that want them, but never for the one that sent the message, nor for those that it reached. */
  copies(way: Way, e: Envelope, delivered?: Destination): readonly Delivery[] {
    const { sessions } = e.owner
    if (!anyoneWants(sessions) || !this.#isEligible(way, e)) return none
    const deliveries: Delivery[] = []
    let copy: Element | undefined
    for (const session of sessions) {
      if (!session.get(wanted) || session === e.session || reached(delivered, session)) continue
      copy ??= wrapped(way, e)
      deliveries.push({ to: session, stanza: copy.with('to', session.jid.full) })
    }
    return deliveries
  }

  #isEligible(way: Way, e: Envelope): boolean {
    if (e.type === 'error') return this.#recent.get(e.owner)?.isAnsweredBy(e, way) === true
    if (!isEligible(e, way)) return false
    let recent = this.#recent.get(e.owner)
    if (recent === undefined) this.#recent.set(e.owner, (recent = new Recent()))
    recent.add(e, way)
    return true
  }
}

function anyoneWants(sessions: readonly Session[]): boolean {
  for (const session of sessions) if (session.get(wanted)) return true
  return false
}

/** §7, §8: from the account itself, of the same type. Without an id, so that no error about it is taken for one of the message. */
function wrapped(way: Way, { stanza, owner }: Envelope): Element {
  const codec = way === 'sent' ? sent : received
  const attributes = ['from', owner.address.full]
  const type = stanza.attribute('type')
  if (type !== undefined) attributes.push('type', type)
  return new Element('message', ns.client, attributes, [codec.write({ forwarded: { stanza } })])
}
