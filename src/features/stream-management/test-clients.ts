// For tests: clients that speak stream management by hand, and a store that outlives its server.

import type { OpenStorage, Storage } from '../../storage/storage.ts'
import { RawClient } from '../../testing/raw.ts'
import type { TestServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'

const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`
export const sm = 'urn:xmpp:sm:3'

/** A client with a session that may be resumed by this name. */
export type Managed = RawClient & { readonly id: string }

/** Logs in on a raw connection, up to where a resource could be bound. */
async function loggedIn(house: TestServer, name: string): Promise<RawClient> {
  const client = new RawClient(house.link())
  const data = encodeBase64(new TextEncoder().encode(`\0${name}\0secret`))
  client.send(`${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${data}</auth>`)
  await client.expect('<success')
  client.received = ''
  client.send(header)
  await client.expect('</stream:features>')
  return client
}

/** A bound and available session with the resource `r`, under stream management. */
export async function managed(house: TestServer, name: string, attributes = "resume='true'"): Promise<Managed> {
  const client = await loggedIn(house, name)
  client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>`)
  await client.expect('id="b"')
  client.send(`<enable xmlns='${sm}' ${attributes}/>`)
  await client.expect('<enabled')
  const id = /<enabled [^>]*id="([^"]+)"/.exec(client.received)?.[1] ?? ''
  client.send('<presence/>')
  await client.expect('<presence')
  client.received = ''
  return Object.assign(client, { id })
}

/** Comes back for a session, having read `h` stanzas; what came up to the server's answer, and what may follow. */
export async function resume(house: TestServer, name: string, id: string, h: number): Promise<RawClient> {
  const client = await loggedIn(house, name)
  client.received = ''
  client.send(`<resume xmlns='${sm}' previd='${id}' h='${h}'/>`)
  await client.until(() => /<(resumed|failed|stream:error)[\s>]/.test(client.received) || client.over)
  return client
}

/** All that the client sent so far is worked off, and what that led to has come. */
export async function settled(client: RawClient): Promise<void> {
  const id = `settled${settlings++}`
  client.send(`<iq type='get' id='${id}' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
  await client.expect(`id="${id}"`)
}

let settlings = 0

/** A store that is there for the next server when one has ended. */
export function lasting(open: OpenStorage): OpenStorage {
  let storage: Promise<Storage> | undefined
  return async tables => {
    storage ??= open(tables)
    return new Proxy(await storage, {
      get(target, name: keyof Storage) {
        if (name === 'close') return async () => {}
        const value: unknown = target[name]
        return typeof value === 'function' ? value.bind(target) : value
      },
    })
  }
}

/** Ends the server as a restart does; resolves with how many sessions it kept. */
export async function suspended(house: TestServer): Promise<number> {
  const kept = house.server.suspend()
  // Whoever was told to leave and does not is waited for only that long.
  await house.advance(500)
  return kept
}
