import { SaslError } from './errors.ts'
import { hashedTokenMechanismsFor } from './hashed-token.ts'
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
  /** Whether it is SASL2 (XEP-0388), whose servers must announce their channel bindings. */
  readonly sasl2?: boolean
  /** Mechanisms that have failed here already. */
  readonly failed?: readonly string[]
}

/** What to authenticate with. */
export interface ChosenMechanism {
  readonly name: string
  /** The flag of the GS2 header for SCRAM: `n`, `y`, or `p=` and the channel binding type (RFC 5802 §6). */
  readonly binding: string
  /** Whether to go on only where the server proves what it announced (XEP-0474 §7, rule 6). */
  readonly announcedProven?: boolean
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
  const flag = bindingFlag(offered, options)
  const suffix = flag.binding.startsWith('p=') ? '-PLUS' : ''
  // Where a -PLUS is offered and this side can bind, nothing weaker will do, not even after it failed (RFC 5802 §6).
  for (const name of Object.keys(scramMechanisms)) if (has(name + suffix)) return { name: name + suffix, ...flag }
  // The password is never shown to a server that could do with a proof: whoever makes SCRAM fail would get it.
  const provable = offered.some(name => scramMechanism(name) !== undefined)
  return options.plain && options.secure && !provable && has('PLAIN') ? { name: 'PLAIN', binding: 'n' } : undefined
}

/** The best of the HT mechanisms that FAST offers (XEP-0484 §6), for a new token; undefined where none fits. */
export function chooseTokenMechanism(
  offered: readonly string[],
  { channelBindings }: Pick<MechanismOptions, 'channelBindings'>,
): string | undefined {
  return hashedTokenMechanismsFor(channelBindings).find(name => offered.includes(name))
}

/** The flag that the rules of XEP-0440 §3 lead to. */
function bindingFlag(offered: readonly string[], options: MechanismOptions): Omit<ChosenMechanism, 'name'> {
  const { channelBindings, announcedBindings, sasl2 } = options
  const strongest = channelBindings[0]
  if (strongest === undefined) return { binding: 'n' } // rule 2
  const plus = offered.some(name => scramMechanism(name)?.plus)
  const announced = announcedBindings !== undefined && announcedBindings.length > 0
  if (!plus) {
    if (announced) throw new SaslError('mechanism-too-weak', 'Channel bindings are announced, but no -PLUS mechanism') // 5
    return { binding: 'y' } // rule 3
  }
  if (!announced && sasl2)
    throw new SaslError('mechanism-too-weak', '-PLUS mechanisms are announced, but no channel bindings') // rule 4
  // Without SASL2 rule 4 leaves it open what to try: the strongest is what RFC 9266 §3 makes the default.
  if (!announced) return { binding: `p=${strongest}` }
  const shared = channelBindings.find(type => announcedBindings.includes(type)) // rules 1 and 7
  if (shared !== undefined) return { binding: `p=${shared}` }
  // Rule 6, as XEP-0474 §7 changes it: tls-server-end-point may be missing where the server proves that it is.
  return announcedBindings.includes('tls-server-end-point') ? { binding: 'n' } : { binding: 'n', announcedProven: true }
}
