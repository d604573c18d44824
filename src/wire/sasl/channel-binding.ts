import { Element } from '../element.ts'

/** The namespace of XEP-0440. */
export const channelBindingNamespace = 'urn:xmpp:sasl-cb:0'

/**
 * The channel binding types spoken here, strongest first: RFC 9266 and RFC 5929 §4. tls-unique is not: it is broken
 * without the extended master secret (RFC 9266 §1), and TLS 1.3 does not have it.
 */
export const channelBindingTypes = ['tls-exporter', 'tls-server-end-point'] as const

/** The `<sasl-channel-binding/>` stream feature (XEP-0440 §2); `types` has at least one. */
export function channelBindingFeature(types: readonly string[]): Element {
  const children = types.map(type => new Element('channel-binding', channelBindingNamespace, ['type', type]))
  return new Element('sasl-channel-binding', channelBindingNamespace, [], children)
}

/** The types that a `<sasl-channel-binding/>` announces, in its order; what has no type is left out. */
export function readChannelBindingFeature(feature: Element): string[] {
  const types: string[] = []
  for (const child of feature.elements) {
    const type = child.is('channel-binding', channelBindingNamespace) ? child.attribute('type') : undefined
    if (type) types.push(type)
  }
  return types
}
