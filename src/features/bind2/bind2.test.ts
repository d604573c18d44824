import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { deviceName } from '../../server/device.ts'
import { collect } from '../../testing/collect.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { ns } from '../../wire/namespaces.ts'
import { parse } from '../../wire/reader.ts'
import { SaslError } from '../../wire/sasl/errors.ts'
import { utf8 } from '../../wire/sasl/text.ts'
import { bind, bind2, bindFeature, readBindFeature } from './wire.ts'

let house: TestServer
before(async () => {
  house = await testServer()
  await house.addUser('romeo@localhost')
})
after(() => house.stop())

const phone = { id: 'd4565fa7-4d72-4749-b3d3-740edbf87770', software: 'AwesomeXMPP', device: "Kiva's Phone" }
const desk = { id: '2f1b8ba4-6f6c-4a83-9b0f-30d4a0c0ffee' }
const sm = 'urn:xmpp:sm:3'
const enable = parse(`<enable xmlns='${sm}' resume='true'/>`)
const carbons = parse("<enable xmlns='urn:xmpp:carbons:2'/>")
const resume = (previd: string, h = 0) => new Element('resume', sm, ['previd', previd, 'h', String(h)])
const plain = encodeBase64(utf8('\0romeo\0secret'))

async function raw(): Promise<RawClient> {
  const client = new RawClient(house.link())
  await client.open()
  return client
}
const request = (inline: string) =>
  `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>${plain}</initial-response>${inline}</authenticate>`

test('the feature stands in <inline/>, and names what can be asked for (XEP-0386 example 1)', async () => {
  const client = await raw()
  const offered = /<bind xmlns="urn:xmpp:bind:0"><inline>(.*?)<\/inline><\/bind>/.exec(client.received)?.[1]
  assert.equal(
    offered,
    '<feature var="urn:xmpp:carbons:2"/><feature var="urn:xmpp:csi:0"/><feature var="urn:xmpp:sm:3"/>',
  )
  assert.match(client.received, /<inline>.*<sm xmlns="urn:xmpp:sm:3"\/>/)
  assert.deepEqual(readBindFeature(bindFeature(['a', 'b'])), ['a', 'b'])
})

test('a session begins with the login: the full JID has the tag, and features of a bound stream follow', async () => {
  const client = await raw()
  const from = client.received.length
  client.send(request(`<bind xmlns='${bind2}'><tag>AwesomeXMPP</tag></bind>`))
  await client.until(() => client.received.includes('</stream:features>', from))
  const answer = client.received.slice(from)
  assert.match(
    answer,
    /<authorization-identifier>romeo@localhost\/AwesomeXMPP\/[\w-]{24}<\/authorization-identifier><bound xmlns="urn:xmpp:bind:0"><metadata xmlns="urn:xmpp:mam:2"\/><\/bound><\/success>/,
  )
  const features = answer.slice(answer.indexOf('<stream:features>'))
  for (const name of ['xmpp-bind', 'xmpp-session', 'urn:xmpp:sasl:2']) assert.ok(!features.includes(name), name)
  for (const name of ['urn:xmpp:features:rosterver', 'urn:xmpp:csi:0', sm, 'stream-limits'])
    assert.ok(features.includes(name), name)
  client.send("<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>")
  await client.expect('type="result" id="p"')
  client.send('</stream:stream>')
})

test('one client has one resource for each tag, which does not show its id; others and other accounts have others', async () => {
  const jids: string[] = []
  const logIn = async (jid: string, agent: object | undefined, tag?: string) => {
    const player = await house.logIn(jid, { ...(agent && { agent }), inline: [bind(tag)] })
    jids.push(player.jid)
    await player.disconnect()
  }
  await logIn('mercutio@localhost', phone, 'A')
  await logIn('mercutio@localhost', { id: phone.id.toUpperCase() }, 'A')
  assert.equal(jids[0], jids[1])
  await logIn('mercutio@localhost', phone, 'B')
  await logIn('mercutio@localhost', phone)
  await logIn('mercutio@localhost', desk, 'A')
  await logIn('mercutio@localhost', undefined, 'A')
  await logIn('mercutio@localhost', undefined, 'A')
  await logIn('tybalt@localhost', phone, 'A')
  assert.equal(new Set(jids.map(jid => jid.replace(/^.*\//, ''))).size, jids.length - 1)
  for (const jid of jids) assert.ok(!jid.includes(phone.id.slice(0, 8)))
})

test('a second login of one client ends its first session, whatever its tag, and no other one', async () => {
  const first = await house.logIn('paris@localhost', { agent: phone, inline: [bind('A')] })
  const other = await house.logIn('paris@localhost', { agent: desk, inline: [bind('A')] })
  await first.receive()
  const second = await house.logIn('paris@localhost', { agent: phone, inline: [bind('B')] })
  assert.match(String(await first.receive()), /<conflict/)
  assert.deepEqual(
    sessions('paris@localhost').map(one => [one.jid.full, one.device]),
    [
      [other.jid, await deviceName(nodeCrypto, Jid.parse('paris@localhost'), desk.id)],
      [second.jid, await deviceName(nodeCrypto, Jid.parse('paris@localhost'), phone.id)],
    ],
  )
  for (const one of [first, second, other]) await one.disconnect()
})

test('one that waits for its client to resume ends too: what it was sent is in the archive, where the new session finds it', async () => {
  const first = await house.logIn('benvolio@localhost', { agent: phone, inline: [bind('A', [enable])] })
  await first.receive()
  first.send('<presence/>')
  await collect(first)
  first.link.destroy()
  await new Promise(setImmediate)
  const romeo = await house.connect('romeo@localhost')
  romeo.send("<message to='benvolio@localhost' type='chat' id='m'><body>where are you</body></message>")
  await collect(romeo)
  const second = await house.logIn('benvolio@localhost', { agent: phone, inline: [bind('A', [enable])] })
  assert.equal(second.jid, first.jid)
  assert.equal(sessions('benvolio@localhost').length, 1)
  second.send('<presence/>')
  assert.ok(!(await collect(second)).some(one => one.name === 'message'), 'the archive has it')
  second.send("<iq type='set' id='q'><query xmlns='urn:xmpp:mam:2'/></iq>")
  const shown = (await collect(second)).filter(one => one.name === 'message')
  assert.match(shown.join(), /<forwarded .* id="m".*where are you/)
  assert.equal(shown.length, 1)
  await second.disconnect()
})

test('carbons are on from the first moment, and a client that begins inactive is left in peace', async () => {
  const inactive = parse("<inactive xmlns='urn:xmpp:csi:0'/>")
  const player = await house.logIn('nurse@localhost', { inline: [bind('A', [carbons, inactive])] })
  const other = await house.connect('nurse@localhost/other')
  player.send('<presence/>')
  await player.receive()
  other.send("<message to='romeo@localhost' type='chat' id='m'><body>hello</body></message><presence/>")
  // Presence waits for what cannot wait.
  const copy = (await collect(player)).find(one => one.name === 'message')
  assert.ok(copy?.child('sent', 'urn:xmpp:carbons:2'))
  const quiet = await house.logIn('peter@localhost', { inline: [bind('A', [inactive])] })
  await quiet.receive()
  const again = await house.connect('peter@localhost/other')
  quiet.send('<presence/>')
  await collect(quiet)
  again.send('<presence/>')
  await collect(again)
  quiet.send("<active xmlns='urn:xmpp:csi:0'/>")
  assert.match(String(await quiet.receive()), /^<presence/)
  for (const one of [player, other, quiet, again]) await one.disconnect()
})

test('stream management is on from the first stanza (XEP-0198 §9.1), and the session can be resumed by old and by new words', async () => {
  const player = await house.logIn('friar@localhost', { agent: phone, inline: [bind('A', [enable])] })
  const enabled = player.success!.child('bound', bind2)!.child('enabled', sm)!
  assert.equal(enabled.attribute('resume'), 'true')
  await player.receive()
  player.send("<presence/><r xmlns='urn:xmpp:sm:3'/>")
  const came = [await player.receive(), await player.receive(), await player.receive()].map(String).join()
  assert.match(came, /<a xmlns="urn:xmpp:sm:3" h="1"\/>/)
  player.link.destroy()
  await new Promise(setImmediate)
  const romeo = await house.connect('romeo@localhost')
  romeo.send("<message to='friar@localhost' type='chat' id='m'><body>hello</body></message>")
  await collect(romeo)
  // The wish to bind counts for nothing where the session is there.
  const inline = [resume(enabled.attribute('id')!, 1), bind('B', [enable])]
  const back = await house.logIn('friar@localhost', { agent: phone, inline })
  assert.equal(back.jid, player.jid)
  assert.deepEqual(
    back.success!.elements.map(one => one.name),
    ['additional-data', 'authorization-identifier', 'resumed'],
  )
  assert.equal(back.success!.child('resumed', sm)?.attribute('h'), '1')
  // §9.2: no features, and what was missed at once.
  assert.equal((await back.receive()).attribute('id'), 'm')
  await back.disconnect()
})

test('what cannot be resumed is said, and the session is bound (XEP-0198 §9.2.1)', async () => {
  const player = await house.logIn('sampson@localhost', { inline: [resume('nothing'), bind('A', [enable])] })
  const [, , failed, bound] = player.success!.elements
  assert.equal(failed?.name, 'failed')
  assert.ok(failed?.child('item-not-found', ns.stanzas))
  assert.ok(bound?.child('enabled', sm))
  await player.disconnect()
  // Without a wish to bind, the client can still do it the old way.
  const client = await raw()
  client.send(request(`<resume xmlns='${sm}' previd='x' h='0'/>`))
  await client.expect('<stream:features><bind')
})

test("somebody else's session is not there to be resumed", async () => {
  const player = await house.logIn('gregory@localhost', { inline: [bind('A', [enable])] })
  const id = player.success!.child('bound', bind2)!.child('enabled', sm)!.attribute('id')!
  const thief = await house.logIn('romeo@localhost', { inline: [resume(id)] })
  assert.ok(thief.success!.child('failed', sm)?.child('item-not-found', ns.stanzas))
  assert.equal(thief.success!.child('failed', sm)?.attribute('h'), undefined)
  assert.equal(thief.jid, 'romeo@localhost')
  for (const one of [player, thief]) await one.disconnect()
})

test('the archive tells where it begins and ends, the newest message included', async () => {
  const romeo = await house.connect('romeo@localhost')
  romeo.send("<message to='abram@localhost' type='chat' id='m'><body>hello</body></message>")
  // Refused before there is such an account, however busy the machine is.
  await collect(romeo)
  await house.addUser('abram@localhost')
  romeo.send("<message to='abram@localhost' type='chat' id='m'><body>hello</body></message>")
  await collect(romeo)
  const player = await house.logIn('abram@localhost', { inline: [bind(undefined)] })
  const metadata = player.success!.child('bound', bind2)!.child('metadata', 'urn:xmpp:mam:2')!
  assert.match(metadata.child('start')?.attribute('id') ?? '', /./)
  assert.equal(metadata.child('start')?.attribute('id'), metadata.child('end')?.attribute('id'))
  for (const one of [player, romeo]) await one.disconnect()
})

const malformed: [what: string, inline: string][] = [
  ['two tags', `<bind xmlns='${bind2}'><tag>a</tag><tag>b</tag></bind>`],
  ['a tag with elements', `<bind xmlns='${bind2}'><tag>a<b/></tag></bind>`],
  ['a tag that is too long', `<bind xmlns='${bind2}'><tag>${'x'.repeat(1000)}</tag></bind>`],
  ['a tag that no resource can have', `<bind xmlns='${bind2}'><tag>a&#x9;b</tag></bind>`],
  ['two wishes to bind', `<bind xmlns='${bind2}'/><bind xmlns='${bind2}'/>`],
  ['a resumption of nothing', `<resume xmlns='${sm}' h='0'/>`],
  ['a resumption with a count that is none', `<resume xmlns='${sm}' previd='x' h='-1'/>`],
]

for (const [what, inline] of malformed) {
  test(`${what}: malformed-request, before anything is tried`, async () => {
    const client = await raw()
    client.send(request(inline))
    await client.expect('</failure>')
    assert.match(client.received, /<failure xmlns="urn:xmpp:sasl:2"><malformed-request /)
    client.send(request(`<bind xmlns='${bind2}'><tag/></bind>`))
    await client.expect('</success>')
    client.send('</stream:stream>')
  })
}

test('a wish to bind in a namespace that is another is not heard: the client binds the old way', async () => {
  for (const other of ['urn:xmpp:bind2:1', ns.bind]) {
    const client = await raw()
    client.send(request(`<bind xmlns='${other}'><tag>a</tag></bind>`))
    await client.expect('</success>')
    assert.match(client.received, /<authorization-identifier>romeo@localhost<\/authorization-identifier><\/success>/)
    client.send('</stream:stream>')
  }
})

test('a wish to enable that cannot be read fails alone', async () => {
  const wrong = parse(`<enable xmlns='${sm}' max='long'/>`)
  const player = await house.logIn('balthasar@localhost', { inline: [bind('A', [wrong])] })
  assert.ok(player.success!.child('bound', bind2)!.child('failed', sm)?.child('bad-request', ns.stanzas))
  await player.disconnect()
})

test('who has too many sessions is not logged in, and hears why; one that replaces its own is', async () => {
  const narrow = await testServer({ config: { limits: { 'sessions-per-account': 3 } } })
  const all = [await narrow.logIn('potpan@localhost', { agent: phone, inline: [bind('A')] })]
  for (const _ of [2, 3]) all.push(await narrow.logIn('potpan@localhost', { inline: [bind('A')] }))
  await assert.rejects(narrow.logIn('potpan@localhost', { inline: [bind('A')] }), error => {
    assert.ok(error instanceof SaslError)
    assert.equal(error.condition, 'temporary-auth-failure')
    assert.ok(error.application?.is('resource-constraint', ns.stanzas))
    return true
  })
  assert.equal(sessions('potpan@localhost', narrow).length, 3)
  all.push(await narrow.logIn('potpan@localhost', { agent: phone, inline: [bind('B')] }))
  assert.equal(sessions('potpan@localhost', narrow).length, 3)
  for (const one of all) await one.disconnect()
  await narrow.stop()
})

test('nothing is bound where the password is wrong', async () => {
  const client = await raw()
  client.send(request(`<bind xmlns='${bind2}'/>`).replace(plain, encodeBase64(utf8('\0tybalt\0wrong'))))
  await client.expect('</failure>')
  assert.equal(sessions('tybalt@localhost').length, 0)
})

function sessions(jid: string, where = house) {
  return where.server.hosts.get('localhost')!.owners.loaded(Jid.parse(jid))?.sessions ?? []
}
