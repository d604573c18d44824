import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, statSync, writeFileSync } from 'node:fs'
import { createConnection } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, test } from 'node:test'
import type { Command } from '../server/command.ts'
import { StanzaError } from '../wire/errors.ts'
import { controlPath, LineCutter } from './control.ts'
import { connectControl } from './control-client.ts'
import { serveControl } from './control-server.ts'
import { lockData } from './lock.ts'

const folder = mkdtempSync(join(tmpdir(), 'jackdaw-control-'))
after(() => rmSync(folder, { recursive: true }))

let atOnce = 0
let most = 0
const commands: Command[] = [
  {
    words: ['echo'],
    manual: 'Says it again.',
    arguments: [
      { name: 'who', manual: 'An address.', kind: 'jid' },
      { name: 'count', manual: 'A number.', kind: 'number', option: true },
    ],
    run: ({ who, count }) => ({ say: `${who} ${count}`, rows: [{ who: who!, count: count ?? null }] }),
  },
  {
    words: ['refuse'],
    manual: 'Refuses.',
    arguments: [{ name: 'how', manual: 'How.', kind: 'text' }],
    run: ({ how }) => {
      if (how === 'stanza') throw new StanzaError('conflict', { text: 'it exists already' })
      if (how === 'error') throw new Error('first do that')
      return (undefined as unknown as { x: () => never }).x()
    },
  },
  {
    words: ['slow'],
    manual: 'Takes a turn of the loop.',
    arguments: [],
    run: async () => {
      most = Math.max(most, ++atOnce)
      await new Promise(resolve => setImmediate(resolve))
      atOnce--
      return {}
    },
  },
]

async function control() {
  const logged: string[] = []
  const path = join(folder, 'control.sock')
  const server = await serveControl({ path, version: '1.2.3', commands, log: (_, sentence) => logged.push(sentence) })
  return { path, server, logged, [Symbol.dispose]: () => server.close() }
}

test('lists commands, runs them, checks their values, passes refusals on and hides bugs', async () => {
  using it = await control()
  using client = (await connectControl(it.path))!
  assert.equal(client.hello.version, '1.2.3')
  assert.equal(client.hello.pid, process.pid)
  const listed = await client.commands()
  assert.deepEqual(
    listed.map(command => command.words),
    [['echo'], ['refuse'], ['slow']],
  )
  assert.ok(!('run' in listed[0]!))
  const answer = await client.run(['echo'], { who: 'Romeo@EXAMPLE.org', count: '5' })
  assert.deepEqual(answer.rows, [{ who: 'romeo@example.org', count: 5 }])
  const refusals: [string[], Record<string, string | boolean>, RegExp][] = [
    [['echo'], {}, /the who is missing/],
    [['echo'], { who: 'a@@b' }, /"a@@b" is not an address: /],
    [['echo'], { who: 'a@b', count: 'x' }, /the count must be a number, not "x"/],
    [['echo'], { who: 'a@b', other: 'x' }, /"echo" takes no other/],
    [['echo'], { who: true }, /the who must be text/],
    [['unknown', 'one'], {}, /no command "unknown one"/],
    [['refuse'], { how: 'stanza' }, /^it exists already$/],
    [['refuse'], { how: 'error' }, /^first do that$/],
    [['refuse'], { how: 'bug' }, /a mistake in the server/],
  ]
  for (const [words, values, message] of refusals) {
    await assert.rejects(client.run(words, values), { name: 'Refused', message }, words.join(' '))
  }
  assert.deepEqual(it.logged, ['a command failed'])
})

test('many requests at once are answered, only some of them at work', async () => {
  using it = await control()
  using client = (await connectControl(it.path))!
  await Promise.all(Array.from({ length: 500 }, () => client.run(['slow'], {})))
  assert.ok(most > 1 && most <= 64, String(most))
})

test('only this user may connect, and a stale socket file is taken over', async () => {
  {
    using it = await control()
    assert.equal(statSync(it.path).mode & 0o777, 0o600)
  }
  writeFileSync(join(folder, 'control.sock'), 'left behind')
  using again = await control()
  using client = await connectControl(again.path)
  assert.ok(client)
})

test('bytes that are no request end the connection with a reason, and hurt nobody else', async () => {
  using it = await control()
  using client = (await connectControl(it.path))!
  for (const bytes of [
    'hello?\n',
    '{"id":"x"}\n',
    'null\n',
    '[]\n',
    '{"id":1,"ask":"run","words":[5]}\n',
    'x'.repeat(1024 * 1024 + 1),
  ]) {
    const received = await new Promise<string>(resolve => {
      let text = ''
      const socket = createConnection(it.path, () => socket.write(bytes))
      socket.on('data', chunk => (text += chunk))
      socket.on('error', () => {})
      socket.on('close', () => resolve(text))
    })
    assert.match(received, /^\{"jackdaw":1.*\n\{"failed":"[^"]+"\}\n$/, bytes.slice(0, 40))
  }
  assert.equal((await client.run(['echo'], { who: 'a@b' })).say, 'a@b undefined')
})

test('no server: no client; a server that goes away: an error', async () => {
  assert.equal(await connectControl(join(folder, 'nothing.sock')), undefined)
  const it = await control()
  using client = (await connectControl(it.path))!
  it.server.close()
  await it.server.finish()
  await assert.rejects(client.run(['echo'], { who: 'a@b' }), /went away/)
  assert.equal(await connectControl(it.path), undefined)
})

test('a path too long for a UNIX socket is told, a shorter relative one is taken', () => {
  const deep = `/${'deep/'.repeat(30)}data`
  assert.throws(() => controlPath(deep, '/home'), /too long for a UNIX socket/)
  assert.equal(controlPath(deep, `/${'deep/'.repeat(30)}`), 'data/control.sock')
})

test('the lock of a data directory is had by one, and free again after', () => {
  const data = join(folder, 'some/data')
  const lock = lockData(data)
  assert.ok(lock)
  assert.equal(statSync(data).mode & 0o777, 0o700)
  lock.release()
  const again = lockData(data)
  assert.ok(again)
  again.release()
})

test('lines are cut at any byte, and have a limit', () => {
  const whole = Buffer.from('один\r\n\nzwei\ndrei')
  for (let at = 0; at <= whole.length; at++) {
    const cutter = new LineCutter(100)
    const lines = [...cutter.push(whole.subarray(0, at)), ...cutter.push(whole.subarray(at)), cutter.rest()]
    assert.deepEqual(lines, ['один', '', 'zwei', 'drei'])
  }
  assert.throws(() => [...new LineCutter(3).push(Buffer.from('abcd'))], /longer than 3 bytes/)
})
