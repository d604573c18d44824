import type { Envelope } from '../../server/envelope.ts'
import { extensionPoint } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { Element } from '../../wire/element.ts'
import type { Info, Items } from './wire.ts'

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

/** Features that are there only by a setting; what is always there stands in a feature's declaration. */
export const discoFeatures = extensionPoint<{ where: 'server' | 'account'; var: string }>('disco features')

/** Forms that features add to what the host says of itself (XEP-0128). */
export const discoForms = extensionPoint<Element>('disco forms')

/** Items that features add to the host or its accounts. */
export const discoEntries = extensionPoint<{ where: 'server' | 'account'; items(e: Envelope): Items }>('disco items')

/** What the host, or any of its accounts, is and can do. */
export function infoOf(host: Host, where: 'server' | 'account'): Info {
  const more = host.features.flatMap(one => one.disco?.identities?.[where] ?? [])
  const declared = host.features.flatMap(one => one.disco?.[where] ?? [])
  const added = host.extensions(discoFeatures).filter(one => one.where === where)
  const features = new Set([...declared, ...added.map(one => one.var)])
  return {
    // Each with its language, which would else be the stream's, and with it another hash for each (XEP-0390 §4.1).
    identities: [identities[where], ...more].map(one => ({ lang: 'en', ...one })),
    features: [...features].map(name => ({ var: name })),
    extensions: where === 'server' ? host.extensions(discoForms) : [],
  }
}

const identities = {
  server: { category: 'server', type: 'im', name: 'Jackdaw' },
  account: { category: 'account', type: 'registered' },
}
