import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import { StorageError } from '../../storage/storage.ts'
import type { Player } from '../../testing/play.ts'
import { ask, condition, type House, testHouse } from './test-house.ts'

let house: House
let juliet: Player

beforeEach(async () => {
  house = await testHouse({ config: { blocking: { reports: 3 } } })
  juliet = await house.connect('juliet@localhost/chamber')
})
afterEach(() => house.stop())

function reporting(jid: string, report: string): string {
  return `<block xmlns="urn:xmpp:blocking"><item jid="${jid}">${report}</item></block>`
}

const spam = '<report xmlns="urn:xmpp:reporting:1" reason="urn:xmpp:reporting:spam"/>'

async function rows(values: Record<string, string> = {}) {
  const command = house.server.commands.find(one => one.words.join(' ') === 'reports list')!
  return await command.run(values)
}

async function blocklist(): Promise<string> {
  return String(await ask(juliet, 'get', '<blocklist xmlns="urn:xmpp:blocking"/>'))
}

test('XEP-0377 §6: a report is kept for the operator and logged, and the address is blocked', async () => {
  assert.equal((await rows()).say, 'Nobody has reported anything.')
  const full = `<report xmlns="urn:xmpp:reporting:1" reason="urn:xmpp:reporting:abuse">
    <stanza-id xmlns="urn:xmpp:sid:0" by="romeo@example.net" id="28482"/>
    <text xml:lang="en">Never came trouble to my house like this.</text>
    <report-origin/>
  </report>`
  assert.equal((await ask(juliet, 'set', reporting('romeo@example.net', full))).attribute('type'), 'result')
  assert.match(await blocklist(), /romeo@example.net/)
  assert.doesNotMatch(await blocklist(), /report/)
  assert.deepEqual((await rows()).rows, [
    {
      at: new Date(house.server.hosts.get('localhost')!.shared.now()).toISOString(),
      reporter: 'juliet@localhost',
      reported: 'romeo@example.net',
      reason: 'urn:xmpp:reporting:abuse',
      text: 'Never came trouble to my house like this.',
      messages: '28482 by romeo@example.net',
      'may be forwarded to': 'their server',
    },
  ])
  const line = house.log.find(one => one.sentence === 'abuse reported')
  assert.deepEqual(line?.facts, {
    reporter: 'juliet@localhost',
    reported: 'romeo@example.net',
    reason: 'urn:xmpp:reporting:abuse',
  })
})

test('the newest reports are kept, as many as the setting says, also after a look from another host', async () => {
  for (let number = 1; number <= 5; number++) await ask(juliet, 'set', reporting(`r${number}@x`, spam))
  assert.deepEqual(
    (await rows({ host: 'localhost' })).rows!.map(row => row.reported),
    ['r3@x', 'r4@x', 'r5@x'],
  )
  await assert.rejects(rows({ host: 'elsewhere.example' }), /elsewhere.example is no host of this server/)
})

test('several at once: each report is about its own address', async () => {
  const items = `<item jid="a@x">${spam}</item><item jid="b@x"/><item jid="c@x">${spam}</item>`
  await ask(juliet, 'set', `<block xmlns="urn:xmpp:blocking">${items}</block>`)
  assert.deepEqual(
    (await rows()).rows!.map(row => row.reported),
    ['a@x', 'c@x'],
  )
})

test('XEP-0377 §6: bad input: what is wrong with a report hinders no block; what is wrong with a block reports nothing', async () => {
  const bad = '<report xmlns="urn:xmpp:reporting:1"/>'
  assert.equal((await ask(juliet, 'set', reporting('romeo@example.net', bad))).attribute('type'), 'result')
  assert.match(await blocklist(), /romeo@example.net/)
  assert.ok(house.log.some(one => one.sentence === 'report of abuse is malformed'))
  assert.equal(condition(await ask(juliet, 'set', reporting('a@b@c', spam))), 'bad-request')
  assert.deepEqual((await rows()).rows, [])
})

test('bad input: a report as long as a stanza may be is cut', async () => {
  const long = 'x'.repeat(50_000)
  const ids = Array.from({ length: 200 }, (_, index) => `<stanza-id xmlns="urn:xmpp:sid:0" by="a@b" id="${index}"/>`)
  const report = `<report xmlns="urn:xmpp:reporting:1" reason="${long}">${ids.join('')}<text>${long}</text></report>`
  assert.equal((await ask(juliet, 'set', reporting('romeo@example.net', report))).attribute('type'), 'result')
  const [row] = (await rows()).rows!
  assert.equal(String(row!.reason).length, 200)
  assert.equal(String(row!.text).length, 2000)
  assert.equal(String(row!.messages).split(', ').length, 50)
  assert.ok(String(house.log.find(one => one.sentence === 'abuse reported')!.facts.reason).length <= 200)
})

test('a report that cannot be kept hinders no block, and the operator reads so', async () => {
  await house.stop()
  house = await testHouse({
    storage: async tables => {
      const storage = await openMemory()(tables)
      const rows = storage.rows.bind(storage)
      storage.rows = (owner, table, key) =>
        table === 'reports' ? Promise.reject(new StorageError('The disk is full.')) : rows(owner, table, key)
      return storage
    },
  })
  juliet = await house.connect('juliet@localhost/chamber')
  assert.equal((await ask(juliet, 'set', reporting('romeo@example.net', spam))).attribute('type'), 'result')
  const line = house.log.find(one => one.sentence === 'report of abuse not kept')
  assert.equal(line?.level, 'error')
  assert.match(String(line?.facts.reason), /disk is full/)
})
