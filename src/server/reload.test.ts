import assert from 'node:assert/strict'
import { test } from 'node:test'
import { nodeRuntime } from '../runtime/node.ts'
import { openMemory } from '../storage/memory.ts'
import { testServer } from '../testing/server.ts'
import { ns } from '../wire/namespaces.ts'
import { configOf } from './check-config.ts'
import { setting, whole } from './config.ts'
import { type Feature, feature } from './feature.ts'
import { createServer } from './server.ts'

/** One setting that is read when it is needed, one that is read at the start. */
const both: Feature = feature({
  name: 'both',
  config: { late: setting(whole, 1, 'Read when needed.'), early: setting(whole, 1, 'Read at the start.') },
  start({ config }) {
    const { early } = config
    read = () => [config.late, early]
    return []
  },
})
let read: () => [number, number]

const shown = (changes: readonly { setting: string; was: string; now: string; effect: string }[]) =>
  changes.map(({ setting, was, now, effect }) => `${setting}: ${was} > ${now}: ${effect}`)

test('each change is told with its effect; what needs a restart stays, and is told again', async () => {
  const { server, stop } = await testServer({ features: [both], config: { login: { iterations: 4096 } } })
  const wanted = configOf(
    {
      data: 'elsewhere',
      login: { iterations: 5000 },
      limits: { stanza: '1MiB' },
      timeouts: { idle: '20m' },
      both: { late: 2, early: 2 },
      hosts: { localhost: { disabled: true } },
    },
    [both],
  )
  assert.deepEqual(shown(await server.reload(wanted)), [
    'data: "jackdaw-data" > "elsewhere": needs a restart',
    'login.iterations: 4096 > 5000: in effect for new passwords',
    'timeouts.idle: "15m" > "20m": in effect from the next look at who is silent on',
    'limits.stanza: "256KiB" > "1MiB": in effect for new connections',
    'hosts."localhost".both.late: 1 > 2: in effect',
    'hosts."localhost".both.early: 1 > 2: needs a restart',
    'hosts."localhost".disabled: false > true: in effect',
  ])
  assert.deepEqual(read(), [2, 1])
  assert.equal(server.config.limits.stanza, 1024 ** 2)
  assert.deepEqual(shown(await server.reload(wanted)), [
    'data: "jackdaw-data" > "elsewhere": needs a restart',
    'hosts."localhost".both.early: 1 > 2: needs a restart',
  ])
  await stop()
})

test('hosts come and go with the file', async () => {
  const { server, connect, stop } = await testServer({ config: { hosts: { 'a.example': {} } } })
  const romeo = await connect('romeo@a.example')
  const next = configOf({ hosts: { 'b.example': {} } }, server.hosts.get('a.example')!.features)
  const changes = shown(await server.reload(next))
  assert.match(changes.join('\n'), /^hosts\."b\.example": .*in effect$/m)
  assert.match(changes.join('\n'), /^hosts\."a\.example": .*its data stays$/m)
  const end = await romeo.receive()
  assert.ok(end.is('error', ns.streams) && end.child('host-gone', ns.streamErrors), String(end))
  await connect('juliet@b.example')
  const back = configOf({ hosts: { 'a.example': {}, 'b.example': {} } }, server.hosts.get('b.example')!.features)
  await server.reload(back)
  await connect('romeo@a.example')
  await stop()
})

test('limits of new connections are the new ones', async () => {
  const { server, connect, stop } = await testServer()
  const wanted = configOf({ limits: { 'sessions-per-account': 1 } }, server.hosts.get('localhost')!.features)
  await connect('romeo@localhost/one')
  await server.reload(wanted)
  await assert.rejects(connect('romeo@localhost/two'), /resource-constraint/)
  await stop()
})

test('addresses are opened and closed while it runs; one that cannot be had leaves the old ones', async () => {
  const runtime = nodeRuntime()
  const listen = (...plain: string[]) => configOf({ listen: { starttls: [], 'direct-tls': [], plain } })
  const server = await createServer({
    runtime,
    storage: openMemory(),
    config: listen('127.0.0.1:0'),
    features: [],
    log: () => {},
  })
  await server.start()
  const first = server.listening[0]!.address
  const connection = await runtime.network.connect(first)
  const other = await runtime.network.listen({ host: '127.0.0.1', port: 0 }, socket => socket.destroy())
  const taken = `127.0.0.1:${other.address.port}`
  const [refused] = await server.reload(listen(taken))
  assert.match(refused!.effect, /^not in effect, the old addresses stay: Port \d+ on 127\.0\.0\.1 is in use/)
  assert.equal(server.listening.length, 1)
  await other.close()
  const [change] = await server.reload(listen(taken))
  assert.deepEqual([change!.setting, change!.effect], ['listen.plain', 'in effect'])
  assert.deepEqual(
    server.listening.map(({ address }) => `127.0.0.1:${address.port}`),
    [taken],
  )
  const fresh = await runtime.network.connect(server.listening[0]!.address)
  await assert.rejects(runtime.network.connect(first), /Nobody listens/)
  for (const socket of [connection, fresh]) socket.destroy()
  await server.stop()
})
