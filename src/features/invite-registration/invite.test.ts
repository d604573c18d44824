import assert from 'node:assert/strict'
import { afterEach, beforeEach, test } from 'node:test'
import type { Answer } from '../../server/command.ts'
import { openMemory } from '../../storage/memory.ts'
import { type OpenStorage, type Storage, StorageError } from '../../storage/storage.ts'
import { alteredCommits } from '../../testing/altered-store.ts'
import { cases } from '../../testing/cases.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { preauth } from './wire.ts'

const day = 86_400_000
let house: TestServer
const houses: TestServer[] = []

beforeEach(async () => {
  house = await start()
})
afterEach(async () => {
  for (const one of houses.splice(0)) {
    const stopped = one.stop()
    await one.advance(10_000)
    await stopped
  }
})

async function start(storage?: OpenStorage, config = {}): Promise<TestServer> {
  const made = await testServer({
    config: { 'invite-registration': config },
    ...(storage !== undefined && { storage }),
  })
  houses.push(made)
  return made
}

cases(preauth, [
  [
    "<iq type='set' to='example.com' id='pa1'><preauth xmlns='urn:xmpp:pars:0' token='TOKEN'/></iq>",
    { token: 'TOKEN' },
  ],
])

async function run(words: string, values: Record<string, string | number> = {}, on = house): Promise<Answer> {
  return on.server.commands.find(command => command.words.join(' ') === words)!.run(values)
}

async function invitation(
  values: Record<string, string | number> = {},
  on = house,
): Promise<{ id: string; token: string }> {
  const [row] = (await run('invite create', values, on)).rows!
  assert.equal(row!['link'], `xmpp:localhost?register;preauth=${row!['token']}`)
  return { id: String(row!['id']), token: String(row!['token']) }
}

async function opened(on = house): Promise<RawClient> {
  const client = new RawClient(on.link())
  await client.open()
  return client
}

let asked = 0
async function ask(client: RawClient, type: string, payload: string): Promise<string | undefined> {
  const from = client.received.length
  client.send(`<iq type='${type}' id='i${++asked}' to='localhost'>${payload}</iq>`)
  await client.until(() => client.over || /<\/iq>|<iq [^>]*\/>|<\/stream:error>/.test(client.received.slice(from)))
  return /<error type="[a-z]+"><([a-z-]+) /.exec(client.received.slice(from))?.[1]
}

const show = (client: RawClient, token: string) =>
  ask(client, 'set', `<preauth xmlns='urn:xmpp:pars:0' token='${token}'/>`)
const register = (client: RawClient, name: string) =>
  ask(
    client,
    'set',
    `<query xmlns='jabber:iq:register'><username>${name}</username><password>much ado about</password></query>`,
  )

test('registration is closed but for those with a token, which is announced while there are any', async () => {
  const before = await opened()
  assert.ok(!before.received.includes('<register'))
  const { token } = await invitation()
  const client = await opened()
  assert.match(client.received, /<register xmlns="urn:xmpp:ibr-token:0"\/>/)
  assert.match(client.received, /<register xmlns="http:\/\/jabber.org\/features\/iq-register"\/>/)
  assert.equal(await register(client, 'hero'), 'service-unavailable')
  assert.equal(await show(client, token), undefined)
  assert.equal(await ask(client, 'get', "<query xmlns='jabber:iq:register'/>"), undefined)
  assert.equal(await register(client, 'hero'), undefined)
  assert.equal(await house.server.hosts.get('localhost')!.accounts.checkPassword('hero', 'much ado about'), true)
  const used = await opened()
  assert.ok(!used.received.includes('<register'), 'the only one is used up')
  assert.equal(await show(used, token), 'item-not-found')
})

test('a token is used once the account is there, not when it is shown or a name is taken (§4)', async () => {
  await house.addUser('juliet@localhost')
  const { token } = await invitation()
  const [one, other] = [await opened(), await opened()]
  assert.equal(await show(one, token), undefined)
  assert.equal(await show(other, token), undefined)
  assert.equal(await register(one, 'juliet'), 'conflict')
  assert.equal(await register(one, 'hero'), undefined)
  assert.equal(await register(other, 'beatrice'), 'item-not-found')
})

test('many at once with one token: as many accounts as it has uses', async () => {
  const { token } = await invitation({ uses: 2 })
  const clients = await Promise.all([opened(), opened(), opened(), opened()])
  for (const client of clients) assert.equal(await show(client, token), undefined)
  const answers = await Promise.all(clients.map((client, index) => register(client, `guest-${index}`)))
  assert.deepEqual(answers.sort(), ['item-not-found', 'item-not-found', undefined, undefined])
})

test('it expires for those who have not shown it; a shown one stays good (§4)', async () => {
  const { token } = await invitation({ expires: '1h' })
  const early = await opened()
  await house.advance(3_600_000 - 1000)
  const client = await opened()
  assert.equal(await show(client, token), undefined)
  await house.advance(2000)
  assert.equal(await show(await opened(), token), 'item-not-found')
  assert.equal(await register(client, 'hero'), undefined)
  assert.equal(early.over, true, 'nobody waits that long before login')
})

test('a revoked one is good for nothing, shown or not; accounts stay', async () => {
  const { id, token } = await invitation({ uses: 5 })
  const client = await opened()
  assert.equal(await show(client, token), undefined)
  assert.equal(await register(client, 'hero'), undefined)
  const late = await opened()
  assert.equal(await show(late, token), undefined)
  assert.deepEqual(await run('invite revoke', { id }), { say: `The invitation ${id} is revoked.` })
  assert.equal(await register(late, 'beatrice'), 'item-not-found')
  assert.equal(await show(await opened(), token), 'item-not-found')
  assert.equal(await house.server.hosts.get('localhost')!.accounts.checkPassword('hero', 'much ado about'), true)
  await assert.rejects(run('invite revoke', { id }), /There is no invitation/)
})

test('the list shows what can be used; no token is kept, logged or shown again', async () => {
  assert.match((await run('invite list')).say!, /There are no invitations/)
  const { id, token } = await invitation({ uses: 3, expires: '2d' })
  const client = await opened()
  await show(client, token)
  await register(client, 'hero')
  const list = await run('invite list', { host: 'localhost' })
  const [row] = list.rows!
  const { created, expires, ...rest } = row!
  assert.deepEqual(rest, { id, host: 'localhost', used: 1, uses: 3 })
  assert.equal(Date.parse(String(expires)) - Date.parse(String(created)), 2 * day)
  assert.ok(!JSON.stringify([list, house.log]).includes(token))
  await house.advance(2 * day)
  assert.deepEqual((await run('invite list')).rows, [])
})

const wrong: [what: string, values: Record<string, string | number>, message: RegExp][] = [
  ['another host', { host: 'example.org' }, /example\.org is no host of this server\. It serves localhost\./],
  ['no time', { expires: 'soon' }, /from one minute to a year, such as 12h or 7d, not soon/],
  ['too long a time', { expires: '3000d' }, /not 3000d/],
  ['too short a time', { expires: '5s' }, /not 5s/],
  ['no uses', { uses: 0 }, /1 to 10000 accounts, not for 0/],
  ['half a use', { uses: 1.5 }, /not for 1\.5/],
]
for (const [what, values, message] of wrong) {
  test(`invite create with ${what} says what would do`, () => assert.rejects(run('invite create', values), message))
}

test('there are no more invitations than allowed; what expired makes room after a day', async () => {
  const small = await start(undefined, { maximum: 1 })
  await invitation({ expires: '1m' }, small)
  await assert.rejects(invitation({}, small), /localhost has 1 invitations already/)
  await small.advance(day + 60_001)
  await invitation({}, small)
})

for (const [what, payload] of [
  ['without a token', "<preauth xmlns='urn:xmpp:pars:0'/>"],
  ['with an empty token', "<preauth xmlns='urn:xmpp:pars:0' token=''/>"],
  ['of another name', "<token xmlns='urn:xmpp:pars:0'/>"],
] as const) {
  test(`a preauth ${what}: bad-request`, async () => {
    assert.equal(await ask(await opened(), 'set', payload), 'bad-request')
  })
}

test('a preauth of type get: bad-request', async () => {
  assert.equal(await ask(await opened(), 'get', "<preauth xmlns='urn:xmpp:pars:0' token='TOKEN'/>"), 'bad-request')
})

test('who guesses tokens has to wait, with a right one too', async () => {
  const strict = await start(undefined, { 'failures-per-address': 2 })
  const { token } = await invitation({}, strict)
  const client = await opened(strict)
  assert.equal(await show(client, token), undefined)
  assert.equal(await show(client, 'wrong'), 'item-not-found')
  assert.equal(await show(client, 'wrong'), 'item-not-found')
  assert.equal(await show(client, token), 'not-acceptable')
  await strict.advance(3_600_001)
  assert.equal(await show(await opened(strict), token), undefined)
})

test('accounts made with a token do not count against open registration', async () => {
  const { token } = await invitation({ uses: 20 })
  for (let i = 0; i < 8; i++) {
    const client = await opened()
    await show(client, token)
    assert.equal(await register(client, `guest-${i}`), undefined)
  }
})

interface Lasting {
  readonly open: OpenStorage
  crash: 'before' | 'after' | 'full' | undefined
  /** Resolves when it got stuck. */
  readonly reached: Promise<void>
}

/** One store for several servers after each other. `crash` tells where making an account gets stuck for good, or that the disk is full behind it. */
function lasting(): Lasting {
  let store: Storage | undefined
  let full = false
  const { promise: reached, resolve } = Promise.withResolvers<void>()
  const stuck = () => {
    resolve()
    return new Promise<never>(() => {})
  }
  const self: Lasting = {
    crash: undefined,
    reached,
    async open(tables) {
      if (store !== undefined) return store
      const memory = await openMemory()(tables)
      const create = memory.create.bind(memory)
      store = Object.assign(memory, {
        close: async () => {},
        create: async (...call: Parameters<Storage['create']>) => {
          if (call[1] === 'account' && self.crash === 'before') await stuck()
          const id = await create(...call)
          if (call[1] === 'account' && self.crash === 'after') await stuck()
          full = self.crash === 'full'
          return id
        },
        ...alteredCommits(memory, (_owner, _writes, go) =>
          full && self.crash === 'full' ? Promise.reject(new StorageError('The disk is full.')) : go(),
        ),
      })
      return store
    },
  }
  return self
}

for (const [crash, uses] of [
  ['before', 0],
  ['after', 1],
] as const) {
  test(`a crash ${crash} the account was made: the token has ${uses} use${uses === 1 ? '' : 's'}`, async () => {
    const store = lasting()
    const first = await start(store.open)
    const { token } = await invitation({}, first)
    const client = await opened(first)
    await show(client, token)
    store.crash = crash
    void register(client, 'hero')
    await store.reached
    store.crash = undefined
    const second = await start(store.open)
    const again = await opened(second)
    assert.equal(await show(again, token), uses === 1 ? 'item-not-found' : undefined)
  })
}

test('an account that was made stays made where the use cannot be stored; the claim stands and settles it', async () => {
  const store = lasting()
  const first = await start(store.open)
  const { token } = await invitation({}, first)
  const client = await opened(first)
  await show(client, token)
  store.crash = 'full'
  assert.equal(await register(client, 'hero'), undefined)
  assert.ok(first.log.some(line => line.level === 'error' && line.sentence === 'use of an invitation not stored'))
  store.crash = undefined
  assert.equal(await show(await opened(first), token), 'item-not-found')
})
