import { Element } from './element.ts'
import { StreamError } from './errors.ts'

/** What breaks XML 1.0 or Namespaces in XML (RFC 6120 §4.9.3.13). */
export function malformed(text: string): StreamError {
  return new StreamError('not-well-formed', text)
}

/** What XML has and XMPP has not (RFC 6120 §11.1, §4.9.3.18). */
export function restricted(what: string): StreamError {
  return new StreamError('restricted-xml', `${what} is not allowed in XMPP`)
}

/** More than a limit allows (RFC 6120 §4.9.3.14). */
export function exceeded(text: string): StreamError {
  return new StreamError('policy-violation', text)
}

/** An element that is bigger than allowed, with the application's condition that RFC 6120 §4.9.3.14 shows. */
export function tooBig(limit: number): StreamError {
  const application = new Element('stanza-too-big', 'urn:xmpp:errors')
  return new StreamError('policy-violation', { text: `An element of more than ${limit} bytes`, application })
}
