import assert from 'node:assert/strict'
import { after, test } from 'node:test'
import { features } from '../features/index.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { certificate, other } from '../runtime/node-test-ends.ts'
import { configOf } from '../server/check-config.ts'
import { createServer } from '../server/server.ts'
import { openMemory } from '../storage/memory.ts'
import { connectTcp } from '../testing/connect.ts'
import type { LoggedIn } from '../testing/login.ts'
import type { Player } from '../testing/play.ts'
import type { Element } from '../wire/element.ts'
import { Jid } from '../wire/jid.ts'
import { Workers } from './workers.ts'

// A whole server whose connections are carried by two threads.
const local = nodeRuntime()
const log: string[] = []
let logged = () => {}
const workers = new Workers({
  count: 2,
  timers: local.timers,
  log: (level, sentence, { worker }) => {
    log.push(`${level} ${sentence} (${worker})`)
    logged()
  },
})
const listen = { starttls: ['127.0.0.1:0'], 'direct-tls': ['127.0.0.1:0'], plain: ['127.0.0.1:0'] }
const server = await createServer({
  runtime: { ...local, network: workers.network },
  storage: openMemory(),
  config: configOf({ listen, login: { iterations: 4096 } }, features),
  features,
  log: () => {},
})
server.setCertificate('localhost', certificate)
await server.start()
for (const name of ['romeo', 'juliet']) {
  await server.hosts.get('localhost')!.accounts.create(Jid.parse(`${name}@localhost`), 'secret')
}
after(async () => {
  await server.stop()
  await workers.close()
})

const sm = 'urn:xmpp:sm:3'

function connect(carrier: 'tls' | 'starttls', authority = certificate) {
  const listed = carrier === 'tls' ? 'direct-tls' : carrier
  const { port } = server.listening.find(one => one.carrier === listed)!.address
  const dial = connectTcp({ host: '127.0.0.1', port, carrier, authorities: authority.chain })
  return (name: string, resume?: (player: Player) => Promise<string | undefined>): Promise<LoggedIn> =>
    dial({ jid: `${name}@localhost`, password: 'secret', resource: 'r' }, resume)
}

async function next(player: Player, name: string): Promise<Element> {
  for (;;) {
    const element = await player.receive()
    if (element.name === name) return element
  }
}

test('a thread that dies is a cut cable: the others talk on, a session waits, and goes on where nothing is lost', async () => {
  const romeo = await connect('tls')('romeo')
  const juliet = await connect('starttls')('juliet')
  assert.match(workers.figures()['workers']!, /^2 \(connections 1 \+ 1, /)
  romeo.send(`<presence/><enable xmlns='${sm}' resume='true'/>`)
  const id = (await next(romeo, 'enabled')).attribute('id')
  const line = new Promise<void>(resolve => (logged = resolve))
  await workers.kill(0)
  await assert.rejects(async () => {
    for (;;) await romeo.receive()
  }, /the connection is gone/)
  await line
  assert.deepEqual(log, ['error a worker died and is started again (1)'])
  juliet.send(`<message to='${romeo.jid}' type='chat' id='late'><body>art thou there?</body></message>`)
  juliet.send(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
  assert.equal((await next(juliet, 'iq')).attribute('id'), 'p')
  const back = await connect('tls')('romeo', async player => {
    player.send(`<resume xmlns='${sm}' previd='${id}' h='0'/>`)
    assert.equal((await next(player, 'resumed')).attribute('previd'), id)
    return romeo.jid
  })
  assert.equal((await next(back, 'message')).attribute('id'), 'late')
  back.send(`<message to='${juliet.jid}' type='chat' id='answer'><body>I am</body></message>`)
  assert.equal((await next(juliet, 'message')).attribute('id'), 'answer')
  await back.disconnect()
  await juliet.disconnect()
})

test('a certificate that is replaced is shown by all threads from the next handshake on; who is there stays', async () => {
  const before = [await connect('tls')('romeo'), await connect('starttls')('juliet')]
  server.setCertificate('localhost', other)
  try {
    for (const carrier of ['tls', 'starttls', 'tls', 'starttls'] as const) {
      const name = carrier === 'tls' ? 'romeo' : 'juliet'
      await assert.rejects(connect(carrier)(name), /self-signed certificate/, 'the old one is not shown any more')
      await assert.rejects(connect(carrier, other)(name), /does not prove the name localhost/, 'the new one is')
    }
  } finally {
    server.setCertificate('localhost', certificate)
  }
  for (const player of before) {
    player.send(`<iq type='get' id='p' to='localhost'><ping xmlns='urn:xmpp:ping'/></iq>`)
    assert.equal((await next(player, 'iq')).attribute('id'), 'p')
    await player.disconnect()
  }
  const again = await connect('tls')('romeo')
  assert.equal(again.mechanism, 'SCRAM-SHA-512-PLUS')
  await again.disconnect()
})
