import assert from 'node:assert/strict'
import { test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage } from '../../storage/storage.ts'
import type { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { lasting, managed, resume, settled, sm, suspended } from './test-clients.ts'

const bodies = (client: RawClient) => client.received.match(/<body>[^<]*<\/body>/g)?.map(one => one.slice(6, -7)) ?? []
const ids = (client: RawClient) => client.received.match(/(?<=id=")m\d+(?=")/g) ?? []
const logged = (house: TestServer, sentence: string) => house.log.filter(line => line.sentence === sentence)

function say(client: RawClient, id: string, to = 'romeo@localhost'): void {
  client.send(`<message to='${to}' type='chat' id='${id}'><body>${id}</body></message>`)
}

/** Romeo and Juliet, who see each other's presence, with sessions that may be resumed. */
async function lovers(storage: OpenStorage) {
  const house = await testServer({ storage })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
  const romeo = await managed(house, 'romeo')
  const juliet = await managed(house, 'juliet')
  for (const [one, other, name] of [
    [romeo, juliet, 'juliet'],
    [juliet, romeo, 'romeo'],
  ] as const) {
    one.send(`<presence to='${name}@localhost' type='subscribe'/>`)
    await other.expect('type="subscribe"')
    other.send(`<presence to='${name === 'juliet' ? 'romeo' : 'juliet'}@localhost' type='subscribed'/>`)
    await one.expect(`from="${name}@localhost/r"`)
  }
  await settled(romeo)
  await settled(juliet)
  return { house, romeo, juliet }
}

/** Tells the server that the client has all that it was sent so far; how much that is. */
async function acknowledge(client: RawClient, ...streams: string[]): Promise<number> {
  const h = stanzas([...streams, client.received].join(''))
  client.send(`<a xmlns='${sm}' h='${h}'/>`)
  await settled(client)
  return h + 1
}

/** First-level stanzas in what came. */
function stanzas(xml: string): number {
  let depth = 0
  let count = 0
  for (const [tag, name] of xml.matchAll(/<\/?([a-z:]+)[^>]*>/gi)) {
    if (depth === 0 && ['message', 'presence', 'iq'].includes(name!)) count++
    if (tag.startsWith('</')) depth--
    else if (!tag.endsWith('/>')) depth++
  }
  return count
}
