import assert from 'node:assert/strict'
import { after, before, test } from 'node:test'
import type { Sasl2Wish } from '../../testing/login-sasl2.ts'
import { type TestServer, testServer } from '../../testing/server.ts'
import { Element } from '../../wire/element.ts'
import { parse } from '../../wire/reader.ts'
import { saslClient } from '../../wire/sasl/client.ts'
import { bind, bind2 } from '../bind2/wire.ts'
import { fast, requestToken, tokenElement } from '../fast/wire.ts'
import { configVersion } from '../pipelining/wire.ts'

/**
 * How many round trips it takes behind the TLS handshake until a session is there, bound or resumed: each time that a
 * client says something after it has heard an answer counts as one.
 */
let house: TestServer
before(async () => {
  house = await testServer()
})
after(() => house.stop())

const sm = 'urn:xmpp:sm:3'
const romeo = 'romeo@localhost'
const enable = parse(`<enable xmlns='${sm}' resume='true'/>`)
const carbons = parse("<enable xmlns='urn:xmpp:carbons:2'/>")
const plain: Sasl2Wish['exchange'] = context => saslClient({ name: 'PLAIN', binding: 'n' }, context)

/** What a client knows of an earlier session: its name, and what was on offer. */
async function earlier() {
  const player = await house.logIn(romeo, { inline: [bind('A', [enable, carbons])] })
  const previd = player.success!.child('bound', bind2)!.child('enabled', sm)!.attribute('id')!
  const known = configVersion.write(configVersion.of(player.offered)!)
  player.link.destroy()
  await new Promise(setImmediate)
  return { jid: player.jid, known, resume: new Element('resume', sm, ['previd', previd, 'h', '0']) }
}

const ways: [what: string, wish: Sasl2Wish, flights: number][] = [
  ['SCRAM', {}, 3],
  ['a mechanism of one message', { exchange: plain }, 2],
  ['a mechanism of one message, sent with the header', { exchange: plain, pipelined: true }, 1],
]

for (const [what, wish, flights] of ways) {
  test(`authenticated and resumed by ${what}: ${flights}`, async () => {
    const before = await earlier()
    const known = wish.pipelined ? [before.known] : []
    const player = await house.logIn(romeo, { ...wish, inline: [before.resume, bind('A'), ...known] })
    assert.ok(player.success!.child('resumed', sm))
    assert.equal(player.jid, before.jid)
    assert.equal(player.flights, flights)
    await player.disconnect()
  })

  test(`authenticated and bound, with stream management and carbons, by ${what}: ${flights}`, async () => {
    const known = wish.pipelined ? [(await earlier()).known] : []
    const player = await house.logIn(romeo, { ...wish, inline: [bind('B', [enable, carbons]), ...known] })
    assert.ok(player.success!.child('bound', bind2)!.child('enabled', sm))
    assert.equal(player.flights, flights)
    await player.disconnect()
  })
}

const agent = { id: 'd4565fa7-4d72-4749-b3d3-740edbf87770' }

/** What a device knows that was given a token, and how it logs in with that. */
async function withToken(mechanism: string, pipelined: boolean) {
  const inline = [bind('A', [enable, carbons]), requestToken.write({ mechanism })]
  const player = await house.logIn(romeo, { agent, inline })
  const previd = player.success!.child('bound', bind2)!.child('enabled', sm)!.attribute('id')!
  const { token } = tokenElement.of(player.success!)!
  player.link.destroy()
  await new Promise(setImmediate)
  const wish = (more: readonly Element[]): Sasl2Wish => ({
    agent,
    pipelined,
    exchange: context => saslClient({ name: mechanism, binding: 'n' }, { ...context, token }),
    inline: [...more, fast.write({}), ...(pipelined ? [configVersion.write(configVersion.of(player.offered)!)] : [])],
  })
  return { jid: player.jid, wish, resume: new Element('resume', sm, ['previd', previd, 'h', '0']) }
}

for (const mechanism of ['HT-SHA-256-EXPR', 'HT-SHA-256-NONE']) {
  for (const [how, pipelined, flights] of [
    ['', false, 2],
    [', sent with the header', true, 1],
  ] as const) {
    test(`authenticated and resumed by a token for ${mechanism}${how}: ${flights}`, async () => {
      const before = await withToken(mechanism, pipelined)
      const player = await house.logIn(romeo, before.wish([before.resume, bind('A')]))
      assert.ok(player.success!.child('resumed', sm))
      assert.deepEqual([player.jid, player.mechanism, player.flights], [before.jid, mechanism, flights])
      await player.disconnect()
    })

    test(`authenticated and bound by a token for ${mechanism}${how}: ${flights}`, async () => {
      const { wish } = await withToken(mechanism, pipelined)
      const player = await house.logIn(romeo, wish([bind('B', [enable, carbons])]))
      assert.ok(player.success!.child('bound', bind2)!.child('enabled', sm))
      assert.equal(player.flights, flights)
      await player.disconnect()
    })
  }
}

test('a token that is refused leaves the session as it was, for whoever has the right one', async () => {
  const before = await withToken('HT-SHA-256-NONE', false)
  const wrong = before.wish([before.resume])
  const exchange: Sasl2Wish['exchange'] = context =>
    saslClient({ name: 'HT-SHA-256-NONE', binding: 'n' }, { ...context, token: 'another' })
  await assert.rejects(house.logIn(romeo, { ...wrong, exchange }), /not-authorized/)
  const player = await house.logIn(romeo, before.wish([before.resume]))
  assert.ok(player.success!.child('resumed', sm))
  await player.disconnect()
})

test('the way of RFC 6120, for comparison: 5 until the resource is bound', async () => {
  const player = await house.connect(romeo)
  assert.equal((player as typeof player & { flights: number }).flights, 5)
  await player.disconnect()
})
