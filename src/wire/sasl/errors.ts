import { Element } from '../element.ts'
import { ns } from '../namespaces.ts'

/** The SASL failure conditions of RFC 6120 §6.5. */
export const saslFailures = [
  'aborted',
  'account-disabled',
  'credentials-expired',
  'encryption-required',
  'incorrect-encoding',
  'invalid-authzid',
  'invalid-mechanism',
  'malformed-request',
  'mechanism-too-weak',
  'not-authorized',
  'temporary-auth-failure',
] as const

export type SaslFailure = (typeof saslFailures)[number]

/**
 * Refuses an exchange (RFC 6120 §6.5). On a client it is also what ends an exchange with a server that breaks the
 * rules: `malformed-request` for what cannot be read, `mechanism-too-weak` for a downgrade, `not-authorized` for a
 * server that does not know the password.
 */
export class SaslError extends Error {
  override readonly name = 'SaslError'
  readonly condition: SaslFailure
  readonly text: string | undefined
  /** A condition of somebody else's words beside it (XEP-0388 §2.6.2). */
  readonly application: Element | undefined

  constructor(condition: SaslFailure, text?: string, application?: Element) {
    super(text ? `${condition}: ${text}` : condition)
    this.condition = condition
    this.text = text
    this.application = application
  }

  /** The `<failure/>` that says it (RFC 6120 §6.5). */
  element(): Element {
    const children = [new Element(this.condition, ns.sasl)]
    if (this.text) children.push(new Element('text', ns.sasl, ['xml:lang', 'en'], [this.text]))
    return new Element('failure', ns.sasl, [], children)
  }

  /** Reads a `<failure/>`; a condition that is unknown or missing counts as `not-authorized` (RFC 6120 §6.5). */
  static from(failure: Element): SaslError {
    const known = saslFailures.find(condition => failure.child(condition) !== undefined)
    return new SaslError(known ?? 'not-authorized', failure.child('text')?.text || undefined)
  }
}
