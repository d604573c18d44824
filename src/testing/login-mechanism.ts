import type { Link } from '../link/link.ts'
import type { Element } from '../wire/element.ts'
import { channelBindingNamespace, readChannelBindingFeature } from '../wire/sasl/channel-binding.ts'
import { type ChosenMechanism, chooseMechanism } from '../wire/sasl/client.ts'
import type { Announced } from '../wire/sasl/downgrade.ts'

/** The channel bindings that clients here can do, best first. */
export const bindingTypes = ['tls-exporter', 'tls-server-end-point'] as const

/** What a server announces in these features, by the profile that has these mechanisms (XEP-0474). */
export function announcedIn(features: Element, mechanisms: readonly string[]): Announced {
  const bindings = features.child('sasl-channel-binding', channelBindingNamespace)
  return { mechanisms, channelBindings: bindings && readChannelBindingFeature(bindings) }
}

/** The best mechanism of those that are offered here. Throws where there is none. */
export function chosenMechanism(
  link: Link,
  { mechanisms: offered, channelBindings: announced }: Announced,
  { sasl2 = false } = {},
): ChosenMechanism {
  const chosen = chooseMechanism(offered, {
    sasl2,
    secure: link.encrypted,
    password: true,
    plain: link.encrypted,
    channelBindings: link.encrypted ? bindingTypes.filter(type => link.channelBinding(type) !== undefined) : [],
    ...(announced && { announcedBindings: announced }),
  })
  if (!chosen) throw new Error(`no SASL mechanism fits among: ${offered.join(' ') || 'none'}`)
  return chosen
}
