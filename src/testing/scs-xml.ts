import { type Element, escapeAttribute, escapeText } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { Reader } from '../wire/reader.ts'
import { scansion } from './match.ts'
import { ScriptError, type Step } from './scs.ts'

const root = `<stream:stream xmlns='${ns.client}' xmlns:stream='${ns.streams}' xmlns:scansion='${scansion}'>`
const limits = { stanzaBytes: 2 ** 20, depth: 100, attributes: 1000, namespaces: 100 }

/**
 * The elements of a step's XML, after `value` has given each `${…}` its text. The prefixes `stream` and `scansion` are
 * declared, the default namespace is `jabber:client`. Throws `ScriptError`.
 */
export function readXml(step: Step & { xml: string }, value: (name: string) => string | undefined): readonly Element[] {
  const { line, xml } = step
  const filled = xml.replaceAll(/\$\{([^}]*)\}/g, (_, name: string) => {
    const text = value(name)
    if (text === undefined) throw new ScriptError(line, `there is no \${${name}} (yet)`)
    return escapeAttribute(text)
  })
  const elements: Element[] = []
  let wrong: string | undefined
  let ended = false
  const reader = new Reader(
    {
      opened() {},
      element: element => void elements.push(element),
      closed: () => {
        ended = true
      },
      failed: error => {
        wrong = error.message
      },
    },
    limits,
  )
  reader.push(`${root}${filled}</stream:stream>`)
  if (wrong !== undefined || !ended) throw new ScriptError(line, `the XML is wrong: ${wrong ?? 'it does not end'}`)
  if (elements.length === 0) throw new ScriptError(line, 'there is no element in the XML')
  return elements
}

/** An element for people: each child on a line of its own, indented. */
export function indented(element: Element, inherited: string = ns.client, margin = ''): string {
  const declared = element.namespace === inherited ? '' : ` xmlns="${element.namespace}"`
  const attributes = element.attributes
    .map((text, i) => (i % 2 ? `="${escapeAttribute(text)}"` : ` ${text.replace(`{${scansion}}`, 'scansion:')}`))
    .join('')
  const head = `${margin}<${element.name}${declared}${attributes}`
  if (element.children.length === 0) return `${head}/>`
  if (element.elements.length === 0) return `${head}>${escapeText(element.text)}</${element.name}>`
  const children = element.children
    .map(child =>
      typeof child === 'string' ? escapeText(child.trim()) : indented(child, element.namespace, `${margin}  `),
    )
    .filter(line => line !== '')
  return [`${head}>`, ...children, `${margin}</${element.name}>`].join('\n')
}
