import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Player } from '../../testing/play.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'

let house: TestServer

/** Stops a server; what clients do not close is let go. */
async function end(on: TestServer): Promise<void> {
  const stopped = on.stop()
  await on.advance(10_000)
  await stopped
}

before(async () => {
  house = await testServer({ config: { registration: { 'password-changes': 2 } } })
})
after(() => end(house))

async function ask(player: Player, content: string, to?: string): Promise<string | undefined> {
  player.send(
    `<iq type="set" id="own"${to === undefined ? '' : ` to="${to}"`}><query xmlns="jabber:iq:register">${content}</query></iq>`,
  )
  const answer = await player.receive()
  return answer.attribute('type') === 'error' ? StanzaError.from(answer).condition : undefined
}

const wish = (username: string, password: string) => `<username>${username}</username><password>${password}</password>`

test('a new password is the one that counts, and not too often', async () => {
  const bill = await house.connect('bill@localhost')
  assert.equal(await ask(bill, wish('bill', 'groundlings')), undefined)
  const { accounts } = house.server.hosts.get('localhost')!
  assert.deepEqual(
    [await accounts.checkPassword('bill', 'groundlings'), await accounts.checkPassword('bill', 'secret')],
    [true, false],
  )
  assert.equal(await ask(bill, wish('Bill', 'groundlings2')), undefined, 'one more')
  assert.equal(await ask(bill, wish('bill', 'groundlings3')), 'policy-violation')
  assert.equal(await accounts.checkPassword('bill', 'groundlings2'), true)
  assert.ok(!JSON.stringify(house.log).includes('groundlings'))
})

/** Stanzas up to the first one of this name, which is the last of them. */
async function until(player: Player, name: string): Promise<Element> {
  for (;;) {
    const stanza = await player.receive()
    if (stanza.name === name) return stanza
  }
}

for (const to of [undefined, 'localhost']) {
  test(`cancelling an account, asked of ${to ?? 'the account'}: the result, then the end of all its sessions`, async () => {
    const bare = `kemp-${to ?? 'own'}@localhost`
    const kemp = await house.connect(`${bare}/stage`)
    const other = await house.connect(`${bare}/home`)
    const friend = await house.connect('friend@localhost')
    friend.send(`<iq type="get" id="roster"><query xmlns="jabber:iq:roster"/></iq><presence/>`)
    kemp.send('<presence/><presence type="subscribed" to="friend@localhost"/>')
    friend.send(`<presence type="subscribe" to="${bare}"/>`)
    await until(friend, 'presence')
    while ((await until(friend, 'presence')).attribute('from') !== `${bare}/stage`);
    const query = '<query xmlns="jabber:iq:register"><remove/></query>'
    // What comes behind it is not taken any more.
    kemp.send(
      `<iq type="set" id="r"${to === undefined ? '' : ` to="${to}"`}>${query}</iq><message to="friend@localhost"><body>late</body></message>`,
    )
    assert.equal((await until(kemp, 'iq')).attribute('type'), 'result')
    assert.equal((await kemp.receive()).elements[0]?.name, 'not-authorized')
    assert.equal((await until(other, 'error')).elements[0]?.name, 'not-authorized')
    assert.equal((await until(friend, 'presence')).attribute('type'), 'unavailable')
    assert.equal((await until(friend, 'presence')).attribute('type'), 'unsubscribed')
    friend.send('<iq type="get" id="end" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>')
    for (let stanza = await friend.receive(); stanza.attribute('id') !== 'end'; stanza = await friend.receive())
      assert.equal(stanza.name, 'iq', `${stanza}`)
    assert.equal(await house.server.hosts.get('localhost')!.owners.find(Jid.parse(bare)), undefined)
    await friend.disconnect()
  })
}

test('where the operator forbids it: not-allowed', async () => {
  const strict = await testServer({ config: { registration: { 'password-change': false, cancel: false } } })
  const bill = await strict.connect('bill@localhost')
  assert.equal(await ask(bill, wish('bill', 'groundlings')), 'not-allowed')
  assert.equal(await ask(bill, '<remove/>', 'localhost'), 'not-allowed')
  assert.equal(await strict.server.hosts.get('localhost')!.accounts.checkPassword('bill', 'secret'), true)
  await end(strict)
})
