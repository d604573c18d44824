import assert from 'node:assert/strict'
import { X509Certificate } from 'node:crypto'
import { test } from 'node:test'
import { selfSigned } from '../runtime/node-certificate.ts'
import type { Certificate, Timer } from '../runtime/runtime.ts'
import { configOf } from '../server/check-config.ts'
import { Certificates } from './certificates.ts'

const day = 86_400_000

/** Certificates over a disk in memory and a clock that stands. */
function house(hosts: Record<string, object>, files: Record<string, string> = {}) {
  const used: [host: string, certificate: Certificate][] = []
  const logged: string[] = []
  const watched = new Map<string, () => void>()
  const timers: (() => void)[] = []
  const clock = { at: Date.now() }
  const certificates = new Certificates(configOf({ data: '/data', hosts }), {
    runtime: {
      clock: { now: () => clock.at, elapsed: () => clock.at },
      timers: { after: (_, fn) => timers.push(fn) as unknown as Timer, cancel: () => {}, turn: fn => fn() },
      disk: {
        read: async path => files[path],
        write: async (path, text) => void (files[path] = text),
        watch: (paths, changed) => {
          for (const path of paths) watched.set(path, changed)
          return () => watched.clear()
        },
      },
    },
    log: (level, sentence) => logged.push(`${level} ${sentence}`),
    use: (host, certificate) => {
      new X509Certificate(certificate.chain)
      used.push([host, certificate])
    },
  })
  return { certificates, files, used, logged, watched, timers, clock }
}

/** Everything that was asked for and does not wait for the outside has happened. */
const settled = () => new Promise(resolve => setImmediate(resolve))

test('a host without a certificate gets one of its own, and keeps it', async () => {
  const { certificates, files, used } = house({ localhost: {} })
  const [shown] = await certificates.start()
  const chain = files['/data/certificates/localhost.pem']!
  assert.equal(used[0]![1].chain, chain)
  assert.deepEqual(
    { host: shown!.host, selfSigned: shown!.selfSigned, fingerprint: shown!.fingerprint },
    { host: 'localhost', selfSigned: true, fingerprint: new X509Certificate(chain).fingerprint256 },
  )
  const again = house({ localhost: {} }, files)
  const [same] = await again.certificates.start()
  assert.equal(same!.fingerprint, shown!.fingerprint)
  assert.deepEqual(again.logged, [])
})

test('one of our own is renewed before its end, and so is a pair that does not fit', async () => {
  const it = house({ localhost: {} })
  const [first] = await it.certificates.start()
  it.clock.at = first!.expires - 29 * day
  const later = house({ localhost: {} }, it.files)
  later.clock.at = it.clock.at
  const [renewed] = await later.certificates.start()
  assert.notEqual(renewed!.fingerprint, first!.fingerprint)
  it.files['/data/certificates/localhost.key'] = (await selfSigned(['localhost'], 5)).key
  const [fitting] = await house({ localhost: {} }, it.files).certificates.start()
  assert.notEqual(fitting!.fingerprint, renewed!.fingerprint)
})

test('the daily look renews in a running server', async () => {
  const it = house({ localhost: {} })
  const [first] = await it.certificates.start()
  const before = it.files['/data/certificates/localhost.pem']
  it.timers[0]!()
  await settled()
  assert.equal(it.files['/data/certificates/localhost.pem'], before)
  it.clock.at = first!.expires - day
  const written = new Promise<void>(resolve => {
    const check = () => (it.files['/data/certificates/localhost.pem'] === before ? setImmediate(check) : resolve())
    check()
  })
  it.timers[1]!()
  await written
})

test('files that change are used from then on; one that is no good leaves the old one in use', async () => {
  const [old, fresh] = await Promise.all([selfSigned(['example.org'], 90), selfSigned(['example.org'], 90)])
  const files: Record<string, string> = { '/c.pem': old.chain, '/k.pem': old.key }
  const it = house({ 'example.org': { certificate: '/c.pem', key: '/k.pem' } }, files)
  const [shown] = await it.certificates.start()
  assert.equal(shown!.selfSigned, false)
  files['/c.pem'] = 'nonsense'
  it.watched.get('/c.pem')!()
  await settled()
  assert.equal(it.used.length, 1)
  files['/c.pem'] = fresh.chain
  files['/k.pem'] = fresh.key
  it.watched.get('/k.pem')!()
  await settled()
  assert.equal(it.used[1]![1].chain, fresh.chain)
  assert.deepEqual(it.logged, [
    'error the new certificate is no good; the old one stays in use',
    'info certificate read again',
  ])
  it.certificates.stop()
  assert.equal(it.watched.size, 0)
})

test('one that ends soon is warned of; one that is missing is named', async () => {
  const short = await selfSigned(['example.org'], 5)
  const hosts = { 'example.org': { certificate: '/c.pem', key: '/k.pem' } }
  const it = house(hosts, { '/c.pem': short.chain, '/k.pem': short.key })
  await it.certificates.start()
  assert.deepEqual(it.logged, ['warn a certificate ends soon, or has ended'])
  await assert.rejects(
    house(hosts, { '/c.pem': short.chain }).certificates.start(),
    /the key of example\.org is not there: \/k\.pem/,
  )
  await assert.rejects(
    house(hosts, { '/c.pem': 'x', '/k.pem': 'x' }).certificates.start(),
    /the certificate of example\.org cannot be used/,
  )
})
