import type { Link } from '../link/link.ts'
import type { Element } from '../wire/element.ts'
import { type ChosenMechanism, chooseMechanism } from '../wire/sasl/client.ts'

/** The channel bindings that clients here can do, best first. */
export const bindingTypes = ['tls-exporter', 'tls-server-end-point'] as const

/** The best mechanism of those that are offered here. Throws where there is none. */
export function chosenMechanism(link: Link, features: Element, offered: readonly string[]): ChosenMechanism {
  const announced = features
    .child('sasl-channel-binding', 'urn:xmpp:sasl-cb:0')
    ?.elements.map(one => one.attribute('type') ?? '')
  const chosen = chooseMechanism(offered, {
    secure: link.encrypted,
    password: true,
    plain: link.encrypted,
    channelBindings: link.encrypted ? bindingTypes.filter(type => link.channelBinding(type) !== undefined) : [],
    ...(announced && { announcedBindings: announced }),
  })
  if (!chosen) throw new Error(`no SASL mechanism fits among: ${offered.join(' ') || 'none'}`)
  return chosen
}
