import { Element } from '../wire/element.ts'
import { StreamError } from '../wire/errors.ts'
import { ns } from '../wire/namespaces.ts'
import type { StreamFeature } from './stream-feature.ts'

const required = new Element('starttls', ns.tls, [], [new Element('required', ns.tls)])
const optional = new Element('starttls', ns.tls)

/** STARTTLS (RFC 6120 §5). */
export const starttls: StreamFeature = {
  registers: 'stream-feature',
  namespace: ns.tls,
  when: ['plain', 'secure'],
  offer({ link, streams }) {
    if (!link.upgradable) return undefined
    return streams.config.tls.required ? required : optional
  },
  take(stream, element) {
    const { link, streams } = stream
    if (!element.is('starttls', ns.tls) || !link.upgradable) {
      // RFC 6120 §5.4.2.2
      link.write(new Element('failure', ns.tls).xml(ns.client))
      throw new StreamError('unsupported-feature', 'TLS cannot be started here.')
    }
    link.write(new Element('proceed', ns.tls).xml(ns.client))
    stream.restart()
    return link.secure(streams.tls).catch(error => {
      const reason = error instanceof Error ? error.message : String(error)
      stream.rationed('info', 'TLS handshake failed', { reason })
      stream.abandon('no TLS')
    })
  },
}
