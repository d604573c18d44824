import { Composed } from '../../server/composed.ts'
import { setting, yes } from '../../server/config.ts'
import { feature } from '../../server/feature.ts'
import type { Stream } from '../../server/stream.ts'
import type { StreamFeature } from '../../server/stream-feature.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed, StreamError } from '../../wire/errors.ts'
import { ns } from '../../wire/namespaces.ts'
import { SaslError } from '../../wire/sasl/server.ts'
import { saslInline, WithoutPrejudice } from '../sasl2/exports.ts'
import { configVersion, mismatch, pipelining } from './wire.ts'

/** A client that knows what is on offer sends its login along with the stream header, and saves a round trip (XEP-0509). */
export default feature({
  name: 'pipelining',
  xeps: [{ number: 509, version: '0.2.0' }],
  config: {
    enabled: setting(yes, true, 'Whether clients may send their login along with the stream header, on direct TLS.'),
  },
  start: ({ config }) => {
    if (!config.enabled) return []
    const version = new Version()
    return [version, saslInline.add({ check: ({ stream, request }) => check(version.of(stream), request) })]
  },
})

/** What a stream offers before login, as one value. */
class Version implements StreamFeature {
  readonly registers = 'stream-feature'
  readonly namespace = pipelining
  readonly when = ['secure'] as const
  /** Versions of the features that they stand for, and how those are announced. */
  readonly #known = new Composed<{ readonly value: string; readonly offer: Element }>()

  offer(): undefined {}

  sum(stream: Stream, others: readonly Element[]): Element | undefined {
    return this.#may(stream) ? this.#version(others).offer : undefined
  }

  take(): never {
    throw new StreamError('unsupported-stanza-type')
  }

  /** That of a stream; undefined where nothing may come along with the header: what was sent before TLS counts for nothing. */
  of(stream: Stream): string | undefined {
    return this.#may(stream) ? this.#version(stream.offers()).value : undefined
  }

  #may({ link, username }: Stream): boolean {
    return link.direct && username === undefined
  }

  /** §2.3.1: another mechanism, another inline feature, another limit, and the client should think again. */
  #version(features: readonly Element[]) {
    return this.#known.of(features, () => {
      const value = digest(features.map(one => one.xml(ns.client)).join(''))
      return { value, offer: configVersion.write({ scheme: 'opaque', value }) }
    })
  }
}

/** §2.2: a login that was made for something else is not tried. */
function check(current: string | undefined, request: Element): void {
  try {
    const known = configVersion.of(request)
    if (known === undefined || known.value === current) return
  } catch (error) {
    throw error instanceof Malformed ? new SaslError('malformed-request', error.message) : error
  }
  throw new WithoutPrejudice('aborted', 'What is on offer has changed.', mismatch.write({}))
}

/** 64 bits of FNV-1a, twice 32 with different begins: the same after a restart, and on every server of one name. */
function digest(text: string): string {
  let [one, two] = [0x811c9dc5, 0x9747b28c]
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    one = Math.imul(one ^ code, 0x01000193)
    two = Math.imul(two ^ (code + 0x9e), 0x01000193)
  }
  return (one >>> 0).toString(36) + (two >>> 0).toString(36)
}
