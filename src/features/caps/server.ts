import { feature } from '../../server/feature.ts'
import type { Host } from '../../server/host.ts'
import type { StreamFeature } from '../../server/stream-feature.ts'
import type { Element } from '../../wire/element.ts'
import { StreamError } from '../../wire/errors.ts'
import type { Hash } from '../../wire/hashes.ts'
import { discoNodes, infoOf } from '../disco/exports.ts'
import {
  type CapsAlgorithm,
  capabilityHash,
  capabilityHashes,
  capsNode,
  entityCaps,
  type Hashing,
  hashNode,
  verificationString,
} from './wire.ts'

/** XEP-0115 §4 wants a URI that is this software's alone, whatever it points at. */
const software = 'urn:uuid:3f0c3b52-9a55-4d0c-8a0e-6a2f7f1f8b1d'

/** XEP-0300 §4: both must be known; what the runtime cannot compute is left out. */
const algorithms: readonly CapsAlgorithm[] = ['sha-256', 'sha3-256']

/** What the host can do, as hashes in the stream's features: clients that know them need not ask (XEP-0115 §6.3, XEP-0390 §5.2). */
export default feature({
  name: 'caps',
  xeps: [
    { number: 115, version: '1.6.0' },
    { number: 390, version: '0.3.2' },
  ],
  disco: { server: [entityCaps.namespace, capabilityHashes.namespace] },
  start({ host }) {
    let own: Published | undefined
    // All features have started when it is the turn of a promise: then disco#info is whole.
    Promise.resolve()
      .then(() => publishedBy(host))
      .then(
        published => {
          own = published
        },
        error => host.shared.log('error', 'capabilities not announced', { reason: String(error) }),
      )
    return [
      announced(entityCaps.namespace, () => own?.caps),
      announced(capabilityHashes.namespace, () => own?.hashes),
      discoNodes.add({
        where: 'server',
        is: node => own?.nodes.has(node) ?? false,
        info: () => infoOf(host, 'server'),
        items: () => [],
      }),
    ]
  },
})

/** What stands in the features of a stream, and the nodes that it may be asked for by. */
interface Published {
  readonly caps: Element
  readonly hashes: Element
  readonly nodes: ReadonlySet<string>
}

async function publishedBy(host: Host): Promise<Published> {
  const info = infoOf(host, 'server')
  const { crypto } = host.shared
  const hashing: Hashing = (algorithm, data) => crypto.hash(algorithm, data)
  const caps = { hash: 'sha-1', node: software, ver: await verificationString(info, 'sha-1', hashing) }
  const hashes: Hash[] = []
  for (const algorithm of algorithms) {
    try {
      hashes.push(await capabilityHash(info, algorithm, hashing))
    } catch (error) {
      host.shared.log('debug', 'capabilities not hashed', { algorithm, reason: String(error) })
    }
  }
  return {
    caps: entityCaps.write(caps),
    hashes: capabilityHashes.write({ hashes }),
    nodes: new Set([capsNode(caps), ...hashes.map(hashNode)]),
  }
}

/** A feature of the stream that there is nothing to negotiate about. */
function announced(namespace: string, offer: () => Element | undefined): StreamFeature {
  return {
    registers: 'stream-feature',
    namespace,
    when: ['authenticated', 'bound'],
    offer,
    take({ session }) {
      if (session !== undefined) throw new StreamError('unsupported-stanza-type')
      throw new StreamError('not-authorized', 'Bind a resource first.')
    },
  }
}
