import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { envelope } from '../../server/envelope.ts'
import type { Owner } from '../../server/owner.ts'
import { contactOf, newContact } from '../../server/roster.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { inboundTables, outboundTables, type State, stateOf, states } from './test-tables.ts'

// A contact on a server that is not there: what is sent to it comes back as an error, which shows that it was routed,
// and what it sends is put on the road where a server-to-server stream would. So its own side is always as unknown.
let house: TestServer
let romeo: Player
let owner: Owner

before(async () => {
  house = await testServer()
  romeo = await house.connect('romeo@localhost/orchard')
  romeo.send('<iq type="get" id="r"><query xmlns="jabber:iq:roster"/></iq><presence/>')
  await romeo.receive()
  await romeo.receive()
  owner = (await house.server.hosts.get('localhost')!.owners.find(Jid.parse('romeo@localhost')))!
})
after(() => house.stop())

/** What arrives from another server. */
function arrives(xml: string): void {
  const stanza = parse(xml.replace(/^<(\w+)/, '<$1 xmlns="jabber:client"'))
  const [from, to] = [Jid.parse(stanza.attribute('from')!), Jid.parse(stanza.attribute('to')!)]
  house.server.hosts.get('localhost')!.shared.road.route(envelope(stanza, from, to, owner.host.service))
}

/** Where the log goes on from now, with all that there will be to say: there are only so many lines in a minute. */
async function fresh(): Promise<number> {
  await house.advance(60_000)
  return house.log.length
}

/** Everything that came for a client up to now. */
async function all(player: Player): Promise<Element[]> {
  player.send('<iq type="get" id="all" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  const came: Element[] = []
  for (;;) {
    const element = await player.receive()
    if (element.attribute('id') === 'all') return came
    came.push(element)
  }
}

const steps: Record<State, string> = {
  None: '',
  'None+Out': 'ask',
  'None+In': 'asked',
  'None+Out+In': 'ask asked',
  To: 'ask approved',
  'To+In': 'ask approved asked',
  From: 'asked approve',
  'From+Out': 'asked approve ask',
  Both: 'asked approve ask approved',
}

/** Brings a fresh contact into this state. */
async function bring(contact: string, state: State): Promise<void> {
  for (const step of steps[state].split(' ')) {
    if (step === 'ask') romeo.send(`<presence type="subscribe" to="${contact}"/>`)
    else if (step === 'approve') romeo.send(`<presence type="subscribed" to="${contact}"/>`)
    else if (step === 'asked') arrives(`<presence type="subscribe" from="${contact}" to="romeo@localhost"/>`)
    else if (step === 'approved') arrives(`<presence type="subscribed" from="${contact}" to="romeo@localhost"/>`)
    await all(romeo)
  }
  assert.equal(stateOf(contactOf(owner, Jid.parse(contact)) ?? newContact(Jid.parse(contact))), state)
}

const visible = (contact: string) => {
  const { listed, subscription, pendingOut, approved } =
    contactOf(owner, Jid.parse(contact)) ?? newContact(Jid.parse(contact))
  return listed ? `${subscription} ${pendingOut} ${approved}` : 'not in the roster'
}
const state = (contact: string) => stateOf(contactOf(owner, Jid.parse(contact)) ?? newContact(Jid.parse(contact)))
const isPush = (one: Element) => one.name === 'iq' && one.attribute('type') === 'set'

for (const [type, table] of Object.entries(outboundTables)) {
  test(`RFC 6121 §A.2: ${type} to a contact elsewhere`, async () => {
    for (const before of states) {
      const contact = `${before.toLowerCase().replaceAll('+', '-')}-${type}@out.invalid`
      await bring(contact, before)
      const seen = visible(contact)
      romeo.send(`<presence type="${type}" id="row" to="${contact}/resource"/>`)
      const came = await all(romeo)
      const error = came.find(one => one.name === 'presence' && one.attribute('id') === 'row')
      assert.equal(error !== undefined, !table[before].startsWith('!'), `${before} routed`)
      // RFC 6121 §3.1.2: from the bare JID to the bare JID.
      if (error) {
        assert.equal(error.attribute('from'), contact)
        assert.equal(error.attribute('to'), 'romeo@localhost')
        assert.match(String(error), /type="error".*<remote-server-not-found /)
      }
      const expected = table[before].replace('!', '')
      assert.equal(state(contact), expected === '=' ? before : expected, before)
      assert.equal(came.filter(isPush).length, visible(contact) === seen ? 0 : 1, `${before} pushed`)
      assert.equal(came.length, came.filter(isPush).length + (error ? 1 : 0), `${before}: nothing else`)
    }
  })
}

for (const [type, table] of Object.entries(inboundTables)) {
  test(`RFC 6121 §A.3: ${type} from a contact elsewhere`, async () => {
    for (const before of states) {
      const contact = `${before.toLowerCase().replaceAll('+', '-')}-${type}@in.invalid`
      await bring(contact, before)
      const seen = visible(contact)
      const lines = await fresh()
      arrives(`<presence type="${type}" id="row" from="${contact}/resource" to="romeo@localhost"/>`)
      const came = await all(romeo)
      const delivered = came.find(one => one.name === 'presence' && one.attribute('type') === type)
      assert.equal(delivered !== undefined, !table[before].startsWith('!'), `${before} delivered`)
      const expected = table[before].replace('!', '')
      assert.equal(state(contact), expected === '=' ? before : expected, before)
      assert.equal(came.filter(isPush).length, visible(contact) === seen ? 0 : 1, `${before} pushed`)
      assert.equal(came.length, came.filter(isPush).length + (delivered ? 1 : 0), `${before}: nothing else`)
      // The push comes behind what it follows from (§3.1.6, §3.2.3, §3.3.3).
      if (delivered) assert.equal(came[0], delivered)
      // [1] of A.3.1 and A.3.2: the server answers, which ends at the border.
      const sent = house.log.slice(lines).filter(line => line.facts['to'] === contact)
      const answers =
        type === 'unsubscribe' ? delivered !== undefined : type === 'subscribe' && /From|Both/.test(before)
      const answered = sent.some(({ facts }) => facts['type'] === `${type}d` && facts['from'] === 'romeo@localhost')
      assert.equal(answered, answers, `${before} answered`)
    }
  })
}

test('RFC 6121 §3.1.3, §8.5.3.2.2: to a resource; only a request counts where it is not there', async () => {
  const contact = 'resources@in.invalid'
  arrives(`<presence type="subscribe" from="${contact}" to="romeo@localhost/nowhere"/>`)
  assert.deepEqual((await all(romeo)).map(String), [
    `<presence xmlns="jabber:client" type="subscribe" from="${contact}" to="romeo@localhost"/>`,
  ])
  romeo.send(`<presence type="subscribed" to="${contact}"/><presence type="subscribe" to="${contact}"/>`)
  await all(romeo)
  for (const type of ['subscribed', 'unsubscribed', 'unsubscribe']) {
    arrives(`<presence type="${type}" from="${contact}" to="romeo@localhost/nowhere"/>`)
    assert.deepEqual([await all(romeo), state(contact)], [[], 'From+Out'])
  }
  arrives(`<presence type="subscribed" from="${contact}" to="romeo@localhost/orchard"/>`)
  assert.equal((await all(romeo))[0]!.attribute('to'), 'romeo@localhost')
  assert.equal(state(contact), 'Both')
})

test('RFC 6121 §4.3.1, §3.1.2: a new resource asks elsewhere for presence, and once more for what was never answered', async () => {
  const [seen, asked] = ['seen@probes.invalid', 'asked@probes.invalid']
  await bring(seen, 'To')
  await bring(asked, 'None+Out')
  const lines = await fresh()
  const phone = await house.connect('romeo@localhost/phone')
  phone.send('<presence/>')
  await all(phone)
  const sent = house.log.slice(lines).map(line => line.facts)
  for (const to of [seen, asked])
    assert.ok(sent.some(facts => facts['to'] === to && facts['from'] === 'romeo@localhost'))
  await phone.disconnect()
})

test('presence for all that cannot reach one of them is no error for the client', async () => {
  await bring('far@away.invalid', 'From')
  romeo.send('<presence><show>away</show></presence>')
  const came = await all(romeo)
  assert.deepEqual(
    came.map(one => one.attribute('from')),
    ['romeo@localhost/orchard'],
  )
})

test('who shares one host with others does not share their contacts: presence goes from host to host', async () => {
  const two = await testServer({ config: { hosts: { localhost: {}, 'example.org': {} } } })
  const here = await two.connect('juliet@localhost/here')
  const there = await two.connect('juliet@example.org/there')
  for (const one of [here, there]) {
    one.send('<presence/>')
    await all(one)
  }
  here.send('<presence type="subscribe" to="juliet@example.org"/>')
  await all(here)
  assert.equal((await there.receive()).attribute('type'), 'subscribe')
  there.send('<presence type="subscribed" to="juliet@localhost"/>')
  await all(there)
  assert.equal((await here.receive()).attribute('from'), 'juliet@example.org/there')
  await here.disconnect()
  const again = await two.connect('juliet@localhost/again')
  again.send('<presence/>')
  assert.deepEqual(
    (await all(again)).map(one => one.attribute('from')),
    ['juliet@localhost/again', 'juliet@example.org/there'],
  )
  await two.stop()
})
