import assert from 'node:assert/strict'
import { test } from 'node:test'
import { SlowStore } from '../../testing/slow-store.ts'
import { came, testHouse } from './test-house.ts'

test('a push comes behind the answer that holds the list as it was before', async () => {
  const disk = new SlowStore()
  const house = await testHouse({ storage: disk.open })
  const [phone, desk] = [await house.connect('juliet@localhost/phone'), await house.connect('juliet@localhost/desk')]
  const asked = Promise.withResolvers<void>()
  const read = disk.read.bind(disk)
  disk.read = async query => {
    if ('table' in query && query.table === 'private') await asked.promise
    return read(query)
  }
  phone.send('<iq type="get" id="slow"><query xmlns="jabber:iq:private"><notes xmlns="notes"/></query></iq>')
  phone.send('<iq type="get" id="list"><blocklist xmlns="urn:xmpp:blocking"/></iq>')
  desk.send('<iq type="set" id="b"><block xmlns="urn:xmpp:blocking"><item jid="foe@localhost"/></block></iq>')
  await came(desk)
  asked.resolve()
  const names = (await came(phone)).map(one => one.elements[0]?.name).filter(name => name?.startsWith('block'))
  assert.deepEqual(names, ['blocklist', 'block'])
  await house.stop()
})
