import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import type { Player } from './play.ts'
import { answerTo } from './questions.ts'

let pings = 0

/**
 * All that has come for a client once the server has worked off what it sent before. What the server asks only to hear
 * from its client is answered on the way, and left out.
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

/** Answers what the server asks only to hear from its client, as every client does, and says whether it was that. */
export function answered(player: Player, element: Element): boolean {
  const answer = answerTo(element)
  if (answer !== undefined) player.send(answer)
  return answer !== undefined
}
