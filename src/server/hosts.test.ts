import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Player } from '../testing/play.ts'
import { testServer } from '../testing/server.ts'
import type { Element } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import type { Answer } from './command.ts'

const hosts = { 'a.example': {}, 'b.example': {} }

async function house() {
  const made = await testServer({ config: { hosts } })
  const run = async (words: string, values: Record<string, string | boolean> = {}): Promise<Answer> => {
    const command = made.server.commands.find(one => one.words.join(' ') === words)
    assert.ok(command, words)
    return command.run(values)
  }
  return { ...made, run }
}

async function receive(client: Player, fits: (one: Element) => boolean | undefined): Promise<Element> {
  for (;;) {
    const stanza = await client.receive()
    if (fits(stanza)) return stanza
  }
}

const isGone = (one: Element) => one.is('error', ns.streams) && one.child('host-gone', ns.streamErrors) !== undefined

test('a disabled host: its sessions end with host-gone, nobody logs in, nothing reaches it; then it is back', async () => {
  const { connect, server, run, stop } = await house()
  const [romeo, juliet] = [await connect('romeo@a.example/x'), await connect('juliet@b.example/y')]
  await run('host disable', { host: 'a.example' })
  assert.ok(await receive(romeo, isGone))
  await assert.rejects(connect('romeo@a.example'), /host-gone/)
  juliet.send('<message to="romeo@a.example" type="chat" id="m"><body>Romeo?</body></message>')
  const error = await receive(juliet, one => one.attribute('id') === 'm')
  assert.ok(error.child('error')!.child('remote-server-not-found', ns.stanzas))
  assert.deepEqual(
    (await run('host list')).rows!.map(({ host, served, accounts }) => [host, served, accounts]),
    [
      ['a.example', false, 1],
      ['b.example', true, 1],
    ],
  )
  await assert.rejects(run('host disable', { host: 'a.example' }), /disabled already/)
  assert.match(String(server.status()['hosts']), /^a\.example \(disabled\), b\.example$/)
  await run('host enable', { host: 'a.example' })
  await connect('romeo@a.example')
  await stop()
})

test('a removed host takes its accounts along, and those elsewhere see them go', async () => {
  const { connect, addUser, server, run, stop } = await house()
  const [romeo, juliet] = [await connect('romeo@a.example/x'), await connect('juliet@b.example/y')]
  await addUser('tybalt@a.example')
  juliet.send('<iq type="get" id="r"><query xmlns="jabber:iq:roster"/></iq><presence/>')
  romeo.send('<presence/><presence type="subscribe" to="juliet@b.example"/>')
  await receive(juliet, one => one.attribute('type') === 'subscribe')
  juliet.send('<presence type="subscribed" to="romeo@a.example"/>')
  await receive(romeo, one => one.attribute('from') === juliet.jid)
  await assert.rejects(run('host remove', { host: 'a.example' }), /2 accounts.*--yes/)
  await assert.rejects(run('host remove', { host: 'c.example' }), /no host of this server/)
  const removal = run('host remove', { host: 'a.example', yes: true })
  assert.ok(await receive(romeo, isGone))
  await receive(juliet, one => one.attribute('type') === 'unsubscribe')
  assert.match((await removal).say!, /gone, with 2 accounts.*\[hosts\."a\.example"\]/)
  assert.deepEqual([...server.hosts.keys()], ['b.example'])
  await assert.rejects(connect('romeo@a.example'), /host-unknown/)
  await assert.rejects(run('host remove', { host: 'b.example', yes: true }), /last host/)
  const again = await server.addHost({ name: 'a.example', features: server.config.features })
  assert.deepEqual(await server.addresses('a.example'), [])
  assert.equal(again.served, true)
  await stop()
})
