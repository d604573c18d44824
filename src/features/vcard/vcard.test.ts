import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'

let house: TestServer
let juliet: Player
let romeo: Player

before(async () => {
  house = await testServer({ config: { vcard: { readers: 'subscribers', maximum: '1KiB' } } })
  juliet = await house.connect('juliet@localhost')
  romeo = await house.connect('romeo@localhost')
})
after(() => house.stop())

async function ask(player: Player, type: string, content: string, to = ''): Promise<string> {
  player.send(`<iq type="${type}" id="v"${to && ` to="${to}"`}><vCard xmlns="vcard-temp">${content}</vCard></iq>`)
  const answer = await player.receive()
  return answer.attribute('type') === 'error' ? StanzaError.from(answer).message : answer.inner
}

test('a vCard beyond its limit is refused with both sizes, and the old one stays', async () => {
  assert.equal(await ask(juliet, 'set', '<FN>Juliet</FN>'), '')
  const long = await ask(juliet, 'set', `<FN>${'ü'.repeat(600)}</FN>`)
  assert.match(long, /^policy-violation: A vCard has at most 1024 bytes, and this one 12\d\d\.$/)
  assert.match(await ask(juliet, 'get', ''), /<FN>Juliet<\/FN>/)
})

test('where only subscribers may read it, others hear what they hear about nobody', async () => {
  const refused = await ask(romeo, 'get', '', 'juliet@localhost')
  assert.equal(refused, 'service-unavailable')
  assert.equal(refused, await ask(romeo, 'get', '', 'nobody@localhost'))
})

test('what is in it comes back as it was: attributes, other namespaces, entities', async () => {
  const content = '<FN>A &amp; B</FN><x xmlns="urn:example:x" a="&quot;"/>'
  juliet.send(`<iq type="set" id="v"><vCard xmlns="vcard-temp" version="3.0" prodid="p">${content}</vCard></iq>`)
  assert.equal((await juliet.receive()).attribute('type'), 'result')
  assert.equal(await ask(juliet, 'get', ''), `<vCard xmlns="vcard-temp" version="3.0" prodid="p">${content}</vCard>`)
})

test('it goes with the account', async () => {
  await house.addUser('mercutio@localhost')
  const mercutio = await house.connect('mercutio@localhost')
  assert.equal(await ask(mercutio, 'set', '<FN>Mercutio</FN>'), '')
  const { accounts, domain } = house.server.hosts.get('localhost')!

  await accounts.remove(Jid.of('mercutio', domain.domain))
  await accounts.create(Jid.of('mercutio', domain.domain), 'secret', { again: true })
  const another = await house.connect('mercutio@localhost')
  assert.equal(await ask(another, 'get', ''), 'item-not-found')
})
