import { ns } from './namespaces.ts'
import { exceeded, malformed } from './reader-faults.ts'

/** The namespace of declarations themselves (Namespaces in XML §3). */
const declarations = 'http://www.w3.org/2000/xmlns/'

/** The namespace declarations in scope, innermost last; the prefix of the default namespace is the empty one. */
export class Scope {
  /** Prefixes and namespaces in turn. */
  readonly #declared: string[] = []
  /** How many declarations there are; what the list holds behind them is of the past. */
  size = 0

  /** Adds one. Throws where Namespaces in XML §3 does not allow it. `since` is the size before this tag's first. */
  declare(prefix: string, namespace: string, since: number, limit: number): void {
    if (prefix === 'xmlns' || namespace === declarations) throw malformed('The prefix xmlns cannot be declared')
    if ((prefix === 'xml') !== (namespace === ns.xml)) throw malformed('The prefix xml cannot be declared otherwise')
    if (namespace === '' && prefix !== '') throw malformed('A prefix cannot be undeclared')
    if (this.#index(prefix, since) !== -1) throw malformed('The same attribute twice')
    if (this.size >= limit) throw exceeded(`More than ${limit} namespace declarations in scope`)
    const place = 2 * this.size++
    this.#declared[place] = prefix
    this.#declared[place + 1] = namespace
  }

  /** The namespace of a prefix. Throws where it is not declared (RFC 6120 §4.9.3.13 shows that). */
  find(prefix: string): string {
    if (prefix === 'xml') return ns.xml
    const index = this.#index(prefix, 0)
    if (index === -1) throw malformed(`The prefix ${prefix} is not declared`)
    return this.#declared[2 * index + 1]!
  }

  /** All of them, prefixes and namespaces in turn. */
  pairs(): readonly string[] {
    return this.#declared.slice(0, 2 * this.size)
  }

  /** Where the innermost declaration of a prefix is, not before `since`; -1 where there is none. */
  #index(prefix: string, since: number): number {
    for (let i = this.size - 1; i >= since; i--) if (this.#declared[2 * i] === prefix) return i
    return -1
  }
}
