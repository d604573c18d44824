import { escapeAttribute as a, type Element } from '../src/wire/element.ts'

export const mam = 'urn:xmpp:mam:2'
export const rsm = 'http://jabber.org/protocol/rsm'

/** What asks the archive for a page (XEP-0313 §4): `place` is `<before/>` or `<after/>` of RSM, or nothing; `of` a contact. */
export function pageQuery(query: string, max: number, place: string, of?: string): string {
  const field = (name: string, value: string) => `<field var='${name}'><value>${a(value)}</value></field>`
  const form =
    of === undefined ? '' : `<x xmlns='jabber:x:data' type='submit'>${field('FORM_TYPE', mam)}${field('with', of)}</x>`
  const set = `<set xmlns='${rsm}'><max>${max}</max>${place}</set>`
  return `<query xmlns='${mam}' queryid='${query}'>${form}${set}</query>`
}

/** The message of a result of the archive, with the time at which it was said (XEP-0297 §3). */
export function forwardedBy(result: Element): Element {
  const forwarded = result.child('forwarded', 'urn:xmpp:forward:0')!
  const delay = forwarded.child('delay', 'urn:xmpp:delay')
  const message = forwarded.child('message', 'jabber:client')!
  return delay ? message.withChildren([...message.children, delay]) : message
}
