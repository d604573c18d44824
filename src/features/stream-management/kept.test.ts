import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { settle } from '../../testing/settle.ts'
import { SlowStore } from '../../testing/slow-store.ts'
import { encodeBase64 } from '../../wire/base64.ts'

const sm = 'urn:xmpp:sm:3'
const header = `<stream:stream xmlns='jabber:client' xmlns:stream='http://etherx.jabber.org/streams' to='localhost' version='1.0'>`

let disk: SlowStore
let house: TestServer

beforeEach(async () => {
  disk = new SlowStore()
  house = await testServer({ storage: disk.open })
  for (const name of ['romeo', 'juliet']) await house.addUser(`${name}@localhost`)
})
afterEach(() => house.stop())

/** The process is killed: what was not kept is lost, and another one begins with what was. */
async function crash(): Promise<void> {
  disk.quick = true
  house = await testServer({ storage: disk.open })
}

async function loggedIn(name: string): Promise<RawClient> {
  const client = new RawClient(house.link())
  const data = encodeBase64(new TextEncoder().encode(`\0${name}\0secret`))
  client.send(`${header}<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${data}</auth>`)
  await client.expect('<success')
  client.received = ''
  client.send(header)
  await client.expect('</stream:features>')
  client.received = ''
  return client
}

/** A session that can be resumed by the name it gets. */
async function resumable(name: string): Promise<RawClient & { id: string }> {
  const client = await loggedIn(name)
  client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`)
  await client.expect('id="b"')
  client.send(`<enable xmlns='${sm}' resume='true'/>`)
  await client.expect('<enabled')
  const id = /<enabled [^>]*id="([^"]+)"/.exec(client.received)![1]!
  client.received = ''
  return Object.assign(client, { id })
}

/** The `h` that a client hears which comes too late. */
async function late(name: string, id: string): Promise<string | undefined> {
  const client = await loggedIn(name)
  client.send(`<resume xmlns='${sm}' previd='${id}' h='0'/>`)
  await client.expect('</failed>')
  return /<failed [^>]*h="(\d+)"/.exec(client.received)?.[1]
}

const say = (id: string) => `<message to='juliet@localhost' id='${id}'><body>${id}</body></message>`
const active = `<message to='juliet@localhost'><active xmlns='http://jabber.org/protocol/chatstates'/></message>`

test('after a crash a client learns exactly how much was taken: what was kept, and all before it', async () => {
  const romeo = await resumable('romeo')
  romeo.send(say('m1') + active + say('m2'))
  await settle()
  disk.quick = false
  romeo.send(say('m3'))
  await settle()
  assert.ok(disk.waits)
  await crash()
  assert.equal(await late('romeo', romeo.id), '3')
})

test('the count is kept in the unit of what it counts, or behind it in the same batch', async () => {
  const romeo = await resumable('romeo')
  disk.quick = false
  disk.batches.length = 0
  romeo.send(say('m1') + say('m2'))
  await settle()
  const kept = disk.batches.map(units =>
    units.flatMap(unit => (unit.unit === 'commit' ? unit.parts : [])).map(({ writes }) => writes.map(one => one.write)),
  )
  assert.deepEqual(kept[0]!.at(-1), ['put'])
  assert.equal(kept[0]!.filter(writes => writes.includes('append')).length, 4)
  disk.quick = true
  disk.keep()
  await settle()
  await crash()
  assert.equal(await late('romeo', romeo.id), '2')
})

test('what waits for something else than its commit is not counted before it is handled', async () => {
  const romeo = await resumable('romeo')
  // A query of the archive reads; the message behind it is kept at once.
  disk.quick = false
  const query = `<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>`
  romeo.send(say('m1') + query + say('m2'))
  await settle()
  disk.keep()
  disk.quick = true
  await romeo.expect('id="q"')
  await settle()
  await settle()
  await crash()
  assert.equal(await late('romeo', romeo.id), '3')
})

test('what came behind a request that takes its time is acknowledged when the count is on the disk', async () => {
  const romeo = await resumable('romeo')
  const read = disk.read.bind(disk)
  const through = [Promise.withResolvers<void>(), Promise.withResolvers<void>()] as const
  let queries = 0
  disk.read = async query => {
    if (query.query === 'log') await through[queries++]?.promise
    return read(query)
  }
  const query = (id: string) => `<iq type='set' id='${id}'><query xmlns='urn:xmpp:mam:2'/></iq>`
  romeo.send(query('q1') + say('m1') + query('q2') + say('m2'))
  await settle(20)
  disk.quick = false
  through[0].resolve()
  await settle(20)
  const told = async () => {
    romeo.received = ''
    romeo.send(`<r xmlns='${sm}'/>`)
    await romeo.expect('<a ')
    return /<a [^>]*h="(\d+)"/.exec(romeo.received)![1]
  }
  assert.equal(await told(), '0')
  disk.keep()
  await settle()
  assert.equal(await told(), '2')
  await crash()
  assert.equal(await late('romeo', romeo.id), '2')
})

test('what was sent before counts on the disk, too, though it is not kept again', async () => {
  const again = say('m1').replace('</message>', `<origin-id xmlns='urn:xmpp:sid:0' id='m1'/></message>`)
  const first = await resumable('romeo')
  first.send(again)
  await settle(20)
  first.send('</stream:stream>')
  await settle(20)
  const romeo = await resumable('romeo')
  disk.quick = false
  romeo.send(`${again}<r xmlns='${sm}'/>`)
  await romeo.expect('<a ')
  await settle(20)
  assert.doesNotMatch(romeo.received, /<a [^>]*h="1"/)
  disk.keep()
  await romeo.expect('h="1"')
  await crash()
  assert.equal(await late('romeo', romeo.id), '1')
})

test("nobody else learns it, and only so many sessions' counts are kept", async () => {
  const romeo = await resumable('romeo')
  romeo.send(say('m1'))
  await settle()
  await crash()
  assert.equal(await late('juliet', romeo.id), undefined)
  const first = romeo.id
  for (let n = 0; n < 20; n++) {
    await house.advance(1000)
    const again = await resumable('romeo')
    again.send(say(`n${n}`))
    await settle()
    again.send('</stream:stream>')
    await settle()
  }
  await crash()
  assert.equal(await late('romeo', first), undefined)
})

test('who comes back while what it sent is still being kept learns the count that stays', async () => {
  const romeo = await resumable('romeo')
  const back = await loggedIn('romeo')
  disk.quick = false
  romeo.send(say('m1') + say('m2'))
  await settle()
  back.send(`<resume xmlns='${sm}' previd='${romeo.id}' h='0'/>`)
  await settle()
  assert.equal(back.received, '')
  disk.quick = true
  disk.keep()
  await back.expect('<resumed')
  assert.match(back.received, /h="2"/)
})

test('the same where it comes too late', async () => {
  const romeo = await resumable('romeo')
  const back = await loggedIn('romeo')
  disk.quick = false
  romeo.send(`${say('m1')}${say('m2')}</stream:stream>`)
  await settle()
  back.send(`<resume xmlns='${sm}' previd='${romeo.id}' h='0'/>`)
  await settle()
  assert.equal(back.received, '')
  disk.quick = true
  disk.keep()
  await back.expect('</failed>')
  assert.match(back.received, /h="2"/)
})

test('what is not kept between messages that are does not hold back their count', async () => {
  const romeo = await resumable('romeo')
  disk.quick = false
  romeo.send(say('m1') + active + say('m2'))
  await settle()
  disk.keep()
  await crash()
  assert.equal(await late('romeo', romeo.id), '3')
})
