import type { Attributes, Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'
import type { Random } from './random.ts'

/** What is declared where we are: prefixes ('' is the default) with their namespaces. */
type Scope = ReadonlyMap<string, string>

/** An element as one of the many texts that mean it: other quotes, white space, prefixes, references and sections. */
export function written(element: Element, scope: Scope, random: Random): string {
  const declared = new Map(scope)
  const parts: string[] = []
  const name = elementName(element, declared, parts, random)
  attributeParts(element.attributes, declared, parts, random)
  // Declarations and attributes may stand in any order.
  for (let i = parts.length - 1; i > 0; i--) {
    const other = random.below(i + 1)
    ;[parts[i], parts[other]] = [parts[other]!, parts[i]!]
  }
  const tag = name + parts.map(part => space(random) + part).join('')
  const tail = random.once(4) ? space(random) : ''
  const content = element.children.map(child =>
    typeof child === 'string' ? text(child, random) : written(child, declared, random),
  )
  if (content.length === 0 && random.below(4) > 0) return `<${tag}${tail}/>`
  return `<${tag}${tail}>${content.join('')}</${name}${random.once(8) ? space(random) : ''}>`
}

function elementName(element: Element, declared: Map<string, string>, parts: string[], random: Random): string {
  const { name, namespace } = element
  // Elements of the content namespace have no prefix (RFC 6120 §4.8.5), and no namespace has none to give.
  if (namespace !== '' && namespace !== ns.client && random.once(4))
    return `${prefixed(namespace, declared, parts, random)}:${name}`
  if (declared.get('') !== namespace || random.once(16)) {
    declared.set('', namespace)
    parts.push(attribute('xmlns', namespace, random))
  }
  return name
}

function attributeParts(list: Attributes, declared: Map<string, string>, parts: string[], random: Random): void {
  for (let i = 0; i < list.length; i += 2) {
    const name = list[i]!
    const end = name.lastIndexOf('}')
    const raw = end === -1 ? name : `${prefixed(name.slice(1, end), declared, parts, random)}:${name.slice(end + 1)}`
    parts.push(attribute(raw, list[i + 1]!, random))
  }
}

/** A prefix for a namespace: one that is declared already or one more. */
function prefixed(namespace: string, declared: Map<string, string>, parts: string[], random: Random): string {
  for (const [prefix, other] of declared) if (prefix !== '' && other === namespace && random.below(3) > 0) return prefix
  const prefix = `${random.pick(['p', 'q', 'xm', 'ö', 'a-b.c'])}${declared.size}`
  declared.set(prefix, namespace)
  parts.push(attribute(`xmlns:${prefix}`, namespace, random))
  return prefix
}

function attribute(name: string, value: string, random: Random): string {
  const quote = random.pick(["'", '"'])
  let out = ''
  for (const character of value) {
    const must = character === quote || '<&\t\n\r'.includes(character)
    out += must || random.once(64) ? reference(character, random) : character
  }
  const equals = `${random.once(8) ? space(random) : ''}=${random.once(8) ? space(random) : ''}`
  return `${name}${equals}${quote}${out}${quote}`
}

function text(value: string, random: Random): string {
  if (random.once(8) && !/[\r]|\]\]>/.test(value)) return `<![CDATA[${value}]]>`
  let out = ''
  for (const character of value) {
    if ('<&>\r'.includes(character) || random.once(64)) out += reference(character, random)
    else if (character === '\n' && random.once(4)) out += '\r\n'
    else if (random.once(100)) out += `<![CDATA[${character}]]>`
    else out += character
  }
  return out
}

const entities: Record<string, string> = { '<': '&lt;', '>': '&gt;', '&': '&amp;', "'": '&apos;', '"': '&quot;' }

function reference(character: string, random: Random): string {
  const entity = entities[character]
  if (entity !== undefined && random.below(3) > 0) return entity
  const code = character.codePointAt(0)!
  const zeros = '0'.repeat(random.below(3))
  return random.once(2) ? `&#${zeros}${code};` : `&#x${zeros}${code.toString(16)};`
}

function space(random: Random): string {
  return random.once(4) ? random.pick(['\n', '\t', '  ', '\r\n', ' \n\t ']) : ' '
}
