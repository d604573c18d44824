// The words of XMPP for every program: elements, addresses, codecs and errors. They run anywhere.
export * from './wire/codec.ts'
export { type Attributes, Element, type Node } from './wire/element.ts'
export {
  Malformed,
  type StanzaCondition,
  StanzaError,
  type StanzaErrorOptions,
  type StanzaErrorType,
  type StreamCondition,
  StreamError,
  type StreamErrorOptions,
} from './wire/errors.ts'
export { Jid } from './wire/jid.ts'
export * as kinds from './wire/kinds.ts'
export { ns } from './wire/namespaces.ts'
