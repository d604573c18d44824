import assert from 'node:assert/strict'
import { afterEach, test } from 'node:test'
import { AccountError } from '../../server/accounts.ts'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage, Storage } from '../../storage/storage.ts'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { Jid } from '../../wire/jid.ts'
import { Executor, formOf } from '../commands/test-executor.ts'
import { adminNamespace } from './wire.ts'

let house: TestServer
const node = (name: string) => `${adminNamespace}#${name}`

async function globe(options: { storage?: OpenStorage; hosts?: Record<string, object> } = {}) {
  const { storage, hosts = { localhost: {} } } = options
  house = await testServer({
    config: { administration: { accounts: ['bard@localhost'] }, hosts },
    ...(storage && { storage }),
  })
}

afterEach(() => house.stop())

/** What an operator does on the command line. */
function operate(words: string, values: Record<string, string> = {}) {
  return house.server.commands.find(one => one.words.join(' ') === words)!.run(values)
}

const administrator = async () => new Executor(await house.connect('bard@localhost/globe'))

/** The bodies of the headlines that this client gets until it gets an answer to a ping. */
async function headlines(player: Player): Promise<string[]> {
  player.send('<iq type="get" id="ping" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
  const found: string[] = []
  for (;;) {
    const stanza = await player.receive()
    if (stanza.attribute('id') === 'ping') return found
    if (stanza.name !== 'message') continue
    assert.deepEqual([stanza.attribute('type'), stanza.attribute('from')], ['headline', Jid.parse(player.jid).domain])
    assert.equal(stanza.attribute('to'), player.jid)
    found.push(stanza.child('body')!.text)
  }
}

/** Somebody comes and is available, and gets what there is for them. */
async function come(jid: string): Promise<{ player: Player; got: string[] }> {
  const player = await house.connect(jid)
  player.send('<presence/>')
  // What is read from the store takes turns.
  await new Promise(resolve => setImmediate(resolve))
  return { player, got: await headlines(player) }
}

test('XEP-0133 §4.23: an announcement to all sessions of the host, once each, and to nobody else', async () => {
  await globe({ hosts: { localhost: {}, 'other.example': {} } })
  const bard = await administrator()
  const one = await house.connect('juliet@localhost/one')
  const two = (await come('juliet@localhost/two')).player
  for (const player of [one, two]) {
    player.send('<iq type="set" id="c"><enable xmlns="urn:xmpp:carbons:2"/></iq>')
    await player.receive()
  }
  const guest = await house.connect('guest@other.example')
  await house.addUser('nurse@localhost')
  const lines = ['Attention! This service will be going down for', 'maintenance in 2 minutes. Please log off now!']
  const { status, payload } = await bard.fill(node('announce'), { announcement: lines })
  assert.deepEqual([status, payload], ['completed', []])
  assert.deepEqual(await headlines(one), [lines.join('\n')])
  assert.deepEqual(await headlines(two), [lines.join('\n')])
  assert.deepEqual(await headlines(guest), [])
  assert.deepEqual((await come('nurse@localhost')).got, [])
  assert.ok(!JSON.stringify(house.log).includes('Attention'))
})

test('announce: to all hosts from the command line, or to one', async () => {
  await globe({ hosts: { localhost: {}, 'other.example': {} } })
  const juliet = await house.connect('juliet@localhost')
  const guest = await house.connect('guest@other.example')
  assert.deepEqual(await operate('announce', { text: 'To all\n' }), { say: 'Sent to 2 sessions.' })
  assert.deepEqual(await operate('announce', { text: 'Here', host: 'other.example' }), { say: 'Sent to one session.' })
  assert.deepEqual([await headlines(juliet), await headlines(guest)], [['To all'], ['To all', 'Here']])
  assert.throws(() => operate('announce', { text: 'x', host: 'nowhere.example' }), AccountError)
  assert.throws(() => operate('announce', { text: '\u0007' }), AccountError)
  assert.throws(() => operate('announce', { text: '\n' }), AccountError)
})

test('XEP-0133 §4.24: every account gets the message of the day once: now, or when it is there', async () => {
  await globe()
  const bard = await administrator()
  const unavailable = await house.connect('juliet@localhost/unavailable')
  const there = (await come('juliet@localhost/there')).player
  await bard.fill(node('set-motd'), { motd: ["Don't forget: the grand re-opening", 'of the Globe Theatre'] })
  const text = "Don't forget: the grand re-opening\nof the Globe Theatre"
  assert.deepEqual(await headlines(there), [text])
  assert.deepEqual(await headlines(unavailable), [])
  // Another device, the same one again, and the same one with other presence.
  assert.deepEqual((await come('juliet@localhost/phone')).got, [])
  const nurse = await come('nurse@localhost/a')
  assert.deepEqual(nurse.got, [text])
  nurse.player.send('<presence type="unavailable"/><presence/><presence><show>away</show></presence>')
  assert.deepEqual(await headlines(nurse.player), [])
  await nurse.player.disconnect()
  const back = await come('nurse@localhost/a')
  assert.deepEqual(back.got, [])
  await back.player.disconnect()
  // Another message is another matter.
  await bard.fill(node('set-motd'), { motd: 'Tonight: Lear' })
  assert.deepEqual((await come('nurse@localhost/b')).got, ['Tonight: Lear'])
  assert.deepEqual(await headlines(there), ['Tonight: Lear'])
})

test('XEP-0133 §4.25, §4.26: corrected for those who have not got it yet, and deleted', async () => {
  await globe()
  const bard = await administrator()
  const { player } = await come('juliet@localhost')
  await bard.fill(node('set-motd'), { motd: '--The Globe Stuff' })
  const form = await bard.execute(node('edit-motd'))
  assert.deepEqual(formOf(form)['motd'], ['--The Globe Stuff'])
  await bard.execute(node('edit-motd'), { sessionid: form.sessionid!, form: { motd: '--The Globe Staff' } })
  assert.deepEqual(await headlines(player), ['--The Globe Stuff'])
  assert.deepEqual((await come('nurse@localhost')).got, ['--The Globe Staff'])
  assert.deepEqual(await operate('motd show'), {
    rows: [{ host: 'localhost', message: '--The Globe Staff' }],
    say: undefined,
  })
  assert.equal((await bard.execute(node('delete-motd'))).status, 'completed')
  assert.deepEqual((await come('romeo@localhost')).got, [])
  assert.equal((await operate('motd show')).say, 'There is no message of the day.')
  assert.deepEqual(formOf(await bard.execute(node('edit-motd')))['motd'], [])
})

test('two devices that come at once: one of them gets the message', async () => {
  await globe()
  await operate('motd set', { text: 'Hello' })
  const one = await house.connect('juliet@localhost/one')
  const two = await house.connect('juliet@localhost/two')
  one.send('<presence/>')
  two.send('<presence/>')
  await new Promise(resolve => setImmediate(resolve))
  assert.deepEqual([...(await headlines(one)), ...(await headlines(two))], ['Hello'])
})

test('the message of the day, and who has it, outlast a restart', async () => {
  let store: Storage | undefined
  const storage: OpenStorage = async shapes => {
    store ??= Object.assign(await openMemory()(shapes), { close: async () => {} })
    return store
  }
  await globe({ storage })
  await operate('motd set', { text: 'Hello' })
  assert.deepEqual((await come('juliet@localhost')).got, ['Hello'])
  await house.addUser('nurse@localhost')
  await house.stop()
  house = await testServer({ storage })
  assert.deepEqual((await come('juliet@localhost')).got, [])
  assert.deepEqual((await come('nurse@localhost')).got, ['Hello'])
})
