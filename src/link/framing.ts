import { type Element, escapeAttribute } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import type { StreamHeader } from './link.ts'

/** How a stream stands in what carries it. A value: one serves all links of its kind. */
export interface Framing {
  /** One long XML document, or a message for each child that is a document of its own. */
  readonly kind: 'stream' | 'document'
  /** The namespace of the content on the wire; inside it is always `jabber:client`. */
  readonly content: string
  /** What opens our stream. */
  open(header: StreamHeader): string
  /** What closes it. */
  readonly close: string
  /** A first-level child, given as canonical XML relative to the content namespace, as it is written. */
  child(xml: string): string
}

/** Streams in TCP (RFC 6120 §4): of clients, or of another content such as `jabber:server`. */
export function streamFraming(content: string = ns.client): Framing {
  return {
    kind: 'stream',
    content,
    open: header =>
      `<?xml version='1.0'?><stream:stream xmlns="${escapeAttribute(header.content ?? content)}" xmlns:stream="${ns.streams}"${headerAttributes(header)}>`,
    close: '</stream:stream>',
    child: xml => xml,
  }
}

/** Streams in WebSocket messages (RFC 7395 §3.3): `<open/>`, `<close/>`, and each child parsable on its own. */
export const webSocketFraming: Framing = {
  kind: 'document',
  content: ns.client,
  open: header => `<open xmlns="${ns.framing}"${headerAttributes(header)}/>`,
  close: `<close xmlns="${ns.framing}"/>`,
  child: standalone,
}

/**
 * An element of the streams namespace (features, error) for `Link.write`: with the prefix that every stream declares,
 * because some clients read no other form.
 */
export function streamElement(element: Element): string {
  const { inner } = element
  return inner === '' ? `<stream:${element.name}/>` : `<stream:${element.name}>${inner}</stream:${element.name}>`
}

/** What the peer's header says; `declarations` are the prefixes and namespaces that it declares, in turn. */
export function readHeader(root: Element, declarations: readonly string[]): StreamHeader {
  let content: string | undefined
  for (let i = 0; i < declarations.length; i += 2) if (declarations[i] === '') content = declarations[i + 1]
  return {
    to: root.attribute('to'),
    from: root.attribute('from'),
    id: root.attribute('id'),
    version: root.attribute('version'),
    lang: root.attribute('xml:lang'),
    content,
  }
}

function headerAttributes({ to, from, id, version, lang }: StreamHeader): string {
  return (
    headerAttribute('from', from) +
    headerAttribute('to', to) +
    headerAttribute('id', id) +
    headerAttribute('version', version) +
    headerAttribute('xml:lang', lang)
  )
}

function headerAttribute(name: string, value: string | undefined): string {
  return value === undefined ? '' : ` ${name}="${escapeAttribute(value)}"`
}

const streamDeclaration = ` xmlns:stream="${ns.streams}"`
const contentDeclaration = ` xmlns="${ns.client}"`

/** Canonical XML with what its start tag inherits from a stream's header declared in it. */
function standalone(xml: string): string {
  const end = nameEnd(xml)
  if (xml.startsWith('<stream:')) return xml.slice(0, end) + streamDeclaration + xml.slice(end)
  // canonical XML has its own declaration, where there is one, right behind the name
  if (xml.startsWith(' xmlns=', end)) return xml
  return xml.slice(0, end) + contentDeclaration + xml.slice(end)
}

function nameEnd(xml: string): number {
  for (let i = 1; i < xml.length; i++) {
    const code = xml.charCodeAt(i)
    if (code === 0x20 || code === 0x2f || code === 0x3e) return i
  }
  return xml.length
}
