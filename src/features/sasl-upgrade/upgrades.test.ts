import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { credentials } from '../../server/accounts.ts'
import { remove } from '../../server/table.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import type { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { deriveScramKeys, saltedPassword } from '../../wire/sasl/scram.ts'
import { utf8 } from '../../wire/sasl/text.ts'
import { Device, none } from '../fast/test-device.ts'
import { salt } from './wire.ts'

let house: TestServer
const address = Jid.parse('juliet@localhost')
const sha256 = 'UPGR-SCRAM-SHA-256'
const sha512 = 'UPGR-SCRAM-SHA-512'

beforeEach(async () => {
  house = await testServer({ config: { login: { iterations: 5000 } } })
  await house.addUser('juliet@localhost')
})
afterEach(() => house.stop())

const accounts = () => house.server.hosts.get('localhost')!.accounts
const owner = async () => (await house.server.hosts.get('localhost')!.owners.find(address))!
const kept = async () => (await (await owner()).read(credentials)).map(({ hash, iterations }) => [hash, iterations])

/** As somebody's account is who comes from a server that knew only one hash. */
async function only(hash: 'sha-1' | 'sha-256' | 'sha-512', iterations = 5000) {
  const account = await owner()
  const rows = await account.read(credentials)
  const keys = await deriveScramKeys(nodeCrypto, hash, 'secret', new Uint8Array(16), iterations)
  await account.commit(...rows.map(row => remove(credentials, row)))
  // Nobody's keys that were read before are at hand after this.
  await accounts().keep(account, keys, accounts().passwordsSet)
}

const asks = (...tasks: string[]) =>
  tasks.map(task => `<upgrade xmlns='urn:xmpp:sasl:upgrade:0'>${task}</upgrade>`).join('')

/** A client that says one thing after the other, and reads one answer to each. */
class Talk {
  readonly client: RawClient
  #read = 0

  private constructor(client: RawClient) {
    this.client = client
    this.#read = client.received.length
  }

  static async begin(): Promise<Talk> {
    const client = new RawClient(house.link())
    await client.open('localhost')
    return new Talk(client)
  }

  async say(xml: string): Promise<Element> {
    this.client.send(xml)
    const end = /<\/(success|failure|continue|task-data)>/
    await this.client.until(() => end.test(this.client.received.slice(this.#read)) || this.client.over)
    const text = this.client.received.slice(this.#read)
    const found = end.exec(text)
    assert.ok(found, text)
    const whole = text.slice(0, found.index + found[0].length)
    this.#read += whole.length
    return parse(whole)
  }

  logIn(more: string): Promise<Element> {
    const message = encodeBase64(utf8('\0juliet\0secret'))
    return this.say(
      `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='PLAIN'><initial-response>${message}</initial-response>${more}</authenticate>`,
    )
  }

  next(task: string): Promise<Element> {
    return this.say(`<next xmlns='urn:xmpp:sasl:2' task='${task}'/>`)
  }

  data(children: string): Promise<Element> {
    return this.say(`<task-data xmlns='urn:xmpp:sasl:2'>${children}</task-data>`)
  }

  async hash(asked: Element, hash: 'sha-256' | 'sha-512', password = 'secret'): Promise<Element> {
    const { salt: bytes, iterations } = salt.of(asked)!
    const salted = await saltedPassword(nodeCrypto, hash, password, bytes, iterations)
    return this.data(`<hash xmlns='urn:xmpp:scram-upgrade:0'>${encodeBase64(salted)}</hash>`)
  }
}

const tasksOf = (answer: Element) => answer.child('tasks')?.elements.map(task => task.text)

test('upgrades are announced, the same for everybody (XEP-0480 §2.1)', async () => {
  const { client } = await Talk.begin()
  const offer = asks('UPGR-SCRAM-SHA-512', 'UPGR-SCRAM-SHA-256', 'UPGR-SCRAM-SHA-1').replaceAll("'", '"')
  assert.ok(client.received.includes(`${offer}</authentication>`), client.received)
})

test('who came with SHA-1 alone gets keys for the others, one task after the other, and logs in with them (§3)', async () => {
  await only('sha-1')
  const talk = await Talk.begin()
  // PLAIN is checked with the keys for SHA-256: the account has none yet.
  const scram = await house.connect('juliet@localhost').catch(error => String(error))
  assert.match(String(scram), /not-authorized/)
  assert.equal((await talk.logIn('')).name, 'failure')
  await only('sha-256', 4096)
  const asked = await talk.logIn(asks(sha256, sha512, 'UPGR-SCRAM-SHA-1', 'UPGR-BLOOP2'))
  assert.deepEqual([asked.name, tasksOf(asked)], ['continue', [sha256]])
  const first = await talk.next(sha256)
  assert.equal(salt.of(first)!.iterations, 5000)
  assert.equal(salt.of(first)!.salt.length, 16)
  const more = await talk.hash(first, 'sha-256')
  assert.deepEqual([more.name, tasksOf(more)], ['continue', [sha512]])
  assert.equal((await talk.hash(await talk.next(sha512), 'sha-512')).name, 'success')
  assert.deepEqual(await kept(), [
    ['sha-256', 5000],
    ['sha-512', 5000],
  ])
  await house.connect('juliet@localhost')
})

test('who has good keys is asked for nothing', async () => {
  const talk = await Talk.begin()
  assert.equal((await talk.logIn(asks(sha256, sha512, 'UPGR-SCRAM-SHA-1'))).name, 'success')
})

test('nobody who does not ask is asked', async () => {
  await only('sha-256', 4096)
  assert.equal((await (await Talk.begin()).logIn('')).name, 'success')
  assert.deepEqual(await kept(), [['sha-256', 4096]])
})

test('a wrong task, or something else than a salted password, ends the login', async () => {
  await only('sha-256', 4096)
  const hash = (text: string) => `<hash xmlns='urn:xmpp:scram-upgrade:0'>${text}</hash>`
  for (const [task, children] of [
    [sha512, undefined],
    [sha256, ''],
    [sha256, hash('')],
    [sha256, hash('QUJD')],
    [sha256, hash('*')],
  ] as const) {
    const talk = await Talk.begin()
    await talk.logIn(asks(sha256))
    const answer = await talk.next(task)
    const failure = children === undefined ? answer : await talk.data(children)
    assert.deepEqual([failure.name, failure.elements[0]?.name], ['failure', 'malformed-request'], children)
  }
  const nameless = await (await Talk.begin()).logIn("<upgrade xmlns='urn:xmpp:sasl:upgrade:0'/>")
  assert.equal(nameless.elements[0]?.name, 'malformed-request')
  assert.deepEqual(await kept(), [['sha-256', 4096]])
})

test('keys of a password that was changed meanwhile are not kept', async () => {
  await only('sha-256', 4096)
  const talk = await Talk.begin()
  await talk.logIn(asks(sha256))
  const asked = await talk.next(sha256)
  await accounts().setPassword(address, 'another')
  assert.equal((await talk.hash(asked, 'sha-256')).name, 'success')
  await house.connect('juliet@localhost', { password: 'another' })
  // PLAIN is checked with the keys for SHA-256.
  assert.equal((await (await Talk.begin()).logIn('')).name, 'failure')
})

test('who has a token, and not the password, makes no password of it', async () => {
  const device = new Device(house, 'd4565fa7-4d72-4749-b3d3-740edbf87770')
  await device.password(none)
  await only('sha-256', 4096)
  const { answer } = await device.fast({ more: asks(sha256, sha512) })
  assert.equal(answer.name, 'success')
})
