import { streamElement } from '../link/framing.ts'
import { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { Composed } from './composed.ts'
import type { Host } from './host.ts'
import type { Phase, StreamFeature } from './stream-feature.ts'

const limitsNamespace = 'urn:xmpp:stream-limits:0'

/** What streams are offered, written once for all that are offered the same (RFC 6120 §4.3.2). */
export class Offers {
  /** Those of the core; hosts add theirs. */
  readonly #core: readonly StreamFeature[]
  readonly #features = new WeakMap<Host, Map<Phase, readonly StreamFeature[]>>()
  readonly #texts = new Composed<string>()
  readonly #limits = new Composed<Element>()

  constructor(core: readonly StreamFeature[]) {
    this.#core = core
  }

  /** The stream features of a host in this phase, in the order of XEP-0170 (encryption, authentication, then the rest). */
  features(host: Host, phase: Phase): readonly StreamFeature[] {
    let phases = this.#features.get(host)
    if (phases === undefined) this.#features.set(host, (phases = new Map()))
    let found = phases.get(phase)
    if (found === undefined) {
      found = [...this.#core, ...host.streamFeatures].filter(feature => feature.when.includes(phase))
      phases.set(phase, found)
    }
    return found
  }

  /** `<limits/>` (XEP-0478 §3.1): how big an element may be, and for how many milliseconds a client may be silent. */
  limits(bytes: number, idle: number): Element {
    return this.#limits.of([bytes, idle], () => {
      const child = (name: string, value: number) => new Element(name, limitsNamespace, [], [String(value)])
      return new Element(
        'limits',
        limitsNamespace,
        [],
        [child('max-bytes', bytes), child('idle-seconds', Math.ceil(idle / 1000))],
      )
    })
  }

  /** `<stream:features/>` with these, as it is written. */
  xml(offers: readonly Element[]): string {
    return this.#texts.of(offers, () => streamElement(new Element('features', ns.streams, [], offers)))
  }
}
