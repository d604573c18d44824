import type { Owner } from '../../server/owner.ts'
import { type Contact, newContact, roster } from '../../server/roster.ts'
import { put } from '../../server/table.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, type TestServerOptions, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'

/** A server whose accounts are befriended without ado, with clients that are asked what has come for them. */
export interface House extends TestServer {
  owner(jid: string): Promise<Owner>
  /** Makes both accounts see each other's presence. */
  befriend(one: string, other: string): Promise<void>
  /** Sets what one account knows of a contact. */
  know(jid: string, contact: string, known: Partial<Contact>): Promise<void>
}

/** Starts one for `localhost`, unless the options say otherwise. */
export async function testHouse(options: TestServerOptions = {}): Promise<House> {
  const house = await testServer(options)
  const owner = async (jid: string): Promise<Owner> => {
    const address = Jid.parse(jid)
    const { owners } = house.server.hosts.get(address.domain)!
    if ((await owners.find(address)) === undefined) await house.addUser(jid)
    return (await owners.find(address))!
  }
  const know = async (jid: string, contact: string, known: Partial<Contact>) => {
    const row = { ...newContact(Jid.parse(contact)), listed: true, ...known }
    await (await owner(jid)).commit(put(roster, row))
  }
  return {
    ...house,
    owner,
    know,
    async befriend(one, other) {
      await owner(one)
      await owner(other)
      await know(one, other, { subscription: 'both' })
      await know(other, one, { subscription: 'both' })
    },
  }
}

let pings = 0

/** What has come for a client, after all that these clients have sent was worked off. */
export async function came(player: Player, ...senders: readonly Player[]): Promise<readonly Element[]> {
  for (const sender of senders) if (sender !== player) kept.set(sender, await settle(sender))
  const all = await settle(player)
  kept.delete(player)
  return all
}

const kept = new WeakMap<Player, readonly Element[]>()

async function settle(player: Player): Promise<readonly Element[]> {
  const id = `settled-${++pings}`
  player.send(`<iq type="get" id="${id}"><ping xmlns="urn:xmpp:ping"/></iq>`)
  const all = [...(kept.get(player) ?? [])]
  for (;;) {
    const element = await player.receive()
    if (element.attribute('id') === id) return all
    all.push(element)
  }
}

/** Makes a request of one's own account and returns its answer; what else came before it is dropped. */
export async function ask(player: Player, type: 'get' | 'set', payload: string): Promise<Element> {
  const id = `asked-${++pings}`
  player.send(`<iq type="${type}" id="${id}">${payload}</iq>`)
  for (;;) {
    const element = await player.receive()
    if (element.attribute('id') === id && element.attribute('type') !== 'set') return element
  }
}

/** Blocks addresses for a client; throws where the server refuses. */
export async function block(player: Player, ...jids: readonly string[]): Promise<void> {
  const items = jids.map(jid => `<item jid="${jid}"/>`).join('')
  const answer = await ask(player, 'set', `<block xmlns="urn:xmpp:blocking">${items}</block>`)
  if (answer.attribute('type') !== 'result') throw new Error(String(answer))
}

/** Unblocks addresses for a client, or all. */
export async function unblock(player: Player, ...jids: readonly string[]): Promise<void> {
  const items = jids.map(jid => `<item jid="${jid}"/>`).join('')
  const answer = await ask(player, 'set', `<unblock xmlns="urn:xmpp:blocking">${items}</unblock>`)
  if (answer.attribute('type') !== 'result') throw new Error(String(answer))
}

/** The condition of an error stanza, or undefined where it is none. */
export function condition(stanza: Element | undefined): string | undefined {
  return stanza?.child('error')?.elements[0]?.name
}

/** A stanza in short: kind, type, and from whom. */
export function short(stanza: Element): string {
  const type = stanza.attribute('type')
  return `${stanza.name}${type === undefined ? '' : `:${type}`} ${stanza.attribute('from') ?? '-'}`
}
