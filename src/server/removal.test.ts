import assert from 'node:assert/strict'
import { DatabaseSync } from 'node:sqlite'
import { test } from 'node:test'
import { features } from '../features/index.ts'
import { openSqlite } from '../storage/sqlite.ts'
import { freshPath, timers } from '../storage/sqlite-scratch.ts'
import type { Player } from '../testing/play.ts'
import { testServer } from '../testing/server.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import { RemovedError } from './accounts.ts'
import { feature } from './feature.ts'
import { roster } from './roster.ts'

const romeo = Jid.parse('romeo@localhost')

/** Romeo and Juliet, who see each other's presence; he has a message waiting for nobody in particular. */
async function lovers(options: Parameters<typeof testServer>[0] = {}) {
  const house = await testServer(options)
  const [his, her] = [await house.connect('romeo@localhost/orchard'), await house.connect('juliet@localhost/balcony')]
  for (const client of [his, her]) client.send('<presence/>')
  await receive(his, one => one.attribute('from') === his.jid)
  await receive(her, one => one.attribute('from') === her.jid)
  his.send('<presence type="subscribe" to="juliet@localhost"/>')
  await receive(her, one => one.attribute('type') === 'subscribe')
  her.send('<presence type="subscribed" to="romeo@localhost"/><presence type="subscribe" to="romeo@localhost"/>')
  await receive(his, one => one.attribute('type') === 'subscribe')
  his.send('<presence type="subscribed" to="juliet@localhost"/>')
  await receive(her, one => one.attribute('from') === his.jid && one.attribute('type') === undefined)
  her.send('<iq type="get" id="roster"><query xmlns="jabber:iq:roster"/></iq>')
  await receive(her, one => one.attribute('id') === 'roster')
  return { house, his, her, accounts: house.server.hosts.get('localhost')!.accounts }
}

/** The next stanza of which this is so. */
async function receive(client: Player, fits: (one: Awaited<ReturnType<Player['receive']>>) => boolean | undefined) {
  for (;;) {
    const stanza = await client.receive()
    if (fits(stanza)) return stanza
  }
}

test('a removed account: its sessions end, its contacts see it go and their subscriptions cancelled', async () => {
  const { house, his, her, accounts } = await lovers()
  const seen: string[] = []
  const leaving = accounts.remove(romeo)
  const end = await receive(his, one => one.is('error', ns.streams))
  assert.ok(end.child('not-authorized', ns.streamErrors))
  while (!seen.includes('unsubscribed') || !seen.includes('unsubscribe')) {
    const stanza = await her.receive()
    if (stanza.name === 'presence') seen.push(stanza.attribute('type') ?? 'available')
  }
  await leaving
  assert.equal(seen[0], 'unavailable', 'he is gone before he is no contact any more')
  her.send('<iq type="get" id="after"><query xmlns="jabber:iq:roster"/></iq>')
  const roster = await receive(her, one => one.attribute('id') === 'after')
  const item = roster.child('query', 'jabber:iq:roster')!.elements[0]!
  assert.deepEqual([item.attribute('jid'), item.attribute('subscription')], ['romeo@localhost', 'none'])
  her.send('<message to="romeo@localhost" type="chat" id="late"><body>Art thou there?</body></message>')
  const error = await receive(her, one => one.attribute('id') === 'late')
  assert.equal(error.attribute('type'), 'error')
  await house.stop()
})

test('whoever gets the address of a removed account must be meant to, and inherits nothing', async () => {
  const { house, accounts } = await lovers()
  await accounts.remove(romeo)
  await assert.rejects(accounts.create(romeo, 'another'), RemovedError)
  await assert.rejects(accounts.create(romeo, 'another'), /romeo@localhost was removed on 2026-01-01\. .*--again/)
  await assert.rejects(accounts.remove(romeo), /There is no account/)
  await accounts.create(romeo, 'another', { again: true })
  await assert.rejects(house.connect('romeo@localhost'), /not-authorized/)
  const owner = await house.server.hosts.get('localhost')!.owners.find(romeo)
  assert.equal(owner!.rows(roster).size, 0)
  await house.stop()
})

test('while an account is being removed nobody can log in to it', async () => {
  let proceed = () => {}
  const slow = new Promise<void>(resolve => (proceed = resolve))
  const holding = feature({ name: 'holding', removed: () => slow, start: () => [] })
  const { house, accounts } = await lovers({ features: [...features, holding] })
  const removal = accounts.remove(romeo)
  await assert.rejects(
    house.connect('romeo@localhost', { resource: 'again' }),
    /account-disabled|not-authorized|exists/,
  )
  assert.equal(await accounts.disabled('romeo'), true)
  await assert.rejects(accounts.setPassword(romeo, 'x'), /There is no account/)
  proceed()
  await removal
  await house.stop()
})

test('of a removed account nothing is left in any table', async () => {
  const path = freshPath()
  const { house, his, her, accounts } = await lovers({ storage: openSqlite({ path, timers }) })
  his.send('<iq type="set" id="block"><block xmlns="urn:xmpp:blocking"><item jid="paris@localhost"/></block></iq>')
  his.send('<iq type="set" id="card"><vCard xmlns="vcard-temp"><FN>Romeo</FN></vCard></iq>')
  his.send('<iq type="set" id="private"><query xmlns="jabber:iq:private"><x xmlns="urn:x">1</x></query></iq>')
  for (let answers = 0; answers < 3; answers++) {
    const answer = await receive(his, one => one.name === 'iq' && one.attribute('type') !== 'set')
    assert.equal(answer.attribute('type'), 'result', String(answer))
  }
  his.send('<presence type="unavailable"/>')
  await receive(her, one => one.attribute('type') === 'unavailable')
  her.send('<message to="romeo@localhost" type="chat"><body>Waiting for thee</body></message>')
  her.send('<iq type="get" id="sync"><ping xmlns="urn:xmpp:ping"/></iq>')
  await receive(her, one => one.attribute('id') === 'sync')
  const id = (await house.server.hosts.get('localhost')!.owners.find(romeo))!.id
  using database = new DatabaseSync(path, { readOnly: true })
  const tables = database
    .prepare(`select name from sqlite_schema where type = 'table' and sql like '%"owner"%'`)
    .all()
    .map(({ name }) => String(name))
  const rows = () =>
    tables.filter(name => database.prepare(`select 1 from "${name}" where "owner" = ?`).get(id) !== undefined)
  assert.ok(rows().length >= 5, `there was something to remove: ${rows()}`)
  await accounts.remove(romeo)
  // The log goes bit by bit, everything else with the account.
  const later = ['leaving', 'log', 'log_spans', 'indexed']
  assert.deepEqual(
    rows().filter(name => !later.includes(name)),
    [],
  )
  while (rows().length > 0) await new Promise(setImmediate)
  assert.equal(database.prepare('select 1 from owners where address = ?').get('romeo@localhost'), undefined)
  assert.ok(database.prepare('select at from tombstones where address = ?').get('romeo@localhost'))
  await house.stop()
})
