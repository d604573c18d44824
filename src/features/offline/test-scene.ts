import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage } from '../../storage/storage.ts'
import { collect } from '../../testing/collect.ts'
import type { Player } from '../../testing/play.ts'
import { answerTo } from '../../testing/questions.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'

/** Romeo is there and speaks; Juliet is where the test says. */
export interface Scene {
  readonly house: TestServer
  /** Romeo says this; what he is answered: `id condition`. */
  says(...stanzas: string[]): Promise<readonly string[]>
  /** Juliet on some device, with presence of this priority or none. */
  juliet(resource: string, priority?: number): Promise<Player>
  /** How many messages wait for Juliet. */
  waiting(): number
}

/** A server on which the scene is set. */
export async function scene(config: Record<string, unknown> = {}, storage: OpenStorage = openMemory()): Promise<Scene> {
  const house = await testServer({ config, storage })
  // Juliet has an account before anybody speaks to her.
  await (await house.connect('juliet@localhost')).disconnect()
  const romeo = await house.connect('romeo@localhost/orchard')
  return {
    house,
    async says(...stanzas) {
      for (const stanza of stanzas) romeo.send(stanza)
      return (await collect(romeo)).map(one => `${one.attribute('id')} ${StanzaError.from(one).condition}`)
    },
    async juliet(resource, priority) {
      const player = await house.connect(`juliet@localhost/${resource}`)
      if (priority !== undefined) player.send(`<presence><priority>${priority}</priority></presence>`)
      return player
    },
    waiting: () => house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('juliet@localhost'))!.undelivered,
  }
}

/** A chat message to Juliet. */
export function body(id: string | number, more = ''): string {
  return `<message to="juliet@localhost" type="chat" id="${id}"><body>hello</body>${more}</message>`
}

/** An element of XEP-0334. */
export function hint(name: string): string {
  return `<${name} xmlns="urn:xmpp:hints"/>`
}

/** Numbers as ids, both ends included. */
export function numbers(from: number, to: number): readonly string[] {
  return Array.from({ length: to - from + 1 }, (_, index) => String(from + index))
}

/** The ids of the messages that come up to the server's question whether they have come, and that question. */
export async function page(player: Player): Promise<{ ids: readonly string[]; question: Element }> {
  const ids: string[] = []
  for (;;) {
    const element = await player.receive()
    if (answerTo(element) !== undefined) return { ids, question: element }
    if (element.name === 'message') ids.push(idOf(element))
  }
}

/** The ids of all messages that come; the server's questions are answered. */
export async function messages(player: Player): Promise<readonly string[]> {
  return (await collect(player)).filter(one => one.name === 'message').map(idOf)
}

function idOf(element: Element): string {
  return element.attribute('id') ?? ''
}
