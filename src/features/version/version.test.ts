import assert from 'node:assert/strict'
import { test } from 'node:test'
import { version } from '../../server/version.ts'
import { cases } from '../../testing/cases.ts'
import { testServer } from '../../testing/server.ts'
import { ns } from '../../wire/namespaces.ts'
import { softwareVersion } from './wire.ts'

// XEP-0092 §3, examples 1 and 2.
cases(softwareVersion, [
  [`<iq type='get' id='version_1'><query xmlns='jabber:iq:version'/></iq>`, {}],
  [
    `<iq type='result' id='version_1'>
      <query xmlns='jabber:iq:version'>
        <name>Exodus</name>
        <version>0.7.0.4</version>
        <os>Windows-XP 5.01.2600</os>
      </query>
    </iq>`,
    { name: 'Exodus', version: '0.7.0.4', os: 'Windows-XP 5.01.2600' },
  ],
])

async function answer(request: string, config = {}) {
  const house = await testServer({ config })
  const juliet = await house.connect('juliet@localhost')
  juliet.send(request)
  const reply = await juliet.receive()
  await house.stop()
  return reply
}

const toHost = '<iq type="get" id="v" to="localhost"><query xmlns="jabber:iq:version"/></iq>'

test('the host tells its name and version, and of its system nothing', async () => {
  const reply = await answer(toHost)
  assert.equal(reply.attribute('type'), 'result')
  assert.deepEqual(softwareVersion.of(reply), { name: 'Jackdaw', version })
})

test('the host tells the system that the operator wrote', async () => {
  const reply = await answer(toHost, { version: { system: 'Debian' } })
  assert.deepEqual(softwareVersion.of(reply), { name: 'Jackdaw', version, os: 'Debian' })
})

test('nobody can set it, and no account has one', async () => {
  for (const request of [
    '<iq type="set" id="v" to="localhost"><query xmlns="jabber:iq:version"/></iq>',
    '<iq type="get" id="v" to="romeo@localhost"><query xmlns="jabber:iq:version"/></iq>',
    '<iq type="get" id="v"><query xmlns="jabber:iq:version"/></iq>',
  ]) {
    const reply = await answer(request)
    assert.ok(reply.child('error')?.child('service-unavailable', ns.stanzas), reply.toString())
  }
})
