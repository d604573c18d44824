import assert from 'node:assert/strict'
import { test } from 'node:test'
import { testServer } from '../../testing/server.ts'
import { Device, exporter, none } from './test-device.ts'

async function scene() {
  const house = await testServer()
  await house.addUser('juliet@localhost')
  await house.addUser('romeo@localhost')
  const phone = new Device(house, 'd4565fa7-4d72-4749-b3d3-740edbf87770')
  const laptop = new Device(house, '11111111-2222-4333-8444-555555555555')
  const run = async (words: string, values: Record<string, string> = {}) =>
    house.server.commands.find(one => one.words.join(' ') === words)!.run({ jid: 'juliet@localhost', ...values })
  return { house, phone, laptop, run }
}

const bind = `<iq type='set' id='b'><bind xmlns='urn:ietf:params:xml:ns:xmpp-bind'/></iq>`

test('devices with tokens are listed, the one that was used last first', async () => {
  const { house, phone, laptop, run } = await scene()
  assert.match((await run('tokens list')).say!, /No device of juliet@localhost/)
  await phone.password(none)
  await laptop.password(exporter)
  await house.advance(86_400_000)
  await phone.fast()
  const { rows = [] } = await run('tokens list')
  assert.deepEqual(
    rows.map(({ software, name, mechanism, used }) => [software, name, mechanism, used !== null]),
    [
      ['AwesomeXMPP', 'Her phone', none, true],
      ['AwesomeXMPP', 'Her phone', exporter, false],
    ],
  )
  assert.ok(rows.every(({ device }) => /^[\w-]{22}$/.test(String(device))))
  assert.ok(!JSON.stringify(rows).includes(phone.token))
  assert.deepEqual((await run('tokens list', { jid: 'romeo@localhost' })).rows, [])
  await assert.rejects(run('tokens list', { jid: 'nobody@localhost' }), /There is no account/)
  await house.stop()
})

test('one device or all are revoked, and their sessions end', async () => {
  const { house, phone, laptop, run } = await scene()
  await phone.password(none)
  const { client } = await laptop.password(none)
  client.send(bind)
  await client.expect('<jid>')
  await house.advance(1000)
  const { client: other } = await phone.fast()
  other.send(bind)
  await other.expect('<jid>')
  const device = String((await run('tokens list')).rows![0]!['device'])
  await assert.rejects(run('tokens revoke', { device: 'x' }), /No device x/)
  await assert.rejects(run('tokens revoke', { jid: 'nobody@localhost' }), /There is no account/)
  assert.match((await run('tokens revoke', { device })).say!, /^One device has no token/)
  await other.expect('<not-authorized xmlns="urn:ietf:params:xml:ns:xmpp-streams"')
  assert.equal((await phone.fast()).failure, 'not-authorized')
  assert.equal(client.over, false)
  await phone.password(none)
  assert.match((await run('tokens revoke')).say!, /^2 devices have/)
  await client.expect('<not-authorized')
  assert.match((await run('tokens revoke')).say!, /^No device/)
  for (const one of [phone, laptop]) assert.equal((await one.fast()).failure, 'not-authorized')
  await house.stop()
})
