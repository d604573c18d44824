import { SaslError } from './errors.ts'
import { scramMechanism, scramMechanisms } from './scram.ts'

/** What a client can and will do. */
export interface MechanismOptions {
  /** Whether TLS protects the stream and its certificate was verified. */
  readonly secure: boolean
  /** Whether there is a password, or SCRAM keys made of it. */
  readonly password: boolean
  /** Whether PLAIN may show the password itself to the server; only ever over TLS. */
  readonly plain?: boolean
  /** Whether TLS has shown a certificate of the client that stands for the account. */
  readonly certificate?: boolean
  /** Whether to log in as nobody in particular. */
  readonly anonymous?: boolean
  /** The channel binding types that this connection has, strongest first; empty where it has none, as in a browser. */
  readonly channelBindings: readonly string[]
  /** What the server announced by XEP-0440; undefined where it did not. */
  readonly announcedBindings?: readonly string[]
  /** Mechanisms that have failed here already. */
  readonly failed?: readonly string[]
}

/** What to authenticate with. */
export interface ChosenMechanism {
  readonly name: string
  /** The flag of the GS2 header for SCRAM: `n`, `y`, or `p=` and the channel binding type (RFC 5802 §6). */
  readonly binding: string
}

/**
 * The best of the offered mechanisms: EXTERNAL with a certificate, then SCRAM bound to the channel, then SCRAM, each
 * with the strongest hash, then PLAIN over TLS if allowed and SCRAM is not offered. Undefined where none fits. Throws SaslError
 * `mechanism-too-weak` where the offer shows that somebody took something out of it (XEP-0440 §3).
 */
export function chooseMechanism(offered: readonly string[], options: MechanismOptions): ChosenMechanism | undefined {
  const has = (name: string) => offered.includes(name) && !options.failed?.includes(name)
  if (options.anonymous) return has('ANONYMOUS') ? { name: 'ANONYMOUS', binding: 'n' } : undefined
  if (options.certificate && has('EXTERNAL')) return { name: 'EXTERNAL', binding: 'n' }
  if (!options.password) return undefined
  const binding = bindingFlag(offered, options)
  const suffix = binding.startsWith('p=') ? '-PLUS' : ''
  // Where a -PLUS is offered and this side can bind, nothing weaker will do, not even after it failed (RFC 5802 §6).
  for (const name of Object.keys(scramMechanisms)) if (has(name + suffix)) return { name: name + suffix, binding }
  // The password is never shown to a server that could do with a proof: whoever makes SCRAM fail would get it.
  const provable = offered.some(name => scramMechanism(name) !== undefined)
  return options.plain && options.secure && !provable && has('PLAIN') ? { name: 'PLAIN', binding: 'n' } : undefined
}

/** The flag that the rules of XEP-0440 §3 lead to. */
function bindingFlag(offered: readonly string[], options: MechanismOptions): string {
  const { channelBindings, announcedBindings } = options
  const strongest = channelBindings[0]
  if (strongest === undefined) return 'n' // rule 2
  const plus = offered.some(name => scramMechanism(name)?.plus)
  const announced = announcedBindings !== undefined && announcedBindings.length > 0
  if (!plus) {
    if (announced) throw new SaslError('mechanism-too-weak', 'Channel bindings are announced, but no -PLUS mechanism') // 5
    return 'y' // rule 3
  }
  // Rule 4 leaves it open what to try where no types are announced: the strongest is what RFC 9266 §3 makes the default.
  if (!announced) return `p=${strongest}`
  const shared = channelBindings.find(type => announcedBindings.includes(type)) // rules 1 and 7
  if (shared !== undefined) return `p=${shared}`
  if (!announcedBindings.includes('tls-server-end-point'))
    throw new SaslError('mechanism-too-weak', 'tls-server-end-point is missing among the channel bindings') // rule 6
  return 'n'
}
