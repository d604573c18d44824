import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { testServer } from '../../testing/server.ts'
import { Malformed } from '../../wire/errors.ts'
import { entityTime, zone } from './wire.ts'

// XEP-0202 §3, examples 1 and 2.
cases(entityTime, [
  [`<iq type='get' id='time_1'><time xmlns='urn:xmpp:time'/></iq>`, {}],
  [
    `<iq type='result' id='time_1'>
      <time xmlns='urn:xmpp:time'>
        <tzo>-06:00</tzo>
        <utc>2006-12-19T17:58:35Z</utc>
      </time>
    </iq>`,
    { zone: -360, moment: new Date('2006-12-19T17:58:35Z') },
  ],
])

test('offsets are read in all their forms, and nothing else is', () => {
  for (const [text, minutes] of [
    ['Z', 0],
    ['+00:00', 0],
    ['+05:30', 330],
    ['-14:00', -840],
  ] as const)
    assert.equal(zone.read(text), minutes)
  assert.deepEqual([0, 330, -840].map(zone.write), ['+00:00', '+05:30', '-14:00'])
  for (const text of ['', '6', '+6:00', '+15:00', 'CET', '.5', '.5Z', ' Z'])
    assert.throws(() => zone.read(text), Malformed, text)
})

test('the host tells the time as its clock shows it', async () => {
  const house = await testServer()
  const juliet = await house.connect('juliet@localhost')
  const ask = async () => {
    juliet.send('<iq type="get" id="t" to="localhost"><time xmlns="urn:xmpp:time"/></iq>')
    return entityTime.of(await juliet.receive())!
  }
  const before = await ask()
  await house.advance(90_000)
  const after = await ask()
  assert.deepEqual([before.zone, after.zone], [0, 0])
  assert.equal(after.moment!.getTime() - before.moment!.getTime(), 90_000)
  await house.stop()
})
