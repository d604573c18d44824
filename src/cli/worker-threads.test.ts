import assert from 'node:assert/strict'
import { once } from 'node:events'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Carrier, connectTcp } from '../testing/connect.ts'
import type { LoggedIn } from '../testing/login.ts'
import type { Element } from '../wire/element.ts'
import { program } from './test-program.ts'
import { automatic } from './worker-threads.ts'

const { folderOf, run, startProcess } = program('workers')

async function message(player: LoggedIn): Promise<Element> {
  for (;;) {
    const element = await player.receive()
    if (element.name === 'message') return element
  }
}

test('connections live in threads: people log in, talk across them, and come back after a restart', async () => {
  const folder = folderOf('two')
  const lines = [
    'workers = 2',
    '[listen]',
    'starttls = ["127.0.0.1:0"]',
    'direct-tls = ["127.0.0.1:0"]',
    'plain = ["127.0.0.1:0"]',
    '[login]',
    'iterations = 4096',
  ]
  writeFileSync(join(folder, 'jackdaw.toml'), lines.join('\n'))
  const server = startProcess(folder, 'start --json')
  const { data, listening } = JSON.parse(await server.begun())
  const made = ['romeo@localhost password1', 'juliet@localhost password1', 'nurse@localhost password1']
  assert.equal((await run(folder, 'user add -', made.join('\n'))).code, 0)
  const authorities = readFileSync(join(data, 'certificates/localhost.pem'), 'utf8')
  const connect = (carrier: Carrier, jid: string) => {
    const listed = carrier === 'tls' ? 'direct-tls' : carrier
    const { port } = listening.find((one: { carrier: string }) => one.carrier === listed).address
    return connectTcp({ host: '127.0.0.1', port, carrier, authorities })({ jid, password: 'password1', resource: 'r' })
  }
  const romeo = await connect('tls', 'romeo@localhost')
  const juliet = await connect('starttls', 'juliet@localhost')
  const nurse = await connect('plain', 'nurse@localhost')
  // The client end of TLS agrees with what the thread has told of its own.
  assert.deepEqual([romeo.mechanism, juliet.mechanism], ['SCRAM-SHA-512-PLUS', 'SCRAM-SHA-512-PLUS'])
  assert.match((await run(folder, 'status')).output, /\nworkers +2 \(connections (2 \+ 1|1 \+ 2), busy /)
  const all = [romeo, juliet, nurse]
  for (const player of all) player.send('<presence/>')
  for (const [place, from] of all.entries()) {
    const to = all[(place + 1) % 3]!
    from.send(`<message to="${to.jid}" type="chat"><body>from ${place}</body></message>`)
    assert.equal((await message(to)).child('body')!.text, `from ${place}`)
  }
  romeo.send(`<enable xmlns='urn:xmpp:sm:3' resume='true'/>`)
  while ((await romeo.receive()).name !== 'enabled');

  const restarted = await run(folder, 'restart')
  assert.equal(restarted.output, 'The server starts again; 1 session waits for its client.\n')
  await assert.rejects(async () => {
    for (;;) await romeo.receive()
  }, /the connection is gone/)
  while ((await server.begun()).split('\n').length <= 2) await once(server.child.stdout!, 'data')
  assert.match((await run(folder, 'sessions list')).output, /romeo@localhost\/r +- +- +- +yes +0/)
  const stopped = await run(folder, 'stop')
  assert.equal(stopped.code, 0, stopped.errors)
  const { code, errors } = await server.finished
  assert.equal(code, 0, errors)
  assert.doesNotMatch(errors, /"level":"error"/)
})

test('where nobody says how many, small machines have none of their own', () => {
  assert.deepEqual([1, 2, 3, 4, 64].map(automatic), [1, 1, 1, 2, 2])
})
