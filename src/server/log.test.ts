import assert from 'node:assert/strict'
import { test } from 'node:test'
import { features } from '../features/index.ts'
import { testServer } from '../testing/server.ts'
import { element } from '../wire/codec.ts'
import type { Element } from '../wire/element.ts'
import { Jid } from '../wire/jid.ts'
import { ns } from '../wire/namespaces.ts'
import { feature } from './feature.ts'
import { account } from './handlers.ts'

const bug = feature({
  name: 'bug',
  start: () => [
    account.get(element('urn:bug', 'bug', {}), () => {
      throw new TypeError('a bug of ours')
    }),
  ],
})

async function house() {
  const made = await testServer({ features: [...features, bug] })
  const lines = (sentence: string) => made.log.filter(line => line.sentence === sentence)
  return { ...made, lines }
}

test('one line for each login, refusal and fault, with what ties it to what the client saw', async () => {
  const { connect, addUser, lines, stop } = await house()
  const romeo = await connect('romeo@localhost/x')
  assert.equal(lines('login').length, 1)
  assert.deepEqual(
    [lines('login')[0]!.level, lines('login')[0]!.facts['who'], lines('login')[0]!.facts['mechanism']],
    ['info', 'romeo@localhost', 'SCRAM-SHA-512-PLUS'],
  )
  await addUser('juliet@localhost')
  await assert.rejects(connect('juliet@localhost', { password: 'wrong' }), /not-authorized/)
  assert.deepEqual(
    lines('login refused').map(({ facts }) => [facts['user'], facts['condition']]),
    [['juliet', 'not-authorized']],
  )
  romeo.send('<message to="nobody@localhost" id="m1"><body>x</body></message>')
  assert.equal((await romeo.receive()).attribute('type'), 'error')
  const { id, kind, from, to, condition } = lines('stanza refused')[0]!.facts
  assert.deepEqual(
    [id, kind, from, to, condition],
    ['m1', 'message', 'romeo@localhost/x', 'nobody@localhost', 'service-unavailable'],
  )
  assert.equal(lines('stanza refused')[0]!.level, 'info')
  romeo.send('<iq type="get" id="b1"><bug xmlns="urn:bug"/></iq>')
  const answered = String(await romeo.receive())
  const [line, ...more] = lines('fault while handling a stanza')
  assert.deepEqual([line?.level, more], ['error', []])
  assert.ok(answered.includes(String(line!.facts['reference'])), 'the answer names what the log has')
  assert.match(String(line!.facts['fault']), /TypeError: a bug of ours\n/)
  await stop()
})

test('a flood of refusals is counted, not written', async () => {
  const { connect, lines, advance, stop } = await house()
  const romeo = await connect('romeo@localhost/x')
  for (let i = 0; i < 500; i++) romeo.send(`<message to="nobody@localhost" id="m${i}"/>`)
  for (let i = 0; i < 500; i++) await romeo.receive()
  assert.equal(lines('stanza refused').length, 60)
  await advance(60_000)
  assert.deepEqual(lines('lines left out')[0]!.facts, { of: 'stanza refused', count: 440, seconds: 60 })
  await stop()
})

test('no body and no password is ever in the log, whatever goes wrong', async () => {
  const { server, connect, link, addUser, log, stop } = await house()
  const [romeo, juliet] = [await connect('romeo@localhost/x'), await connect('juliet@localhost/y')]
  const body = 'Wherefore-Art-Thou'
  const password = 'Tr0ub4dor-3'
  const accounts = server.hosts.get('localhost')!.accounts
  await addUser('paris@localhost', password)
  await assert.rejects(connect('paris@localhost', { password: `${password}!` }))
  await connect('paris@localhost', { password })
  const plain = link({ encrypted: true }).client
  const failed = new Promise<void>(resolve => {
    const element = (one: Element) => one.is('failure', ns.sasl) && resolve()
    plain.start({ opened() {}, element, closed() {}, failed() {}, ended() {} })
  })
  plain.open({ to: 'localhost', version: '1.0' })
  plain.write(
    `<auth xmlns="urn:ietf:params:xml:ns:xmpp-sasl" mechanism="PLAIN">${Buffer.from(`\0paris\0${password}?`).toString('base64')}</auth>`,
  )
  await failed
  plain.destroy()
  for (const type of ['chat', 'normal', 'groupchat', 'headline', 'nonsense']) {
    for (const to of ['juliet@localhost', 'juliet@localhost/none', 'nobody@localhost', 'romeo@elsewhere', 'localhost'])
      romeo.send(`<message to="${to}" type="${type}" id="i"><body>${body}</body></message>`)
  }
  romeo.send(`<message to="a@@b"><body>${body}</body></message>`)
  romeo.send(`<iq type="get" id="1"><bug xmlns="urn:bug">${body}</bug></iq>`)
  romeo.send(`<iq type="set" id="2"><vCard xmlns="vcard-temp"><FN>${body}</FN></vCard></iq>`)
  romeo.send(`<iq type="set" id="3"><${body} xmlns="urn:none">${body}</${body}></iq>`)
  romeo.send(`<presence><status>${body}</status></presence>`)
  romeo.send(
    `<iq type="set" id="4" to="localhost"><query xmlns="jabber:iq:register"><username>romeo</username><password>${password}</password></query></iq>`,
  )
  romeo.send('<iq type="get" id="last"><ping xmlns="urn:xmpp:ping"/></iq>')
  for (let stanza = await romeo.receive(); stanza.attribute('id') !== 'last'; ) stanza = await romeo.receive()
  juliet.send(`<message to="romeo@localhost"><body>${body}</body><broken </message>`)
  await accounts.remove(Jid.parse('romeo@localhost'))
  await stop()
  const text = log.map(line => JSON.stringify(line)).join('\n')
  assert.ok(log.length > 20, 'there is a log')
  for (const secret of [body, password, Buffer.from(`\0paris\0${password}?`).toString('base64'), 'secret"'])
    assert.ok(
      !text.includes(secret),
      text.split('\n').find(line => line.includes(secret)),
    )
})
