import { isUnprefixedName } from './names.ts'

/** What the name of an attribute makes of it. */
export const nameKind = { plain: 0, defaultDeclaration: 1, prefixDeclaration: 2, xml: 3, prefixed: 4 } as const
export type NameKind = (typeof nameKind)[keyof typeof nameKind]

/** A name as it stands in a tag, taken apart. */
export interface Name {
  readonly raw: string
  /** Empty where there is none. */
  readonly prefix: string
  readonly local: string
  readonly kind: NameKind
  /** Its last eight characters, as `nameAt` has them. */
  readonly high: number
  readonly low: number
}

/**
 * Names and namespaces that were met before, shared by all readers: the same string object each time, cut from no
 * chunk. Two places for each hash, the newest stay: bounded, and whoever fills it with rubbish costs others a
 * microsecond.
 */
const names: (Name | undefined)[] = new Array(1024).fill(undefined)
const namespaces: string[] = new Array(1024).fill('')
const longest = 128

/**
 * The name from one index to another; undefined where it is none (Namespaces in XML §4). All of it is ASCII, and `high`
 * and `low` are its last eight characters, seven bits each: names of that size are told apart by it alone, which takes
 * a seventh off the time for a stanza.
 */
export function nameAt(text: string, from: number, to: number, high: number, low: number): Name | undefined {
  const place = Math.imul(low ^ Math.imul(high, 0x9e3779b1), 0x85ebca6b) >>> 22
  const known = names[place]
  if (known !== undefined && known.low === low && known.high === high && known.raw.length === to - from)
    if (to - from <= 8 || text.startsWith(known.raw, from)) return known
  return nameBeside(place, text, from, to, high, low)
}

/** The name at the other place that it may have, from where it comes back to the first; or a new one. */
function nameBeside(
  place: number,
  text: string,
  from: number,
  to: number,
  high: number,
  low: number,
): Name | undefined {
  const beside = names[place ^ 1]
  const raw = text.slice(from, to)
  const name = beside !== undefined && beside.raw === raw ? beside : parsed(shared(raw), high, low)
  if (name === undefined || to - from > longest) return name
  names[place ^ 1] = names[place]
  names[place] = name
  return name
}

/** A name of which no key is known. */
export function nameOf(text: string): Name | undefined {
  let high = 0
  let low = 0
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i)
    if (code >= 0x80) return parsed(shared(text), 0, 0)
    high = ((high << 7) | (low >>> 21)) & 0xfffffff
    low = ((low << 7) | code) & 0xfffffff
  }
  return nameAt(text, 0, text.length, high, low)
}

/** The same namespace as one string object. */
export function sharedNamespace(namespace: string): string {
  return namespaceAt(namespace, 0, namespace.length)
}

/**
 * The same for one that stands in a text. Looking at it where it stands costs half of cutting it out and comparing: V8
 * compares what is cut out of another text outside of its compiled code.
 */
export function namespaceAt(text: string, from: number, to: number): string {
  const length = to - from
  if (length === 0 || length > longest) return text.slice(from, to)
  // Some characters of the end tell namespaces apart; hashing all of it would cost more than the rest.
  let hash = length
  for (let i = to - 1; i >= from && i > to - 8; i -= 2) hash = Math.imul(hash, 31) + text.charCodeAt(i)
  const place = Math.imul(hash, 0x9e3779b1) >>> 22
  const known = namespaces[place]!
  if (known.length === length && (known === text || text.startsWith(known, from))) return known
  const namespace = text.slice(from, to)
  const beside = namespaces[place ^ 1]!
  namespaces[place ^ 1] = known
  return (namespaces[place] = beside === namespace ? beside : shared(namespace))
}

/** A copy that engines keep once for the whole program, so that it equals literals by its address. */
function shared(text: string): string {
  return Object.keys({ [text]: 0 })[0]!
}

function parsed(raw: string, high: number, low: number): Name | undefined {
  const colon = raw.indexOf(':')
  if (colon === -1) {
    if (!isUnprefixedName(raw)) return undefined
    const kind = raw === 'xmlns' ? nameKind.defaultDeclaration : nameKind.plain
    return { raw, prefix: '', local: raw, kind, high, low }
  }
  const prefix = shared(raw.slice(0, colon))
  const local = shared(raw.slice(colon + 1))
  if (!isUnprefixedName(prefix) || !isUnprefixedName(local)) return undefined
  const kind = prefix === 'xmlns' ? nameKind.prefixDeclaration : prefix === 'xml' ? nameKind.xml : nameKind.prefixed
  return { raw, prefix, local, kind, high, low }
}
