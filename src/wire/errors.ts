import { Element } from './element.ts'
import { ns } from './namespaces.ts'

/** What came is wrong in itself: not what its codec, kind or grammar allows. Becomes `bad-request` where a stanza asks for an answer. */
export class Malformed extends Error {
  override readonly name = 'Malformed'
}

/** The stanza error conditions of RFC 6120 §8.3.3, each with the type that goes with it. */
export const stanzaErrorTypes = {
  'bad-request': 'modify',
  conflict: 'cancel',
  'feature-not-implemented': 'cancel',
  forbidden: 'auth',
  gone: 'cancel',
  'internal-server-error': 'cancel',
  'item-not-found': 'cancel',
  'jid-malformed': 'modify',
  'not-acceptable': 'modify',
  'not-allowed': 'cancel',
  'not-authorized': 'auth',
  'policy-violation': 'modify',
  'recipient-unavailable': 'wait',
  redirect: 'modify',
  'registration-required': 'auth',
  'remote-server-not-found': 'cancel',
  'remote-server-timeout': 'wait',
  'resource-constraint': 'wait',
  'service-unavailable': 'cancel',
  'subscription-required': 'auth',
  'undefined-condition': 'cancel',
  'unexpected-request': 'wait',
} as const

export type StanzaCondition = keyof typeof stanzaErrorTypes
export type StanzaErrorType = 'auth' | 'cancel' | 'continue' | 'modify' | 'wait'

export interface StanzaErrorOptions {
  /** Another type than the usual one of the condition. */
  type?: StanzaErrorType
  /** A sentence for people, in English. */
  text?: string
  /** An application's own condition beside the defined one (RFC 6120 §8.3.4). */
  application?: Element
  /** Content of the condition itself: the new address of `gone` and `redirect`. */
  value?: string
  /** What stands before the error: of the refused request as much as its sender needs (RFC 6120 §8.3.1). */
  about?: Element
}

/** The answer to a stanza that is refused: thrown where it happens, answered in one place. */
export class StanzaError extends Error {
  override readonly name = 'StanzaError'
  readonly condition: StanzaCondition
  readonly type: StanzaErrorType
  readonly text: string | undefined
  readonly application: Element | undefined
  readonly value: string | undefined
  readonly about: Element | undefined

  constructor(condition: StanzaCondition, options: StanzaErrorOptions = {}) {
    super(options.text ? `${condition}: ${options.text}` : condition)
    this.condition = condition
    this.type = options.type ?? stanzaErrorTypes[condition]
    this.text = options.text
    this.application = options.application
    this.value = options.value
    this.about = options.about
  }

  /** The `<error/>` child that says it (RFC 6120 §8.3.2). */
  element(): Element {
    const children = [new Element(this.condition, ns.stanzas, [], this.value ? [this.value] : [])]
    if (this.text) children.push(new Element('text', ns.stanzas, ['xml:lang', 'en'], [this.text]))
    if (this.application) children.push(this.application)
    return new Element('error', ns.client, ['type', this.type], children)
  }

  /** Reads the `<error/>` of a stanza of type error; an unknown or missing condition is `undefined-condition`. */
  static from(stanza: Element): StanzaError {
    const error = stanza.child('error')
    const defined = error?.elements.find(child => child.namespace === ns.stanzas && child.name in stanzaErrorTypes)
    const text = error?.child('text', ns.stanzas)?.text
    const application = error?.elements.find(child => child.namespace !== ns.stanzas)
    const type = error?.attribute('type')
    return new StanzaError((defined?.name ?? 'undefined-condition') as StanzaCondition, {
      ...(isErrorType(type) && { type }),
      ...(text && { text }),
      ...(application && { application }),
      ...(defined?.text && { value: defined.text }),
    })
  }
}

function isErrorType(type: string | undefined): type is StanzaErrorType {
  return type === 'auth' || type === 'cancel' || type === 'continue' || type === 'modify' || type === 'wait'
}

/** The stream error conditions of RFC 6120 §4.9.3. */
export const streamConditions = [
  'bad-format',
  'bad-namespace-prefix',
  'conflict',
  'connection-timeout',
  'host-gone',
  'host-unknown',
  'improper-addressing',
  'internal-server-error',
  'invalid-from',
  'invalid-namespace',
  'invalid-xml',
  'not-authorized',
  'not-well-formed',
  'policy-violation',
  'remote-connection-failed',
  'reset',
  'resource-constraint',
  'restricted-xml',
  'see-other-host',
  'system-shutdown',
  'undefined-condition',
  'unsupported-encoding',
  'unsupported-feature',
  'unsupported-stanza-type',
  'unsupported-version',
] as const

export type StreamCondition = (typeof streamConditions)[number]

export interface StreamErrorOptions {
  text?: string
  application?: Element
  /** Content of the condition itself: the address of `see-other-host`. */
  value?: string
}

/** The end of a stream, with its reason. */
export class StreamError extends Error {
  override readonly name = 'StreamError'
  readonly condition: StreamCondition
  readonly text: string | undefined
  readonly application: Element | undefined
  readonly value: string | undefined

  constructor(condition: StreamCondition, options: StreamErrorOptions | string = {}) {
    const { text, application, value } = typeof options === 'string' ? { text: options } : options
    super(text ? `${condition}: ${text}` : condition)
    this.condition = condition
    this.text = text
    this.application = application
    this.value = value
  }

  /** The `<stream:error/>` that says it (RFC 6120 §4.9.2). */
  element(): Element {
    const children = [new Element(this.condition, ns.streamErrors, [], this.value ? [this.value] : [])]
    if (this.text) children.push(new Element('text', ns.streamErrors, ['xml:lang', 'en'], [this.text]))
    if (this.application) children.push(this.application)
    return new Element('error', ns.streams, [], children)
  }

  static from(element: Element): StreamError {
    const defined = element.elements.find(
      child => child.namespace === ns.streamErrors && streamConditions.includes(child.name as StreamCondition),
    )
    const text = element.child('text', ns.streamErrors)?.text
    const application = element.elements.find(child => child.namespace !== ns.streamErrors)
    return new StreamError((defined?.name ?? 'undefined-condition') as StreamCondition, {
      ...(text && { text }),
      ...(application && { application }),
      ...(defined?.text && { value: defined.text }),
    })
  }
}
