import { SaxesParser, type SaxesTagNS } from 'saxes'
import { Element, type Node } from '../../wire/element.ts'
import type { StreamCondition } from '../../wire/errors.ts'
import { isUnprefixedName } from '../../wire/names.ts'
import { ns } from '../../wire/namespaces.ts'

/**
 * What XML allows and XMPP, or our reading of it, does not: the only things in which the reader may differ from a
 * parser of XML, each with the condition that it must end with (RFC 6120 §11 and §4.8).
 */
export const restrictions = {
  comment: 'restricted-xml',
  'processing instruction': 'restricted-xml',
  'document type declaration': 'restricted-xml',
  'version of XML': 'bad-format',
  encoding: 'unsupported-encoding',
  'byte order mark': 'not-well-formed',
  'stream in another namespace': 'invalid-namespace',
  'root of another name': 'bad-format',
  'text between stanzas': 'bad-format',
  'prefix on the content namespace': 'bad-namespace-prefix',
  'element with the prefix xml': 'bad-namespace-prefix',
  // Namespaces in XML §4 forbids it; the reference lets `a:1` pass.
  'no name behind a prefix': 'not-well-formed',
} as const satisfies Record<string, StreamCondition>

export type Restriction = keyof typeof restrictions

/**
 * What XML forbids and the reader lets pass, because a stream is no document; and where the reference is wrong: it
 * takes white space off namespaces, so that nothing can be compared behind such a one.
 */
export type Allowance =
  | 'anything behind the end'
  | 'white space before the declaration'
  | 'white space around a namespace'

export interface Reference {
  /** Finished first-level elements, as canonical XML. */
  readonly elements: string[]
  /** `closed`: a whole stream; `refused`: XML forbids it; `unfinished`: it stops before its end; `unknown`: not read on. */
  outcome: 'closed' | 'refused' | 'unfinished' | 'unknown'
  restriction: Restriction | undefined
  allowance: Allowance | undefined
  /** What the reference says, for people. */
  message: string
}

class Refusal extends Error {}

/** What a parser of XML makes of the same stream, with the restrictions laid over it. */
export function reference(bytes: Uint8Array): Reference {
  const found: Reference = {
    elements: [],
    outcome: 'unfinished',
    restriction: undefined,
    allowance: undefined,
    message: '',
  }
  let text: string
  try {
    text = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes)
  } catch {
    return { ...found, outcome: 'refused', message: 'not UTF-8' }
  }
  const blank = /^[ \t\r\n]+(?=<\?xml[ \t\r\n])/.exec(text)
  if (blank !== null) {
    text = text.slice(blank[0].length)
    found.allowance = 'white space before the declaration'
  }
  if (text.startsWith('\ufeff')) return { ...found, restriction: 'byte order mark' }
  const parser = parserFor(text, found)
  try {
    parser.write(text)
  } catch (error) {
    if (error instanceof Refusal) {
      if (found.restriction === undefined && found.outcome === 'unfinished') found.outcome = 'refused'
      found.message ||= error.message
    } else throw error
  }
  return found
}

function parserFor(text: string, found: Reference): SaxesParser<{ xmlns: true }> {
  const parser = new SaxesParser({ xmlns: true })
  const open: { tag: SaxesTagNS; children: Node[] }[] = []
  let between = 0
  const restrict = (restriction: Restriction): never => {
    found.restriction = restriction
    throw new Refusal(restriction)
  }
  parser.on('error', error => {
    if (found.outcome === 'closed') found.allowance = 'anything behind the end'
    throw new Refusal(error.message)
  })
  parser.on('xmldecl', ({ version, encoding }) => {
    if (version !== '1.0') restrict('version of XML')
    if (encoding !== undefined && encoding.toUpperCase() !== 'UTF-8') restrict('encoding')
  })
  parser.on('comment', () => restrict('comment'))
  parser.on('processinginstruction', () => restrict('processing instruction'))
  parser.on('doctype', () => restrict('document type declaration'))
  const characters = (value: string) => {
    if (open.length === 1) {
      if (/[^ \t\n]/.test(value) || /^[^<]*&/.test(text.slice(between))) restrict('text between stanzas')
    } else if (open.length > 1) append(open.at(-1)!.children, value)
  }
  parser.on('text', characters)
  parser.on('cdata', value => {
    if (open.length === 1) restrict('text between stanzas')
    characters(value)
  })
  parser.on('attribute', ({ prefix, name, value }) => {
    if ((prefix !== 'xmlns' && name !== 'xmlns') || value === value.trim()) return
    found.allowance = 'white space around a namespace'
    found.outcome = 'unknown'
    throw new Refusal(found.allowance)
  })
  parser.on('opentag', tag => {
    for (const { prefix, local } of [tag, ...Object.values(tag.attributes)])
      if (prefix !== '' && local !== '' && !isUnprefixedName(local)) restrict('no name behind a prefix')
    if (tag.prefix === 'xml') restrict('element with the prefix xml')
    if (tag.prefix !== '' && tag.uri === ns.client) restrict('prefix on the content namespace')
    if (open.length === 0) {
      if (tag.uri !== ns.streams) restrict('stream in another namespace')
      if (tag.local !== 'stream') restrict('root of another name')
    }
    open.push({ tag, children: [] })
    between = parser.position
  })
  parser.on('closetag', ({ name, isSelfClosing }) => {
    // It tells of a wrong end tag only after it has ended an element for it.
    const end = text.slice(text.lastIndexOf('</', parser.position - 1) + 2, parser.position - 1)
    if (!isSelfClosing && end.replace(/[ \t\r\n]+$/, '') !== name) throw new Refusal(`${end} ends ${name}`)
    const { tag, children } = open.pop()!
    const element = new Element(tag.local, tag.uri, attributes(tag), children)
    if (open.length > 1) open.at(-1)!.children.push(element)
    else if (open.length === 1) found.elements.push(element.toString())
    else {
      found.outcome = 'closed'
      if (parser.position < text.length) {
        found.allowance = 'anything behind the end'
        throw new Refusal('behind the end')
      }
    }
    between = parser.position
  })
  return parser
}

function append(children: Node[], text: string): void {
  if (text === '') return
  const last = children.length - 1
  if (typeof children[last] === 'string') children[last] += text
  else children.push(text)
}

function attributes(tag: SaxesTagNS): string[] {
  const list: string[] = []
  for (const { name, prefix, local, uri, value } of Object.values(tag.attributes)) {
    if (prefix === 'xmlns' || name === 'xmlns') continue
    list.push(prefix === '' || prefix === 'xml' ? name : `{${uri}}${local}`, value)
  }
  return list
}
