import type { Envelope } from '../../server/envelope.ts'
import { extensionPoint } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Infer } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import type { discoInfo, discoItems } from './wire.ts'

type Info = Infer<typeof discoInfo>
type Items = Infer<typeof discoItems>['items']

/** A node of the host or of its accounts (XEP-0030 §3.2, §4.2). */
export interface DiscoNode {
  readonly where: 'server' | 'account'
  /** Whether a node of this name is this one. */
  is(node: string): boolean
  /** What it is; throws StanzaError where the asking entity may not know. */
  info(e: Envelope, node: string): Omit<Info, 'node'>
  items(e: Envelope, node: string): Items
}

/** Nodes that features add. */
export const discoNodes = extensionPoint<DiscoNode>('disco nodes')

/** Forms that features add to what the host says of itself (XEP-0128). */
export const discoForms = extensionPoint<Element>('disco forms')

/** Items that features add to the host or its accounts. */
export const discoEntries = extensionPoint<{ where: 'server' | 'account'; items(e: Envelope): Items }>('disco items')

/** What the host, or any of its accounts, is and can do. */
export function infoOf(host: Host, where: 'server' | 'account'): Info {
  const features = host.features.flatMap(one => one.disco?.[where] ?? [])
  const identity =
    where === 'server'
      ? { category: 'server', type: 'im', name: 'Jackdaw' }
      : { category: 'account', type: 'registered' }
  return {
    identities: [identity, ...host.features.flatMap(one => one.disco?.identities?.[where] ?? [])],
    features: [...new Set(features)].map(name => ({ var: name })),
    extensions: where === 'server' ? host.extensions(discoForms) : [],
  }
}
