import { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import type { Player } from './play.ts'

let pings = 0

/**
 * All that has come for a client once the server has worked off what it sent before. Pings of the server are answered on
 * the way, and left out.
 */
export async function collect(player: Player): Promise<readonly Element[]> {
  const came: Element[] = []
  // What waits for the store comes behind the first answer, and before the second.
  for (let round = 0; round < 2; round++) {
    const id = `collected-${++pings}`
    const domain = player.jid.replace(/^[^@/]*@/, '').replace(/\/.*$/s, '')
    player.send(`<iq type="get" id="${id}" to="${domain}"><ping xmlns="urn:xmpp:ping"/></iq>`)
    for (;;) {
      const element = await player.receive()
      if (element.is('iq', ns.client) && element.attribute('id') === id) break
      if (!answered(player, element)) came.push(element)
    }
  }
  return came
}

/** Answers a ping of the server as every client does (XEP-0199 §4.1), and says whether it was one. */
export function answered(player: Player, element: Element): boolean {
  if (element.attribute('type') !== 'get' || element.child('ping', 'urn:xmpp:ping') === undefined) return false
  const attributes = ['type', 'result', 'id', element.attribute('id') ?? '', 'to', element.attribute('from') ?? '']
  player.send(new Element('iq', ns.client, attributes).xml(ns.client))
  return true
}
