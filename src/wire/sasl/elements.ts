import { decodeBase64, encodeBase64 } from '../base64.ts'
import { Element } from '../element.ts'
import { Malformed } from '../errors.ts'
import { ns } from '../namespaces.ts'
import { SaslError } from './errors.ts'

/** The `<mechanisms/>` stream feature, in the server's order of preference (RFC 6120 §6.4.1). */
export function mechanismsFeature(names: readonly string[]): Element {
  return new Element(
    'mechanisms',
    ns.sasl,
    [],
    names.map(name => new Element('mechanism', ns.sasl, [], [name])),
  )
}

/** The names in a `<mechanisms/>` feature, in its order. */
export function readMechanismsFeature(feature: Element): string[] {
  return feature.elements.filter(child => child.is('mechanism', ns.sasl)).map(child => child.text)
}

/** `<auth/>`; `initial` undefined for none, and `=` stands for an empty one (RFC 6120 §6.4.2). */
export function auth(mechanism: string, initial: Uint8Array | undefined): Element {
  return new Element('auth', ns.sasl, ['mechanism', mechanism], dataOrEquals(initial))
}

export function challenge(data: Uint8Array): Element {
  return new Element('challenge', ns.sasl, [], plainData(data))
}

export function response(data: Uint8Array): Element {
  return new Element('response', ns.sasl, [], plainData(data))
}

export function abort(): Element {
  return new Element('abort', ns.sasl)
}

/** `<success/>`; `=` stands for additional data of no length (RFC 6120 §6.4.6). */
export function success(data?: Uint8Array): Element {
  return new Element('success', ns.sasl, [], dataOrEquals(data))
}

/** `<failure/>` (RFC 6120 §6.5); what is no SaslError is a fault of the server's: `temporary-auth-failure`, without its reasons. */
export function failure(error: unknown): Element {
  return (error instanceof SaslError ? error : new SaslError('temporary-auth-failure')).element()
}

/** What a client says in the SASL namespace; `data` is undefined where it sent none. */
export type ClientNonza =
  | { readonly name: 'auth'; readonly mechanism: string; readonly data: Uint8Array | undefined }
  | { readonly name: 'response'; readonly data: Uint8Array }
  | { readonly name: 'abort' }

/**
 * Reads what a client says; undefined for an element that is none of these. Throws SaslError: `incorrect-encoding` for
 * wrong base64, `invalid-mechanism` for an `<auth/>` without a mechanism (RFC 6120 §6.5.7).
 */
export function readClientNonza(element: Element): ClientNonza | undefined {
  if (element.namespace !== ns.sasl) return undefined
  switch (element.name) {
    case 'auth': {
      const mechanism = element.attribute('mechanism')
      if (!mechanism) throw new SaslError('invalid-mechanism', 'The mechanism is missing')
      return { name: 'auth', mechanism, data: readData(element) }
    }
    case 'response':
      return { name: 'response', data: readData(element) ?? new Uint8Array(0) }
    case 'abort':
      return { name: 'abort' }
    default:
      return undefined
  }
}

/** What a server says in the SASL namespace; `data` is undefined where it sent none. */
export type ServerNonza =
  | { readonly name: 'challenge'; readonly data: Uint8Array }
  | { readonly name: 'success'; readonly data: Uint8Array | undefined }
  | { readonly name: 'failure'; readonly error: SaslError }

/** Reads what a server says; undefined for an element that is none of these. Throws SaslError `incorrect-encoding` for wrong base64. */
export function readServerNonza(element: Element): ServerNonza | undefined {
  if (element.namespace !== ns.sasl) return undefined
  switch (element.name) {
    case 'challenge':
      return { name: 'challenge', data: readData(element) ?? new Uint8Array(0) }
    case 'success':
      return { name: 'success', data: readData(element) }
    case 'failure':
      return { name: 'failure', error: SaslError.from(element) }
    default:
      return undefined
  }
}

function dataOrEquals(data: Uint8Array | undefined): string[] {
  if (data === undefined) return []
  return [data.length === 0 ? '=' : encodeBase64(data)]
}

function plainData(data: Uint8Array): string[] {
  return data.length === 0 ? [] : [encodeBase64(data)]
}

/** The bytes in an element. `=` is read everywhere: some send it for any empty message, and it can mean nothing else. */
function readData(element: Element): Uint8Array | undefined {
  const { text } = element
  if (text === '') return undefined
  if (text === '=') return new Uint8Array(0)
  try {
    return decodeBase64(text)
  } catch (error) {
    throw error instanceof Malformed ? new SaslError('incorrect-encoding', error.message) : error
  }
}
