import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { deviceName } from '../../server/device.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { Jid } from '../../wire/jid.ts'
import { initiatorProof, responderProof, writeInitiatorMessage } from '../../wire/sasl/hashed-token.ts'
import { Device, endPoint, exporter, none } from './test-device.ts'
import { tokens } from './tokens.ts'

const phoneId = 'd4565fa7-4d72-4749-b3d3-740edbf87770'
const laptopId = '11111111-2222-4333-8444-555555555555'
const hour = 3_600_000
const day = 24 * hour

let house: TestServer
let phone: Device
let laptop: Device

beforeEach(async () => {
  house = await testServer({
    config: { login: { iterations: 4096, 'failures-per-account': 4, 'failures-per-address': 10 } },
  })
  await house.addUser('juliet@localhost')
  await house.addUser('romeo@localhost')
  phone = new Device(house, phoneId)
  laptop = new Device(house, laptopId)
})
afterEach(() => house.stop())

async function juliet() {
  return (await house.server.hosts.get('localhost')!.owners.find(Jid.parse('juliet@localhost')))!
}

const rows = async () => [...(await juliet()).rows(tokens).values()]

test('the mechanisms that fit the connection are offered (XEP-0484 §3.1)', async () => {
  const { client } = await phone.password(undefined)
  const offer =
    '<fast xmlns="urn:xmpp:fast:0"><mechanism>HT-SHA-256-EXPR</mechanism><mechanism>HT-SHA-256-ENDP</mechanism>' +
    '<mechanism>HT-SHA-256-NONE</mechanism></fast>'
  assert.ok(client.received.includes(`<inline>${offer}`), client.received)
  assert.equal((await phone.fast({ encrypted: false })).failure, 'encryption-required')
})

test('a token for the password, and a login with it (§3.2 to §3.4)', async () => {
  for (const mechanism of [none, endPoint, exporter]) {
    const { token } = await phone.password(mechanism)
    assert.equal(token?.token.length, 43)
    assert.equal(token.expiry.getTime(), house.server.hosts.get('localhost')!.shared.now() + 30 * day)
    const { answer } = await phone.fast()
    assert.equal(answer.child('authorization-identifier')?.text, 'juliet@localhost')
    assert.equal((await phone.fast()).failure, undefined)
  }
  assert.equal((await phone.password(undefined)).token, undefined)
})

test('no token but for who asks, on offer here, and says which client it is', async () => {
  for (const mechanism of ['HT-SHA-256-UNIQ', 'HT-SHA-512-NONE', 'SCRAM-SHA-256'])
    assert.equal((await phone.password(mechanism)).token, undefined, mechanism)
  assert.equal((await phone.password(none, { id: undefined } as object)).failure, undefined)
  assert.deepEqual((await rows()).length, 1)
})

test('the mechanism is the one that was asked for (§3.4)', async () => {
  await phone.password(exporter)
  for (const mechanism of [none, endPoint]) assert.equal((await phone.fast({ mechanism })).failure, 'not-authorized')
  assert.equal((await phone.fast()).failure, undefined)
})

test('a proof of another channel is none', async () => {
  await phone.password(exporter)
  const elsewhere = await initiatorProof(nodeCrypto, phone.token, new Uint8Array(32))
  const message = writeInitiatorMessage({ username: 'juliet', extra: undefined, proof: elsewhere })
  assert.equal((await phone.fast({ message })).failure, 'not-authorized')
})

test('a stolen token is of no use to another client, nor to another account', async () => {
  await phone.password(none)
  assert.equal((await laptop.fast({ token: phone.token })).failure, 'not-authorized')
  assert.equal((await phone.fast({ username: 'romeo' })).failure, 'not-authorized')
  assert.equal((await phone.fast()).failure, undefined)
})

test('nothing tells whether an account, a device or a token exists', async () => {
  await phone.password(none)
  const answers = new Set<string>()
  for (const ways of [
    { username: 'nobody' },
    { username: 'romeo' },
    { id: laptopId },
    { token: 'wrong' },
    { mechanism: exporter },
  ])
    answers.add((await phone.fast(ways)).answer.toString())
  assert.equal(answers.size, 1)
})

test('a count that does not rise was seen before (§3.4)', async () => {
  await phone.password(none)
  assert.equal((await phone.fast({ fast: "count='3'" })).failure, undefined)
  for (const count of ['3', '2', '0'])
    assert.equal((await phone.fast({ fast: `count='${count}'` })).failure, 'not-authorized', count)
  assert.equal((await phone.fast({ fast: "count='4'" })).failure, undefined)
  // Another token, another count.
  await phone.password(none)
  assert.equal((await phone.fast({ fast: "count='0'" })).failure, undefined)
  assert.equal((await phone.fast({ fast: "count='0'" })).failure, 'not-authorized')
})

test('of two logins at once with one count, one is a replay', async () => {
  await phone.password(none)
  const outcomes = await Promise.all([phone.fast({ fast: "count='1'" }), phone.fast({ fast: "count='1'" })])
  assert.deepEqual(outcomes.map(one => one.failure).sort(), ['not-authorized', undefined])
})

test('an expired token is told so, to who has it only, and does not count as a guess (§4.2)', async () => {
  await phone.password(none)
  await house.advance(30 * day)
  for (let turn = 0; turn < 6; turn++) assert.equal((await phone.fast()).failure, 'credentials-expired')
  assert.equal((await phone.fast({ token: 'wrong' })).failure, 'not-authorized')
})

test('a token that is a day old is renewed, and the old one goes when the new one is used (§3.5)', async () => {
  await phone.password(none)
  const first = phone.token
  assert.equal((await phone.fast()).token, undefined)
  await house.advance(day)
  const { token } = await phone.fast()
  assert.ok(token !== undefined && token.token !== first)
  // It was lost on the way: the old one is still good, and what was given out is taken back by the next.
  const second = phone.token
  const again = await phone.fast({ token: first })
  assert.ok(again.token !== undefined && again.token.token !== second)
  assert.equal((await phone.fast({ token: second })).failure, 'not-authorized')
  assert.equal((await phone.fast()).token, undefined)
  assert.equal((await phone.fast({ token: first })).failure, 'not-authorized')
  assert.equal((await rows()).length, 1)
})

test('a client takes its token back, and may have another at once (§3.6)', async () => {
  await phone.password(none)
  const gone = await phone.fast({ fast: "count='1' invalidate='true'" })
  assert.deepEqual([gone.failure, gone.token], [undefined, undefined])
  assert.equal((await phone.fast({ fast: "count='2'" })).failure, 'not-authorized')
  await phone.password(none)
  await house.advance(2 * day)
  assert.equal((await phone.fast({ fast: "invalidate='1'" })).token, undefined, 'due or not')
  await phone.password(none)
  const more = `<request-token xmlns='urn:xmpp:fast:0' mechanism='${exporter}'/>`
  const other = await phone.fast({ fast: "invalidate='1'", more })
  assert.ok(other.token)
  assert.equal((await phone.fast({ mechanism: exporter })).failure, undefined)
  assert.deepEqual(
    (await rows()).map(row => [row.slot, row.mechanism]),
    [['current', exporter]],
  )
})

test('what is malformed is told so', async () => {
  await phone.password(none)
  for (const attributes of ["count='-1'", "count='x'", "invalidate='maybe'"])
    assert.equal((await phone.fast({ fast: attributes })).failure, 'malformed-request', attributes)
  for (const message of [new Uint8Array(0), new Uint8Array(40), Buffer.from('juliet\0short')])
    assert.equal((await phone.fast({ message })).failure, 'malformed-request')
  assert.equal((await phone.fast({ id: undefined })).failure, 'malformed-request')
  assert.equal((await phone.fast({ fast: undefined })).failure, 'invalid-mechanism')
  assert.equal((await phone.fast({ mechanism: 'HT-SHA-256-UNIQ' })).failure, 'invalid-mechanism')
  assert.equal(
    (await phone.password(none, { more: "<fast xmlns='urn:xmpp:fast:0' count='x'/>" })).failure,
    'malformed-request',
  )
  const nameless = { more: "<request-token xmlns='urn:xmpp:fast:0'/>" }
  assert.equal((await phone.password(undefined, nameless)).failure, 'malformed-request')
  for (const username of ['ju@liet', 'a b'])
    assert.equal((await phone.fast({ username })).failure, 'not-authorized', username)
})

test('guesses count as failed logins, of the account and of the address, whether they exist or not', async () => {
  await phone.password(none)
  for (const [username, who] of [
    ['juliet', phone],
    ['nobody', laptop],
  ] as const) {
    for (let turn = 0; turn < 4; turn++)
      assert.equal((await who.fast({ token: 'guess', username })).failure, 'not-authorized')
    assert.equal((await who.fast({ username })).failure, 'temporary-auth-failure', username)
  }
  assert.equal((await phone.password(none)).failure, 'temporary-auth-failure')
  // Eight so far, from one address.
  for (let turn = 0; turn < 2; turn++) await phone.fast({ token: 'guess', username: 'romeo' })
  assert.equal((await phone.fast({ username: 'mercutio' })).failure, 'temporary-auth-failure')
})

test('keys and values of the newer draft are read, and answered in kind', async () => {
  await phone.password(none)
  const proof = await initiatorProof(nodeCrypto, phone.token, undefined, 'a=b')
  const message = writeInitiatorMessage({ username: 'juliet', extra: 'a=b', proof })
  const { answer } = await phone.fast({ message, unchecked: true })
  const expected = Buffer.concat([Uint8Array.of(0, 0), await responderProof(nodeCrypto, phone.token, undefined)])
  assert.equal(answer.child('additional-data')?.text, expected.toString('base64'))
})

test('another password takes all tokens back', async () => {
  await phone.password(none)
  await laptop.password(none)
  await house.server.hosts.get('localhost')!.accounts.setPassword(Jid.parse('juliet@localhost'), 'other')
  for (const device of [phone, laptop]) assert.equal((await device.fast()).failure, 'not-authorized')
  assert.deepEqual(await rows(), [])
})

test('an account that is made again after its removal knows no token; a disabled one says so to who has one', async () => {
  await phone.password(none)
  const { accounts } = house.server.hosts.get('localhost')!
  const address = Jid.parse('juliet@localhost')
  await accounts.setDisabled(address, true)
  assert.equal((await phone.fast()).failure, 'account-disabled')
  assert.equal((await phone.fast({ token: 'wrong' })).failure, 'not-authorized')
  await accounts.remove(address)
  assert.equal((await phone.fast()).failure, 'not-authorized')
  await accounts.create(address, 'secret', { again: true })
  assert.equal((await phone.fast()).failure, 'not-authorized')
})

test('neither a token nor the id of its client is at rest', async () => {
  await phone.password(none)
  const id = await deviceName(nodeCrypto, Jid.parse('juliet@localhost'), phoneId)
  const stored = await (await juliet()).read(tokens)
  assert.equal(stored[0]?.device, id)
  const text = JSON.stringify(stored.map(row => ({ ...row, seed: Buffer.from(row.seed).toString('base64url') })))
  assert.ok(!text.includes(phone.token) && !text.includes(phoneId), text)
  assert.notEqual(id, await deviceName(nodeCrypto, Jid.parse('romeo@localhost'), phoneId))
})

test('the session and the stream know the device', async () => {
  await phone.password(none)
  const { client } = await phone.fast()
  client.send(`<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`)
  await client.expect('<jid>')
  const device = await deviceName(nodeCrypto, Jid.parse('juliet@localhost'), phoneId)
  assert.deepEqual(
    (await juliet()).sessions.map(session => session.device),
    [device],
  )
})

test('so many devices may have tokens; the one that was used longest ago loses its own', async () => {
  const few = await testServer({ config: { fast: { devices: 2 } } })
  await few.addUser('juliet@localhost')
  const devices = [1, 2, 3].map(n => new Device(few, phoneId.replace(/.$/, String(n))))
  for (const device of devices.slice(0, 2)) await device.password(none)
  await few.advance(2 * hour)
  await devices[0]!.fast()
  await devices[2]!.password(none)
  const failures = []
  for (const device of devices) failures.push((await device.fast()).failure)
  assert.deepEqual(failures, [undefined, 'not-authorized', undefined])
  await few.stop()
})

test('where the password is wanted again now and then, tokens end with it', async () => {
  const strict = await testServer({ config: { fast: { lifetime: '10d', password: '15d' } } })
  await strict.addUser('juliet@localhost')
  const device = new Device(strict, phoneId)
  await device.password(none)
  await strict.advance(8 * day)
  assert.ok((await device.fast()).token)
  await strict.advance(5 * day)
  assert.equal((await device.fast()).token, undefined)
  await strict.advance(day)
  assert.equal((await device.fast()).token, undefined)
  await strict.advance(day)
  assert.equal((await device.fast()).failure, 'credentials-expired')
  assert.ok((await device.password(none)).token)
  await strict.stop()
})

test('without FAST nothing is offered; without unbound tokens only bound ones', async () => {
  const off = await testServer({ config: { fast: { enabled: false } } })
  await off.addUser('juliet@localhost')
  const device = new Device(off, phoneId)
  const { client, token } = await device.password(none)
  assert.ok(!client.received.includes('urn:xmpp:fast:0') && token === undefined)
  assert.equal((await device.fast({ token: 'x' })).failure, 'invalid-mechanism')
  await off.stop()
  const bound = await testServer({ config: { fast: { unbound: false } } })
  await bound.addUser('juliet@localhost')
  const other = new Device(bound, phoneId)
  assert.equal((await other.password(none)).token, undefined)
  assert.ok((await other.password(exporter)).token)
  assert.equal((await other.fast()).failure, undefined)
  await bound.stop()
})
