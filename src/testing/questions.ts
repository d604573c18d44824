import { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'

const discoInfo = 'http://jabber.org/protocol/disco#info'

/**
 * The answer of any client to what a server asks it only to hear from it: a ping (XEP-0199 §4.1), or a query for its
 * features that names no node. Undefined where it was asked for something else, or nothing.
 */
export function answerTo(element: Element): string | undefined {
  if (!element.is('iq', ns.client) || element.attribute('type') !== 'get') return undefined
  const from = element.attribute('from') ?? ''
  const [asked] = element.elements
  const isPing = asked?.is('ping', 'urn:xmpp:ping')
  const isQuery = asked?.is('query', discoInfo) && asked.attribute('node') === undefined && !from.includes('@')
  if (!isPing && !isQuery) return undefined
  const attributes = ['type', 'result', 'id', element.attribute('id') ?? '', 'to', from]
  return new Element('iq', ns.client, attributes, isQuery ? [new Element('query', discoInfo)] : []).xml(ns.client)
}
