import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { features } from '../features/index.ts'
import { nodeRuntime } from '../runtime/node.ts'
import { selfSigned } from '../runtime/node-certificate.ts'
import { configOf } from '../server/check-config.ts'
import { createServer, type Server } from '../server/server.ts'
import { openMemory } from '../storage/memory.ts'
import { Jid } from '../wire/jid.ts'
import { type Carrier, connectTcp } from './connect.ts'

const account = { jid: 'romeo@localhost', password: 'wherefore art', resource: undefined }
let server: Server
let authorities: string

before(async () => {
  const any = ['127.0.0.1:0']
  const config = configOf(
    { login: { iterations: 4096 }, listen: { starttls: any, 'direct-tls': any, plain: any } },
    features,
  )
  server = await createServer({ runtime: nodeRuntime(), storage: openMemory(), config, features, log: () => {} })
  const certificate = await selfSigned(['localhost'], 1)
  authorities = certificate.chain
  server.setCertificate('localhost', certificate)
  await server.hosts.get('localhost')!.accounts.create(Jid.parse(account.jid), account.password)
  await server.start()
})
after(() => server.stop())

function target(carrier: Carrier) {
  const listening = server.listening.find(one => one.carrier === (carrier === 'tls' ? 'direct-tls' : carrier))
  return { host: '127.0.0.1', port: listening!.address.port, carrier }
}

for (const carrier of ['starttls', 'tls', 'plain'] as const) {
  test(`logs in and binds over TCP: ${carrier}`, async () => {
    const player = await connectTcp({ ...target(carrier), authorities })({ ...account, resource: carrier })
    assert.equal(player.jid, `romeo@localhost/${carrier}`)
    player.send('<iq type="get" id="1" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
    assert.equal((await player.receive()).attribute('type'), 'result')
    await player.disconnect()
    await assert.rejects(player.receive())
  })
}

test('a certificate that nobody vouches for is refused, before a password is used', async () => {
  for (const carrier of ['starttls', 'tls'] as const)
    await assert.rejects(connectTcp(target(carrier))(account), /self-signed|certificate/i)
})

test('a wrong password and a missing STARTTLS are told', async () => {
  const wrong = { ...account, password: 'montague' }
  await assert.rejects(connectTcp({ ...target('tls'), authorities })(wrong), /not-authorized/)
  const { port } = target('plain')
  await assert.rejects(connectTcp({ ...target('starttls'), port, authorities })(account), /STARTTLS is not offered/)
})
