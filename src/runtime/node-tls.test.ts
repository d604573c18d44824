import assert from 'node:assert/strict'
import { once } from 'node:events'
import { test } from 'node:test'
import { connect as tlsConnect } from 'node:tls'
import { endPoint } from './node-binding.ts'
import { nodeNetwork } from './node-network.ts'
import { certificate, Ears, listening, other, pair, secured, server } from './node-test-ends.ts'
import type { ServerTls } from './runtime.ts'

test('both ends of a handshake have the same channel bindings, and the client knows whom it talks to', async () => {
  const { server, client } = await secured({ alpn: ['xmpp-client'] }, 'localhost', ['xmpp-client', 'h2'])
  assert.equal(server.security?.protocol, 'TLSv1.3')
  assert.match(server.security?.cipher ?? '', /^TLS_/)
  assert.equal(server.security?.alpn, 'xmpp-client')
  assert.equal(client.security?.alpn, 'xmpp-client')
  assert.equal(server.security?.serverName, 'localhost')
  assert.equal(client.security?.verified, true)
  assert.equal(client.security?.peerChain.length, 1)
  assert.equal(server.security?.peerChain.length, 0)
  const exporter = server.security?.channelBinding('tls-exporter')
  assert.equal(exporter?.length, 32)
  assert.deepEqual(client.security?.channelBinding('tls-exporter'), exporter)
  const point = server.security?.channelBinding('tls-server-end-point')
  assert.deepEqual(point, endPoint(client.security!.peerChain[0]!))
  assert.deepEqual(client.security?.channelBinding('tls-server-end-point'), point)
  const types = server.security?.channelBindings
  assert.deepEqual(types, ['tls-exporter', 'tls-server-end-point'])
  assert.equal(server.security?.channelBindings, types, 'the same array each time')
  assert.deepEqual(client.security?.channelBindings, types)
  assert.deepEqual(server.security?.channelBinding('tls-unique'), client.security?.channelBinding('tls-unique'))
  const ears = new Ears()
  client.start(new Ears())
  server.start(ears)
  client.write('hello')
  await ears.until(() => ears.text === 'hello')
  client.destroy()
  await ears.until(() => ears.over === 1)
  server.destroy()
  await assert.rejects(server.secure({ role: 'client', name: 'x' }), /encrypted already/)
})

test('the exporter is not offered on TLS 1.2, the end point is; older versions are refused', async () => {
  const { port, accepted } = await listening()
  const client = tlsConnect({
    port,
    host: '127.0.0.1',
    ca: certificate.chain,
    servername: 'a.example',
    maxVersion: 'TLSv1.2',
  })
  const socket = await accepted()
  await socket.secure(server)
  assert.equal(socket.security?.protocol, 'TLSv1.2')
  assert.deepEqual(socket.security?.channelBindings, ['tls-server-end-point'])
  assert.equal(socket.security?.channelBinding('tls-exporter'), undefined)
  assert.equal(socket.security?.channelBinding('tls-server-end-point')?.length, 32)
  if (!client.authorized) await once(client, 'secureConnect')
  client.renegotiate({}, () => {})
  const [error] = await once(client, 'error')
  assert.match(String(error), /no renegotiation/)
  client.on('error', () => {})
  socket.destroy()
  const old = tlsConnect({
    port,
    host: '127.0.0.1',
    ca: certificate.chain,
    maxVersion: 'TLSv1.1',
    minVersion: 'TLSv1',
    ciphers: 'ALL:@SECLEVEL=0',
  })
  old.on('error', () => {})
  await assert.rejects((await accepted()).secure(server), /TLS handshake failed: unsupported protocol$/)
})

test('where it is the same for every name, none is asked for', async () => {
  const { port, accepted } = await listening()
  const asked: (string | undefined)[] = []
  const identity: ServerTls['identity'] = name => {
    asked.push(name)
    return server.identity(undefined)
  }
  const client = tlsConnect({ port, host: '127.0.0.1', ca: certificate.chain, servername: 'a.example' })
  const socket = await accepted()
  await socket.secure({ role: 'server', identity, names: [] })
  assert.deepEqual(asked, [undefined])
  assert.equal(socket.security?.serverName, 'a.example')
  assert.equal(socket.security?.channelBinding('tls-server-end-point')?.length, 32)
  client.destroy()
  socket.destroy()
})

test('SNI chooses the certificate, and a name that nobody has is refused by an alert', async () => {
  const { server: b, client } = await secured({}, 'b.example')
  assert.deepEqual(
    b.security?.channelBinding('tls-server-end-point'),
    client.security?.channelBinding('tls-server-end-point'),
  )
  b.destroy()
  const { port, accepted } = await listening()
  const socket = await nodeNetwork.connect({ host: '127.0.0.1', port })
  const [one, two] = await Promise.allSettled([
    accepted().then(accepted => accepted.secure(server)),
    socket.secure({ role: 'client', name: 'nobody.example', unverified: true }),
  ])
  assert.equal(one.status, 'rejected')
  assert.match(String(two.status === 'rejected' && two.reason), /unrecognized name/)
  const none: ServerTls = { role: 'server', identity: () => undefined }
  const nameless = await nodeNetwork.connect({ host: '127.0.0.1', port })
  const both = await Promise.allSettled([
    accepted().then(accepted => accepted.secure(none)),
    nameless.secure({ role: 'client', name: '127.0.0.1', unverified: true }),
  ])
  assert.deepEqual(
    both.map(result => result.status),
    ['rejected', 'rejected'],
  )
})

test('a certificate must prove the name, by its alternative names and an authority', async () => {
  const cases: [string, string | undefined, RegExp][] = [
    ['c.example', certificate.chain, /does not prove the name c\.example/],
    ['localhost', undefined, /self-signed/],
    ['localhost', other.chain, /self-signed/],
  ]
  for (const [name, authorities, why] of cases) {
    const ends = await pair()
    const anyone: ServerTls = { role: 'server', identity: () => server.identity(undefined) }
    const accepted = ends.server.secure(anyone).catch(() => {})
    await assert.rejects(ends.client.secure({ role: 'client', name, ...(authorities && { authorities }) }), why)
    await accepted
    ends.server.destroy()
    const again = await pair()
    const secure = again.server.secure(anyone)
    await again.client.secure({ role: 'client', name, unverified: true, ...(authorities && { authorities }) })
    await secure
    assert.equal(again.client.security?.verified, false)
    assert.equal(again.client.security?.peerChain.length, 1)
    again.client.destroy()
    again.server.destroy()
  }
})

test('a common name proves nothing (RFC 9525 §2)', async () => {
  await import('reflect-metadata')
  const { X509CertificateGenerator } = await import('@peculiar/x509')
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' }
  const keys = await crypto.subtle.generateKey(algorithm, true, ['sign', 'verify'])
  const chain = (
    await X509CertificateGenerator.createSelfSigned({ name: 'CN=localhost', keys, signingAlgorithm: algorithm })
  ).toString('pem')
  const key = Buffer.from(await crypto.subtle.exportKey('pkcs8', keys.privateKey)).toString('base64')
  const identity = nodeNetwork.identity({
    chain,
    key: `-----BEGIN PRIVATE KEY-----\n${key}\n-----END PRIVATE KEY-----\n`,
  })
  const ends = await pair()
  const accepted = ends.server.secure({ role: 'server', identity: () => identity }).catch(() => {})
  await assert.rejects(
    ends.client.secure({ role: 'client', name: 'localhost', authorities: chain }),
    /does not prove the name localhost \(its names: none\)/,
  )
  await accepted
  ends.server.destroy()
})

test('127.0.0.1 is proven by the address, without SNI', async () => {
  const { server, client } = await secured({}, '127.0.0.1')
  assert.equal(server.security?.serverName, undefined)
  assert.equal(client.security?.verified, true)
  client.destroy()
  server.destroy()
})

test('ALPN without a common protocol ends the handshake (RFC 7301 §3.2), no ALPN does not', async () => {
  await assert.rejects(secured({ alpn: ['xmpp-client'] }, 'localhost', ['h2']), /TLS handshake failed/)
  const { server, client } = await secured({ alpn: ['xmpp-client'] })
  assert.equal(server.security?.alpn, undefined)
  client.destroy()
  server.destroy()
})

test('a client certificate is asked for only on demand, and is shown unverified', async () => {
  const identity = nodeNetwork.identity(other)
  for (const requestCertificate of [false, true]) {
    const ends = await pair()
    await Promise.all([
      ends.server.secure({ ...server, requestCertificate }),
      ends.client.secure({ role: 'client', name: 'localhost', authorities: certificate.chain, identity }),
    ])
    const ears = new Ears()
    ends.server.start(ears)
    ends.client.write('!')
    await ears.until(() => ears.text === '!')
    assert.equal(ends.server.security?.peerChain.length, requestCertificate ? 1 : 0)
    assert.equal(ends.server.security?.verified, false)
    ends.server.destroy()
    ends.client.destroy()
  }
})

test('a certificate that cannot be used is refused in a sentence', () => {
  assert.throws(() => nodeNetwork.identity({ chain: certificate.chain, key: other.key }), /does not belong to/)
  assert.throws(() => nodeNetwork.identity({ chain: 'x', key: certificate.key }), /certificate chain cannot be used/)
  assert.throws(() => nodeNetwork.identity({ chain: certificate.chain, key: 'x' }), /private key cannot be used/)
})
