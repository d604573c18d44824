import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import { nodeCrypto } from '../../runtime/node-crypto.ts'
import { deviceName } from '../../server/device.ts'
import { feature } from '../../server/feature.ts'
import { RawClient } from '../../testing/raw.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { encodeBase64 } from '../../wire/base64.ts'
import { Element } from '../../wire/element.ts'
import { Jid } from '../../wire/jid.ts'
import { SaslError } from '../../wire/sasl/errors.ts'
import { utf8 } from '../../wire/sasl/text.ts'
import { features } from '../index.ts'
import { type Sasl2Login, saslInline, saslTasks, WithoutPrejudice } from './exports.ts'

const own = 'urn:example:own'
/** What the two features below noted. */
const noted: string[] = []
/** While there is one, the inline feature says that it has come that far, and waits. */
let gate: { readonly reached: () => void; readonly open: Promise<void> } | undefined

/** A task for those who ask for it, and an inline feature that may wait, refuse and bring its own mechanism. */
const example = feature({
  name: 'example',
  start: () => [
    saslTasks.add({
      due: login => (login.request.child('task', own) && !noted.includes('task done') ? ['RIDDLE'] : []),
      begin: () => ({
        step(children) {
          const answer = children[0]
          if (answer === undefined) return { data: [new Element('question', own)] }
          if (answer.text !== '42') throw new SaslError('not-authorized')
          noted.push('task done')
          return { done: [new Element('solved', own)] }
        },
      }),
    }),
    saslInline.add({
      offer: () => new Element('own', own),
      announce: () => [new Element('announced', own)],
      check(login) {
        if (login.request.child('outdated', own))
          throw new WithoutPrejudice('aborted', undefined, new Element('old', own))
      },
      exchange: login =>
        login.mechanism === 'OWN'
          ? {
              mechanism: 'OWN',
              async step(message) {
                const username = new TextDecoder().decode(message)
                login.about(username)
                if (username !== 'romeo') throw new SaslError('not-authorized')
                return { success: { username } }
              },
            }
          : undefined,
      async run(login: Sasl2Login) {
        gate?.reached()
        await gate?.open
        if (login.request.child('refuse', own)) throw new SaslError('temporary-auth-failure')
        noted.push(`run for ${login.owner.address}, ${login.agent?.id}`)
        return [new Element('ran', own)]
      },
    }),
  ],
})

let house: TestServer

before(async () => {
  house = await testServer({
    features: [...features, example],
    config: { login: { iterations: 4096, 'failures-per-account': 4 }, hosts: { localhost: {}, 'example.org': {} } },
  })
  await house.addUser('romeo@localhost')
  await house.addUser('juliet@localhost')
})
after(() => house.stop())

async function opened(more = '', options = {}): Promise<RawClient> {
  const client = new RawClient(house.link(options))
  await client.open('localhost', more)
  return client
}

const plain = (text: string) => encodeBase64(utf8(text))
const authenticate = (mechanism: string, data: string, more = '') =>
  `<authenticate xmlns='urn:xmpp:sasl:2' mechanism='${mechanism}'><initial-response>${data}</initial-response>${more}</authenticate>`
const right = (more = '') => authenticate('PLAIN', plain('\0romeo\0secret'), more)
const asked = (name: string) => `<${name} xmlns='${own}'/>`

/** What came since, up to this text. */
async function until(client: RawClient, text: string): Promise<string> {
  const from = client.received.length
  await client.until(() => client.received.includes(text, from) || client.over)
  return client.received.slice(from)
}

async function failsWith(client: RawClient, say: string, condition: string): Promise<void> {
  client.send(say)
  const answer = await until(client, '</failure>')
  assert.match(
    answer,
    new RegExp(`^<failure xmlns="urn:xmpp:sasl:2"><${condition} xmlns="urn:ietf:params:xml:ns:xmpp-sasl"/>`),
  )
  assert.equal(client.over, false, 'the stream goes on')
}

async function endsWith(client: RawClient, say: string, condition: string): Promise<void> {
  client.send(say)
  assert.match(await until(client, '</stream:stream>'), new RegExp(`<stream:error><${condition} `))
}

test('the feature stands beside that of RFC 6120, with the same mechanisms and what features offer', async () => {
  const { received } = await opened()
  const names = (text: string) => [...text.matchAll(/<mechanism>([^<]*)/g)].map(found => found[1])
  const [, old, now] =
    /<mechanisms [^>]*>(.*)<\/mechanisms>.*<authentication xmlns="urn:xmpp:sasl:2">(.*)<\/authentication>/.exec(
      received,
    )!
  assert.deepEqual(names(now!.slice(0, now!.indexOf('<inline>'))), names(old!))
  assert.match(now!, /<inline>.*<own xmlns="urn:example:own"\/>.*<\/inline>.*<announced xmlns="urn:example:own"\/>$/)
})

test('one step, no new stream: success names the account, features follow, and the client goes on with binding', async () => {
  const client = await opened(" from='romeo@localhost'")
  noted.length = 0
  client.send(right("<user-agent id='D4565FA7-4d72-4749-b3d3-740edbf87770'/>"))
  const answer = await until(client, '</stream:features>')
  assert.match(
    answer,
    /^<success xmlns="urn:xmpp:sasl:2"><authorization-identifier>romeo@localhost<\/authorization-identifier><ran [^>]*\/><\/success><stream:features><bind /,
  )
  assert.deepEqual(noted, ['run for romeo@localhost, d4565fa7-4d72-4749-b3d3-740edbf87770'])
  client.send("<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'><resource>r</resource></bind></iq>")
  assert.match(await until(client, '</iq>'), /<jid>romeo@localhost\/r<\/jid>/)
  const [session] = house.server.hosts.get('localhost')!.owners.loaded(Jid.parse('romeo@localhost'))!.sessions
  const device = await deviceName(nodeCrypto, session!.jid, 'd4565fa7-4d72-4749-b3d3-740edbf87770')
  assert.equal(session?.device, device)
})

const refused: [what: string, say: string, condition: string][] = [
  ['no such mechanism', authenticate('CRAM-MD5', ''), 'invalid-mechanism'],
  ['a wrong password', authenticate('PLAIN', plain('\0juliet\0wrong')), 'not-authorized'],
  ['nobody', authenticate('PLAIN', plain('\0nobody\0secret')), 'not-authorized'],
  ['somebody else to act as', authenticate('PLAIN', plain('juliet@localhost\0romeo\0secret')), 'invalid-authzid'],
  ['wrong base64', authenticate('PLAIN', '?'), 'incorrect-encoding'],
  ['a malformed user agent', right("<user-agent id='1'/>"), 'malformed-request'],
  ['an abort of nothing', "<abort xmlns='urn:xmpp:sasl:2'/>", 'aborted'],
  ['a response to nothing', "<response xmlns='urn:xmpp:sasl:2'/>", 'malformed-request'],
  ['a task of nothing', "<next xmlns='urn:xmpp:sasl:2' task='RIDDLE'/>", 'malformed-request'],
  ['data of no task', "<task-data xmlns='urn:xmpp:sasl:2'/>", 'malformed-request'],
  ['an inline feature that refuses', right(asked('refuse')), 'temporary-auth-failure'],
]

for (const [what, say, condition] of refused) {
  test(`${what}: ${condition}, and the next try succeeds`, async () => {
    const client = await opened()
    await failsWith(client, say, condition)
    client.send(right())
    assert.match(await until(client, '</success>'), /^<success/)
  })
}

test('whom the header names is who logs in: else invalid-authzid; from another host: invalid-from', async () => {
  await failsWith(await opened(" from='juliet@localhost'"), right(), 'invalid-authzid')
  const client = new RawClient(house.link())
  await client.open('localhost', " from='romeo@example.org'")
  assert.match(client.received, /<invalid-from /)
})

test('without TLS it is not offered: encryption-required', async () => {
  const client = await opened('', { encrypted: false })
  assert.doesNotMatch(client.received, /urn:xmpp:sasl:2/)
  await failsWith(client, right(), 'encryption-required')
})

test('no inline feature runs for a login that fails', async () => {
  noted.length = 0
  await failsWith(await opened(), authenticate('PLAIN', plain('\0romeo\0no')), 'not-authorized')
  assert.deepEqual(noted, [])
})

test('while a login is under way nothing else is said: not a second login, not the other SASL, no IQ', async () => {
  const first = authenticate('SCRAM-SHA-256', plain('n,,n=romeo,r=abc'))
  const others = [
    right(),
    "<next xmlns='urn:xmpp:sasl:2' task='RIDDLE'/>",
    "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'/>",
    "<iq type='get' id='r'><query xmlns='jabber:iq:register'/></iq>",
  ]
  for (const other of others) {
    const client = await opened()
    client.send(first)
    assert.match(await until(client, '</challenge>'), /^<challenge xmlns="urn:xmpp:sasl:2">/)
    await endsWith(client, other, 'policy-violation')
  }
})

test('an abort ends the exchange, and another one can begin', async () => {
  const client = await opened()
  client.send(authenticate('SCRAM-SHA-256', plain('n,,n=romeo,r=abc')))
  await until(client, '</challenge>')
  await failsWith(client, "<abort xmlns='urn:xmpp:sasl:2'/>", 'aborted')
  client.send(right())
  assert.match(await until(client, '</success>'), /^<success/)
})

test('who has logged in is not offered to do so again', async () => {
  const client = await opened()
  client.send(right())
  assert.doesNotMatch(await until(client, '</stream:features>'), /<authentication |<mechanisms /)
})

test('who has logged in does not log in again: a stream error, bound or not', async () => {
  const client = await opened()
  client.send(right())
  await until(client, '</stream:features>')
  await endsWith(client, right(), 'policy-violation')
})

test('both ways count together: five failures on one stream are enough', async () => {
  const client = await opened()
  const old = "<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='NONE'/>"
  for (const say of [authenticate('NONE', ''), old, authenticate('NONE', ''), old]) {
    client.send(say)
    await until(client, '</failure>')
  }
  await endsWith(client, authenticate('NONE', ''), 'policy-violation')
})

test('guessers of an account have to wait, whichever words and mechanisms they guess in', async () => {
  const guess = authenticate('PLAIN', plain('\0mercutio\0wrong'))
  const old = `<auth xmlns='urn:ietf:params:xml:ns:xmpp-sasl' mechanism='PLAIN'>${plain('\0mercutio\0wrong')}</auth>`
  const ownGuess = authenticate('OWN', plain('mercutio'))
  for (const say of [guess, old, ownGuess, ownGuess]) {
    const client = await opened()
    client.send(say)
    assert.match(await until(client, '</failure>'), /<not-authorized/)
  }
  for (const say of [guess, ownGuess]) await failsWith(await opened(), say, 'temporary-auth-failure')
})

test('a mechanism of a feature', async () => {
  const client = await opened()
  assert.doesNotMatch(client.received, /<mechanism>OWN/)
  client.send(authenticate('OWN', plain('romeo')))
  assert.match(await until(client, '</success>'), /<authorization-identifier>romeo@localhost</)
})

test('a refusal without prejudice does not count, however often', async () => {
  const client = await opened()
  for (let i = 0; i < 10; i++) await failsWith(client, right(asked('outdated')), 'aborted')
  assert.match(client.received, /<old xmlns="urn:example:own"\/><\/failure>$/)
  client.send(right())
  assert.match(await until(client, '</success>'), /^<success/)
})

test('a task goes between the exchange and the success (XEP-0388 §2.6.3)', async () => {
  noted.length = 0
  const client = await opened()
  client.send(right(asked('task')))
  assert.match(
    await until(client, '</continue>'),
    /^<continue xmlns="urn:xmpp:sasl:2"><tasks><task>RIDDLE<\/task><\/tasks><\/continue>$/,
  )
  assert.deepEqual(noted, [], 'nothing that was asked for is done before')
  client.send("<next xmlns='urn:xmpp:sasl:2' task='RIDDLE'/>")
  assert.match(
    await until(client, '</task-data>'),
    /^<task-data xmlns="urn:xmpp:sasl:2"><question [^>]*\/><\/task-data>$/,
  )
  client.send(`<task-data xmlns='urn:xmpp:sasl:2'><answer xmlns='${own}'>42</answer></task-data>`)
  assert.match(
    await until(client, '</success>'),
    /<authorization-identifier>romeo@localhost<\/authorization-identifier><solved [^>]*\/><ran /,
  )
})

const ofTasks: [what: string, say: string, condition: string][] = [
  ['another task', "<next xmlns='urn:xmpp:sasl:2' task='OTHER'/>", 'malformed-request'],
  ['no task', "<next xmlns='urn:xmpp:sasl:2'/>", 'malformed-request'],
  ['an abort', "<abort xmlns='urn:xmpp:sasl:2'/>", 'aborted'],
  ['a wrong answer', `<next xmlns='urn:xmpp:sasl:2' task='RIDDLE'><a xmlns='${own}'>41</a></next>`, 'not-authorized'],
]

for (const [what, say, condition] of ofTasks) {
  test(`where a task is due, ${what}: ${condition}, and then nobody authenticates here`, async () => {
    noted.length = 0
    const client = await opened()
    client.send(right(asked('task')))
    await until(client, '</continue>')
    await failsWith(client, say, condition)
    assert.deepEqual(noted, [])
    // XEP-0388 §4.8
    await endsWith(client, right(), 'policy-violation')
  })
}

test('where a task is due, an exchange does not go on', async () => {
  for (const say of ['<response', '<task-data']) {
    const client = await opened()
    noted.length = 0
    client.send(right(asked('task')))
    await until(client, '</continue>')
    await endsWith(client, `${say} xmlns='urn:xmpp:sasl:2'/>`, 'policy-violation')
  }
})

test('whose time is over before an inline feature is done is not logged in', async () => {
  const reached = Promise.withResolvers<void>()
  const open = Promise.withResolvers<void>()
  gate = { reached: reached.resolve, open: open.promise }
  const client = await opened()
  client.send(right())
  await reached.promise
  const logins = () => house.log.filter(line => line.sentence === 'login').length
  const before = logins()
  await house.advance(30_000)
  await client.expect('<connection-timeout ')
  gate = undefined
  open.resolve()
  await new Promise(setImmediate)
  assert.equal(logins(), before)
})
