/**
 * Whether what came is what a script expects. The rules:
 *
 * - Name and namespace are equal.
 * - Every attribute of the script is there with the same value; `{scansion:any}` as value stands for any value, and
 *   `{scansion:optional}` for any value or none.
 * - Every child element of the script has a child of its own that matches it, in whatever order; one with
 *   `scansion:optional="true"` may be missing.
 * - Text is the same; white space between elements does not count. `{scansion:any}` as text stands for any text.
 * - Nothing else is there: no further attribute, child or text. But on the stanza itself `id`, `from`, `to` and
 *   `xml:lang` may be where the script is silent about them (servers stamp and address what they deliver, RFC 6120
 *   §8.1), in a message, also a forwarded one, a `<stanza-id/>` (XEP-0359), and on an `<error/>` the `by` (§8.3.2) and a `<text/>` for people (§8.3.2).
 * - `scansion:strict="false"` allows further attributes, children and text in that element and all it contains;
 *   `scansion:strict="true"` inside it forbids them again, those of the stanza too.
 */
import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'

/** The namespace of the attributes that tell how to compare; scripts use the prefix `scansion` without declaring it. */
export const scansion = 'https://matthewwild.co.uk/projects/scansion'
const any = '{scansion:any}'
const maybe = '{scansion:optional}'
const stamped = ['id', 'from', 'to', 'xml:lang']

/** Whether an element of the script may as well be missing. */
export function isOptional(expected: Element): boolean {
  return expected.attribute(`{${scansion}}optional`) === 'true'
}

/** Why `received` is not what was expected, as a sentence with the place, or undefined where it is. */
export function mismatch(expected: Element, received: Element): string | undefined {
  return differ(expected, received, undefined, `<${expected.name}>`, true)
}

/** `strict` is what an element around it said; undefined where none said anything. */
function differ(
  expected: Element,
  received: Element,
  inherited: boolean | undefined,
  place: string,
  isStanza = false,
): string | undefined {
  if (expected.name !== received.name) return `${place} is <${received.name}>`
  if (expected.namespace !== received.namespace) return `${place} is in the namespace "${received.namespace}"`
  const strict = strictness(expected) ?? inherited
  const wrong = attributesDiffer(expected, received, place) ?? textDiffers(expected, received, strict, place)
  if (wrong) return wrong
  const taken = assign(expected, received, strict, place)
  if (typeof taken === 'string') return taken
  if (strict === false) return undefined
  // Said aloud, strictness holds for what servers stamp as well.
  const isError = strict === undefined && expected.is('error', ns.client)
  const allowed = strict === undefined && isStanza ? stamped : isError ? ['by'] : []
  const surplus = surplusAttribute(expected, received, allowed, place)
  if (surplus) return surplus
  const isNamed = strict === undefined && expected.is('message', ns.client)
  const mayBe = (one: Element) =>
    (isError && one.is('text', ns.stanzas)) || (isNamed && one.is('stanza-id', 'urn:xmpp:sid:0'))
  const child = received.elements.find(one => !taken.has(one) && !mayBe(one))
  return child && `${place} contains <${child.name} xmlns="${child.namespace}">, which is not expected`
}

function strictness(expected: Element): boolean | undefined {
  const own = expected.attribute(`{${scansion}}strict`)
  return own === undefined ? undefined : own !== 'false' && own !== 'no'
}

function attributesDiffer(expected: Element, received: Element, place: string): string | undefined {
  const list = expected.attributes
  for (let i = 0; i < list.length; i += 2) {
    if (list[i]!.startsWith(`{${scansion}}`)) continue
    const value = received.attribute(list[i]!)
    if (list[i + 1] === maybe) continue
    if (value === undefined) return `${place} has no attribute ${list[i]}`
    if (value !== list[i + 1] && list[i + 1] !== any)
      return `attribute ${list[i]} of ${place} is "${value}", not "${list[i + 1]}"`
  }
  return undefined
}

function surplusAttribute(
  expected: Element,
  received: Element,
  allowed: readonly string[],
  place: string,
): string | undefined {
  const list = received.attributes
  for (let i = 0; i < list.length; i += 2) {
    if (expected.attribute(list[i]!) === undefined && !allowed.includes(list[i]!))
      return `${place} has the attribute ${list[i]}="${list[i + 1]}", which is not expected`
  }
  return undefined
}

function textDiffers(
  expected: Element,
  received: Element,
  strict: boolean | undefined,
  place: string,
): string | undefined {
  const wanted = expected.text.trim()
  if (wanted === any) return undefined
  if (wanted !== '')
    return expected.text === received.text
      ? undefined
      : `text of ${place} is "${received.text}", not "${expected.text}"`
  if (strict === false || received.text.trim() === '') return undefined
  return `${place} contains the text "${received.text}", which is not expected`
}

/** Finds for each expected child one of its own; a sentence where one has none. */
function assign(
  expected: Element,
  received: Element,
  strict: boolean | undefined,
  place: string,
): ReadonlySet<Element> | string {
  const wanted = expected.elements
  const found = received.elements
  const reasons = wanted.map(one => found.map(other => differ(one, other, strict, `${place}<${one.name}>`)))
  const owner = new Map<number, number>()
  // Augmenting paths: an earlier child gives its partner up where it can have another.
  const find = (child: number, seen: Set<number>): boolean => {
    for (let at = 0; at < found.length; at++) {
      if (reasons[child]![at] !== undefined || seen.has(at)) continue
      seen.add(at)
      const before = owner.get(at)
      if (before !== undefined && !find(before, seen)) continue
      owner.set(at, child)
      return true
    }
    return false
  }
  for (const [index, child] of wanted.entries()) {
    if (find(index, new Set()) || isOptional(child)) continue
    const near = found.findIndex(other => other.name === child.name && other.namespace === child.namespace)
    return near >= 0 && reasons[index]![near] !== undefined
      ? reasons[index]![near]!
      : `${place} has no <${child.name}> of the namespace "${child.namespace}"${near >= 0 ? ' left' : ''}`
  }
  return new Set([...owner.keys()].map(at => found[at]!))
}
