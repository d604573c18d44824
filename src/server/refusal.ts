import { StorageError } from '../storage/storage.ts'
import { Element } from '../wire/element.ts'
import { Malformed, StanzaError } from '../wire/errors.ts'
import type { Jid } from '../wire/jid.ts'
import type { Envelope, StanzaKind } from './envelope.ts'

/**
 * The stanza that answers one which was refused, or undefined where nothing may be answered: refusals never echo.
 *
 * | refused | answer |
 * |---|---|
 * | type error, IQ result | never (RFC 6120 §8.3.1) |
 * | presence that the client addressed and its own server refuses | the error (RFC 6121 §3.1.2, RFC 6120 §10.4.3) |
 * | other presence, probes (RFC 6121 §4.3) | silence; where RFC 6121 names a reply, the feature sends it |
 * | message, IQ get or set | the error, from whom it was for |
 */
export function answer(refused: Envelope, error: StanzaError): Element | undefined {
  if (refused.type === 'error') return undefined
  // Under another owner's rules the session that sent it is not known any more.
  if (refused.kind === 'presence' && (refused.session === undefined || refused.to === undefined)) return undefined
  if (refused.kind === 'presence' && refused.type === 'probe') return undefined
  if (refused.kind === 'iq' && refused.type === 'result') return undefined
  return errorReply(refused.stanza, error)
}

/**
 * What answers a stanza of this client's that could not even become an envelope; undefined where nothing may be answered
 * (RFC 6120 §8.3.1). Throws what is no StanzaError.
 */
export function refusedUnstamped(client: Jid, kind: StanzaKind, stanza: Element, error: unknown): Element | undefined {
  if (!(error instanceof StanzaError)) throw error
  const type = stanza.attribute('type')
  if (type === 'error' || (kind === 'iq' && type === 'result')) return undefined
  // The address may be what is wrong: the answer comes from the account then, without `from`.
  const id = stanza.attribute('id')
  const attributes = ['from', client.full, ...(id === undefined ? [] : ['id', id])]
  return errorReply(stanza.withAttributes(attributes), error)
}

/**
 * An error stanza that answers this one: addresses turned round, id kept, the content left out but for what the error
 * is about (RFC 6120 §8.3.1).
 */
export function errorReply(stanza: Element, error: StanzaError): Element {
  const children = error.about === undefined ? [error.element()] : [error.about, error.element()]
  return new Element(stanza.name, stanza.namespace, replyAttributes(stanza, 'error'), children)
}

/** Attributes of a reply: addresses turned round, the id kept. */
export function replyAttributes(stanza: Element, type: string): string[] {
  const attributes: string[] = []
  const from = stanza.attribute('to')
  const to = stanza.attribute('from')
  const id = stanza.attribute('id')
  if (from !== undefined) attributes.push('from', from)
  if (to !== undefined) attributes.push('to', to)
  attributes.push('type', type)
  if (id !== undefined) attributes.push('id', id)
  return attributes
}

/**
 * What a thrown thing says to the sender. What is neither refusal nor malformed input nor a fault of the disk is a bug
 * of ours: `reference` is then what ties the answer to the line in the log.
 */
export function refusalOf(thrown: unknown, reference: () => string): StanzaError {
  if (thrown instanceof StanzaError) return thrown
  if (thrown instanceof Malformed) return new StanzaError('bad-request', { text: thrown.message })
  if (thrown instanceof StorageError) {
    return new StanzaError('resource-constraint', { text: 'The server cannot store this now. Try again later.' })
  }
  return new StanzaError('internal-server-error', {
    text: `A fault of the server, not yours. Its operator finds it as ${reference()}.`,
  })
}
