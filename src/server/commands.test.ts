import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../testing/server.ts'
import { ns } from '../wire/namespaces.ts'
import type { Answer } from './command.ts'
import { version } from './version.ts'

async function house(config = {}) {
  const made = await testServer({ config })
  const run = async (words: string, values: Record<string, string | boolean> = {}): Promise<Answer> => {
    const command = made.server.commands.find(one => one.words.join(' ') === words)
    assert.ok(command, words)
    return command.run(values)
  }
  return { ...made, run }
}

test('every command has its own words, a manual, and one for each argument', async () => {
  const { server, stop } = await house()
  const words = server.commands.map(command => command.words.join(' '))
  assert.equal(new Set(words).size, words.length)
  for (const { words, manual, arguments: all } of server.commands)
    for (const text of [manual, ...all.map(one => one.manual)]) assert.match(text, /^[A-Z].*\.$/s, words.join(' '))
  await stop()
})

test('a user is made, gets another password, is disabled with its sessions, and enabled', async () => {
  const { run, addUser, connect, stop } = await house()
  const jid = 'romeo@localhost'
  assert.match((await run('user list')).say!, /no accounts yet/)
  await addUser(jid)
  await assert.rejects(run('user add', { jid, password: 'x' }), /exists already/)
  await run('user passwd', { jid, password: 'other' })
  await assert.rejects(connect(jid), /not-authorized/)
  const client = await connect(jid, { password: 'other' })
  assert.deepEqual((await run('user list')).rows, [{ jid, sessions: 1, disabled: false }])
  await run('user disable', { jid })
  let end = await client.receive()
  while (!end.is('error', ns.streams)) end = await client.receive()
  assert.ok(end.child('not-authorized', ns.streamErrors))
  await assert.rejects(connect(jid, { password: 'other' }), /account-disabled/)
  assert.deepEqual((await run('user list', { host: 'localhost' })).rows, [{ jid, sessions: 0, disabled: true }])
  await run('user enable', { jid })
  await connect(jid, { password: 'other' })
  await run('user remove', { jid })
  await assert.rejects(run('user add', { jid, password: 'x' }), /was removed on/)
  await run('user add', { jid, password: 'x', again: true })
  for (const words of ['passwd', 'disable', 'enable', 'remove'])
    await assert.rejects(run(`user ${words}`, { jid: 'nobody@localhost', password: 'x' }), /There is no account nobody/)
  await assert.rejects(run('user list', { host: 'elsewhere' }), /no host of this server/)
  await stop()
})

test('sessions are listed and closed, with a reason', async () => {
  const { run, connect, stop } = await house()
  assert.deepEqual(await run('sessions list'), { rows: [], say: 'Nobody is connected.' })
  const [one, two] = [await connect('romeo@localhost/one'), await connect('romeo@localhost/two')]
  await connect('juliet@localhost/balcony')
  one.send('<presence><priority>5</priority></presence>')
  await one.receive()
  const { rows } = await run('sessions list', { jid: 'romeo@localhost' })
  assert.deepEqual(
    rows!.map(({ session, over, available, priority, since }) => [session, over, available, priority, since]),
    [
      ['romeo@localhost/one', 'memory', true, 5, '2026-01-01T00:00:00Z'],
      ['romeo@localhost/two', 'memory', false, null, '2026-01-01T00:00:00Z'],
    ],
  )
  assert.equal((await run('sessions list')).rows!.length, 3)
  assert.equal((await run('sessions list', { jid: 'romeo@localhost/two' })).rows!.length, 1)
  assert.match(
    (await run('sessions close', { jid: 'romeo@localhost/two', reason: 'Maintenance.' })).say!,
    /^One session/,
  )
  let end = await two.receive()
  while (!end.is('error', ns.streams)) end = await two.receive()
  assert.equal(end.child('text', ns.streamErrors)!.text, 'Maintenance.')
  assert.ok(end.child('policy-violation', ns.streamErrors))
  assert.equal((await run('sessions list', { jid: 'romeo@localhost' })).rows!.length, 1)
  await assert.rejects(
    async () => run('sessions close', { jid: 'romeo@localhost', reason: 'a bell \x07' }),
    /XML cannot/,
  )
  assert.equal((await run('sessions list', { jid: 'romeo@localhost' })).rows!.length, 1)
  await assert.rejects(async () => run('sessions close', { jid: 'romeo@localhost/two' }), /not connected/)
  await assert.rejects(async () => run('sessions close', { jid: 'romeo@elsewhere' }), /elsewhere is no host of this/)
  await stop()
})

test('a message in the name of an account or of the host; refusals and what cannot be sent are told', async () => {
  const { run, connect, stop } = await house({ limits: { stanza: 10_000 } })
  const [romeo] = [await connect('romeo@localhost/x'), await connect('juliet@localhost/y')]
  romeo.send('<presence/>')
  await romeo.receive()
  for (const from of ['localhost', 'juliet@localhost']) {
    assert.deepEqual(await run('send', { from, to: 'romeo@localhost', text: 'Line one & <two>\nline two\n' }), {
      say: 'Sent to romeo@localhost.',
    })
    const message = await romeo.receive()
    assert.deepEqual(
      [message.attribute('from'), message.attribute('type'), message.child('body')!.text],
      [from, 'chat', 'Line one & <two>\nline two'],
    )
  }
  const wrong: [Record<string, string>, RegExp][] = [
    [{ from: 'localhost', to: 'nobody@localhost', text: 'x' }, /The message was refused: service-unavailable/],
    [{ from: 'localhost', to: 'romeo@elsewhere', text: 'x' }, /refused: remote-server-not-found/],
    [{ from: 'nobody@localhost', to: 'romeo@localhost', text: 'x' }, /There is no account nobody@localhost/],
    [{ from: 'romeo@elsewhere', to: 'romeo@localhost', text: 'x' }, /elsewhere is no host of this server/],
    [{ from: 'localhost', to: 'romeo@localhost', text: ' \n' }, /the text is empty/],
    [{ from: 'localhost', to: 'romeo@localhost', text: 'x'.repeat(10_000) }, /longer than a stanza/],
    [{ from: 'localhost', to: 'romeo@localhost', text: 'a\u0007b' }, /a character that XML cannot carry/],
  ]
  for (const [values, message] of wrong) await assert.rejects(run('send', values), message)
  await stop()
})

test('a roster is shown', async () => {
  const { run, connect, stop } = await house()
  const romeo = await connect('romeo@localhost/x')
  assert.deepEqual((await run('roster show', { jid: 'romeo@localhost' })).rows, [])
  romeo.send(
    '<iq type="set" id="1"><query xmlns="jabber:iq:roster"><item jid="juliet@localhost" name="J"><group>A</group></item></query></iq>',
  )
  await romeo.receive()
  assert.deepEqual((await run('roster show', { jid: 'romeo@localhost' })).rows, [
    {
      contact: 'juliet@localhost',
      name: 'J',
      groups: 'A',
      subscription: 'none',
      'asked them': false,
      'they asked': false,
      approved: false,
    },
  ])
  await assert.rejects(run('roster show', { jid: 'nobody@localhost' }), /There is no account nobody@localhost/)
  await stop()
})

test('status tells how it is', async () => {
  const { server, connect, run, advance, stop } = await house()
  const romeo = await connect('romeo@localhost/x')
  romeo.send('<message to="romeo@localhost"><body>x</body></message>')
  await advance(3_661_000)
  const rows = (await run('status')).rows!
  const figure = (what: string) => rows.find(row => row['what'] === what)?.['value']
  assert.deepEqual(['version', 'uptime', 'hosts', 'sessions', 'connections'].map(figure), [
    version,
    '1 h 1 m',
    'localhost',
    server.streams.size,
    server.streams.size,
  ])
  await stop()
})
