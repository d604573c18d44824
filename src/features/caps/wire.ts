import { attr, element, type Infer, many } from '../../wire/codec.ts'
import type { Element } from '../../wire/element.ts'
import { Malformed } from '../../wire/errors.ts'
import { formNamespace, formType } from '../../wire/form.ts'
import { type Hash, hash } from '../../wire/hashes.ts'
import { base64, text } from '../../wire/kinds.ts'
import type { Info } from '../disco/wire.ts'

/** `<c/>` of XEP-0115 §4. Without `hash` it is of the legacy format, and `ver` proves nothing (§13). */
export const entityCaps = element('http://jabber.org/protocol/caps', 'c', {
  hash: attr.maybe(text),
  node: attr(text),
  ver: attr(text),
  ext: attr.maybe(text),
})
export type EntityCaps = Infer<typeof entityCaps>

/** `<c/>` of XEP-0390 §4.2: hashes of the same disco#info by several algorithms. */
export const capabilityHashes = element('urn:xmpp:caps', 'c', { hashes: many(hash) })

/** The arithmetic that whoever computes or verifies a hash brings along. It throws, or rejects, where it lacks the algorithm. */
export type Hashing = (algorithm: CapsAlgorithm, data: Uint8Array) => Uint8Array | Promise<Uint8Array>

/** What is used to hash capabilities: XEP-0115 §9.1 demands SHA-1, XEP-0300 the others; nobody should need more. */
const algorithms = ['sha-1', 'sha-256', 'sha-512', 'sha3-256', 'sha3-512', 'blake2b-256', 'blake2b-512'] as const
export type CapsAlgorithm = (typeof algorithms)[number]

/** The node that tells what these capabilities are, in disco#info (XEP-0115 §6.2). */
export function capsNode({ node, ver }: Pick<EntityCaps, 'node' | 'ver'>): string {
  return `${node}#${ver}`
}

/** The `ver` of somebody who is and can do this (XEP-0115 §5.1). Rejects with Malformed where the info is ill-formed (§5.4). */
export async function verificationString(info: Info, algorithm: CapsAlgorithm, hashing: Hashing): Promise<string> {
  return base64.write(await hashing(algorithm, verificationInput(info)))
}

/**
 * Whether the info is what these capabilities were made from, so that it holds for everybody who has them (XEP-0115
 * §5.4). False too where the format is the legacy one, the algorithm is not known, or the info is ill-formed.
 */
export function isVerified(caps: EntityCaps, info: Info, hashing: Hashing): Promise<boolean> {
  return matches(caps.hash, caps.ver, algorithm => verificationString(info, algorithm, hashing))
}

/** The hash of what somebody is and can do (XEP-0390 §4.2). `lang` is that of what the info came in. Rejects with Malformed as `hashInput` throws. */
export async function capabilityHash(
  info: Info,
  algorithm: CapsAlgorithm,
  hashing: Hashing,
  lang?: string,
): Promise<Hash> {
  return { algorithm, digest: await hashing(algorithm, hashInput(info, lang)) }
}

/** Whether this is the hash of this info (XEP-0390 §4.4); false too where the algorithm is not known or the info has no hash. */
export function isHashOf(hash: Hash, info: Info, hashing: Hashing, lang?: string): Promise<boolean> {
  return matches(hash.algorithm, base64.write(hash.digest), async algorithm =>
    base64.write((await capabilityHash(info, algorithm, hashing, lang)).digest),
  )
}

const nodePrefix = 'urn:xmpp:caps#'

/** The node that tells what has this hash, in disco#info (XEP-0390 §4.3). */
export function hashNode({ algorithm, digest }: Hash): string {
  return `${nodePrefix}${algorithm}.${base64.write(digest)}`
}

/** The hash that a node names, or undefined where it is no such node. */
export function readHashNode(node: string): Hash | undefined {
  // The name of an algorithm may hold a full stop (XEP-0390 §6.2), base64 does not.
  const stop = node.lastIndexOf('.')
  if (!node.startsWith(nodePrefix) || stop <= nodePrefix.length) return undefined
  try {
    return { algorithm: node.slice(nodePrefix.length, stop), digest: base64.read(node.slice(stop + 1)) }
  } catch (error) {
    if (error instanceof Malformed) return undefined
    throw error
  }
}

/** What `ver` is the hash of (XEP-0115 §5.1). Throws Malformed where the info is ill-formed (§5.4, step 3). */
export function verificationInput({ identities, features, extensions }: Info): Uint8Array {
  const people = identities.map(({ category, type, lang = '', name = '' }) => [category, type, lang, name])
  people.sort((a, b) => a.map((part, i) => byOctets(part, b[i]!)).find(order => order !== 0) ?? 0)
  const identityTexts = people.map(parts => parts.join('/'))
  const featureTexts = sorted(features.map(feature => feature.var))
  const forms = extensions.map(readForm).filter(form => form?.type !== undefined) as TypedForm[]
  forms.sort((a, b) => byOctets(a.type, b.type))
  distinct(identityTexts, 'identity')
  distinct(featureTexts, 'feature')
  distinct(
    forms.map(form => form.type),
    'form',
  )
  const factors = [...identityTexts, ...featureTexts]
  for (const { type, fields } of forms) {
    const others = fields.filter(field => field.name !== formType).sort((a, b) => byOctets(a.name, b.name))
    factors.push(type, ...others.flatMap(({ name, values }) => [name, ...sorted(values)]))
  }
  // §5.1: what was written `&lt;` stays so, and never ends a factor.
  return encoder.encode(factors.map(factor => `${factor.replaceAll('<', '&lt;')}<`).join(''))
}

/**
 * What a capability hash is the hash of (XEP-0390 §4.1). `lang` is the language of what the info came in, for identities
 * that name none. Throws Malformed where the info holds what has no place in the hash.
 */
export function hashInput({ identities, features, extensions }: Info, lang = ''): Uint8Array {
  const featureTexts = features.map(feature => unit(feature.var))
  const identityTexts = identities.map(one =>
    record([one.category, one.type, one.lang ?? lang, one.name ?? ''].map(unit).join('')),
  )
  const formTexts = extensions.map(extension => {
    const form = readForm(extension)
    if (form?.type === undefined || extension.child('reported') !== undefined || extension.child('item') !== undefined)
      throw new Malformed('Only forms that have a FORM_TYPE, and no rows, have a capability hash')
    const fields = form.fields.map(({ name, values }) => record(unit(name) + sorted(values.map(unit)).join('')))
    return `${sorted(fields).join('')}\u001d`
  })
  const strings = [featureTexts, identityTexts, formTexts].map(texts => `${sorted(texts).join('')}\u001c`)
  return encoder.encode(strings.join(''))
}

const unit = (part: string) => `${part}\u001f`
const record = (part: string) => `${part}\u001e`
const encoder = new TextEncoder()

interface TypedForm {
  readonly type: string
  readonly fields: readonly FlatField[]
}

interface FlatField {
  readonly name: string
  readonly values: readonly string[]
}

/**
 * A form of XEP-0128, as bare as the hashes want it; undefined where it is none. Its type is undefined where it has no
 * hidden FORM_TYPE. Throws Malformed where it has several (XEP-0115 §5.4, step 3.5).
 */
function readForm(element: Element): { type: string | undefined; fields: readonly FlatField[] } | undefined {
  if (!element.is('x', formNamespace)) return undefined
  const fields = childrenOf(element, 'field').map(field => ({
    name: field.attribute('var') ?? '',
    hidden: field.attribute('type') === 'hidden',
    values: childrenOf(field, 'value').map(value => value.text),
  }))
  const types = fields.filter(field => field.name === formType)
  const names = new Set(types.flatMap(field => field.values))
  if (names.size > 1) throw new Malformed('A form has several types')
  return { type: types.every(field => field.hidden) ? [...names][0] : undefined, fields }
}

function childrenOf(element: Element, name: string): readonly Element[] {
  return element.elements.filter(child => child.is(name, formNamespace))
}

function distinct(texts: readonly string[], what: string): void {
  if (new Set(texts).size < texts.length) throw new Malformed(`The same ${what} is there twice`)
}

function sorted(texts: readonly string[]): string[] {
  return [...texts].sort(byOctets)
}

/** The order of the texts' bytes in UTF-8 (i;octet, RFC 4790 §9.3). */
function byOctets(a: string, b: string): number {
  const length = Math.min(a.length, b.length)
  for (let i = 0; i < length; i++) {
    const difference = rank(a.charCodeAt(i)) - rank(b.charCodeAt(i))
    if (difference !== 0) return difference
  }
  return a.length - b.length
}

/** UTF-16 has the halves of the characters beyond U+FFFF in front of U+E000, UTF-8 has them last. */
function rank(code: number): number {
  if (code < 0xd800) return code
  return code < 0xe000 ? code + 0x2000 : code - 0x800
}

async function matches(
  algorithm: string | undefined,
  expected: string,
  compute: (algorithm: CapsAlgorithm) => Promise<string>,
): Promise<boolean> {
  const known = algorithms.find(one => one === algorithm)
  if (known === undefined) return false
  try {
    return (await compute(known)) === expected
  } catch (error) {
    if (error instanceof Malformed) return false
    throw error
  }
}
