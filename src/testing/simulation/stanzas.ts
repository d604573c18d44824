import type { Element } from '../../wire/element.ts'
import { ns } from '../../wire/namespaces.ts'
import type { Way } from './inbox.ts'

export const sm = 'urn:xmpp:sm:3'
export const carbons = 'urn:xmpp:carbons:2'
const mam = 'urn:xmpp:mam:2'
const rsm = 'http://jabber.org/protocol/rsm'
const blocking = 'urn:xmpp:blocking'
const sid = 'urn:xmpp:sid:0'

/** `<iq/>` with this content. */
export function iq(type: 'get' | 'set', id: string, content: string): string {
  return `<iq type="${type}" id="${id}">${content}</iq>`
}

export const enableCarbons = `<enable xmlns="${carbons}"/>`
export const rosterGet = '<query xmlns="jabber:iq:roster"/>'
export const blocklistGet = '<blocklist xmlns="urn:xmpp:blocking"/>'
export const ping = '<ping xmlns="urn:xmpp:ping"/>'

export function rosterSet(jid: string, name: string | undefined): string {
  const rest = name === undefined ? ' subscription="remove"' : ` name="${name}"`
  return `<query xmlns="jabber:iq:roster"><item jid="${jid}"${rest}/></query>`
}

export function block(jid: string, blocked: boolean): string {
  const name = blocked ? 'block' : 'unblock'
  return `<${name} xmlns="urn:xmpp:blocking"><item jid="${jid}"/></${name}>`
}

/** A page of the archive, from behind the message with this id (XEP-0313 §4.3.1). */
export function archiveQuery(queryid: string, after: string | undefined, max: number): string {
  const from = after === undefined ? '' : `<after>${after}</after>`
  return `<query xmlns="${mam}" queryid="${queryid}"><set xmlns="${rsm}"><max>${max}</max>${from}</set></query>`
}

/** The end of a page: the id of its last message, and whether it was the last page. */
export function archiveEnd(answer: Element): { last: string | undefined; complete: boolean } | undefined {
  const fin = answer.child('fin', mam)
  if (fin === undefined) return undefined
  return {
    last: fin.child('set', rsm)?.child('last', rsm)?.text,
    complete: fin.attribute('complete') === 'true',
  }
}

/** Names by JID in a roster (RFC 6121 §2.1.3). */
export function rosterIn(iq: Element): (readonly [string, string])[] {
  return iq.child('query', 'jabber:iq:roster')?.elements.map(itemOf) ?? []
}

/** JIDs in a blocklist (XEP-0191 §3.2). */
export function blocklistIn(iq: Element): (readonly [string, string])[] {
  return iq.child('blocklist', blocking)?.elements.map(item => [item.attribute('jid')!, 'blocked']) ?? []
}

/** What a roster push changes; undefined for what is gone (RFC 6121 §2.1.6). */
export function rosterPush(iq: Element): (readonly [string, string | undefined])[] {
  const items = iq.child('query', 'jabber:iq:roster')?.elements ?? []
  return items.map(item => {
    const [jid, name] = itemOf(item)
    return [jid, item.attribute('subscription') === 'remove' ? undefined : name]
  })
}

/** What a push of the blocklist changes (XEP-0191 §3.3). */
export function blocklistPush(iq: Element): (readonly [string, string | undefined])[] {
  const of = (name: string, value: string | undefined) =>
    iq.child(name, blocking)?.elements.map(item => [item.attribute('jid')!, value] as const) ?? []
  return [...of('block', 'blocked'), ...of('unblock', undefined)]
}

function itemOf(item: Element): readonly [string, string] {
  return [item.attribute('jid')!, item.attribute('name') ?? '']
}

export function chat(to: string, type: string, token: string, padding: number, hint: string): string {
  const more = padding > 0 ? ' '.repeat(padding) : ''
  const origin = `<origin-id xmlns="${sid}" id="${token}"/>`
  return `<message to="${to}" type="${type}" id="${token}"><body>${token}${more}</body>${origin}${hint}</message>`
}

export const noStore = '<no-store xmlns="urn:xmpp:hints"/>'

/** What a message brings: by itself, as a copy, or from the archive. */
export interface Brought {
  readonly way: Way
  readonly token: string
  /** Its id in the archive of this account. */
  readonly id: string | undefined
}

/** Unwraps a message as a client does, trusting only its own account with copies; undefined where there is nothing to read. */
export function brought(message: Element, own: string): Brought | undefined {
  const result = message.child('result', mam)
  if (result !== undefined) return unwrapped(result, 'archive', own, result.attribute('id'))
  const copy = message.child('sent', carbons) ?? message.child('received', carbons)
  if (copy !== undefined) return message.attribute('from') === own ? unwrapped(copy, 'carbon', own) : undefined
  const way = message.child('delay', 'urn:xmpp:delay') === undefined ? 'live' : 'delayed'
  return plain(message, way, stanzaId(message, own))
}

function unwrapped(holder: Element, way: Way, own: string, id?: string): Brought | undefined {
  const message = holder.child('forwarded', 'urn:xmpp:forward:0')?.child('message', ns.client)
  return message && plain(message, way, id ?? stanzaId(message, own))
}

function plain(message: Element, way: Way, id: string | undefined): Brought | undefined {
  const body = message.child('body')?.text.trim()
  if (body === undefined || message.attribute('type') === 'error') return undefined
  return { way, token: body, id }
}

function stanzaId(message: Element, own: string): string | undefined {
  return message.elements.find(one => one.is('stanza-id', sid) && one.attribute('by') === own)?.attribute('id')
}

/** The token of a text of the log, where it has one. */
export function tokenIn(xml: string): string | undefined {
  return /<body>(m\d+\.)/.exec(xml)?.[1]
}

/** One line about a stanza, for people. */
export function short(element: Element): string {
  const words = [element.name]
  for (const name of ['type', 'id', 'from', 'to', 'h', 'previd']) {
    const value = element.attribute(name)
    if (value !== undefined) words.push(`${name}=${value}`)
  }
  const first = element.elements.map(one => (one.name === 'body' ? one.text.trim() : one.name)).join(',')
  return first === '' ? words.join(' ') : `${words.join(' ')} (${first})`
}

/** Which message a token stands for: they are numbered in the order in which they are said. */
export function numberOf(token: string): number {
  return Number(token.slice(1, -1))
}
