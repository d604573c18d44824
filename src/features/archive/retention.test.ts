import assert from 'node:assert/strict'
import { describe, test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import { collect } from '../../testing/collect.ts'
import { writeDateTime } from '../../wire/time.ts'
import { ask, chat, logOf, messages, refusal, scene, stores } from './test-scene.ts'

const hour = 3_600_000
const hello = '<iq type="get" id="x" to="localhost"><ping xmlns="urn:xmpp:ping"/></iq>'

for (const [name, open] of stores) {
  describe(`what goes out of an archive, on ${name}`, () => {
    test('what is too old, and what is too much, also of who is not there', async () => {
      const it = await scene(open(), { archive: { keep: '3h', maximum: 4 }, timeouts: { idle: '30m' } })
      /** Lets time pass, and each hour the archives be looked through: half an hour after it has begun. */
      let hours = 0
      const pass = async () => {
        for (let quarter = 0; quarter < 4; quarter++) {
          await it.house.advance(hour / 4)
          for (const player of [it.juliet, it.romeo]) {
            player.send(hello)
            await player.receive()
          }
        }
        hours++
        await until(
          async () => it.house.log.filter(line => line.sentence === 'archives looked through').length === hours,
        )
      }
      for (let at = 0; at < 7; at++) await it.says(String(at))
      await pass()
      const four = ['3', '4', '5', '6']
      assert.deepEqual((await ask(it.juliet)).bodies, four)
      assert.deepEqual((await ask(it.romeo)).bodies, four)
      await pass()
      await it.says('7')
      await pass()
      await pass()
      assert.deepEqual((await ask(it.juliet)).bodies, ['7'])
      assert.equal((await logOf(it, 'juliet', 1)).length, 1)
      await it.house.stop()
    })

    test('archive purge: all, or what is from before a moment; what waits for somebody waits on', async () => {
      const it = await scene(open())
      for (let at = 0; at < 3; at++) {
        await it.says(String(at))
        await it.house.advance(1000)
      }
      const before = await ask(it.juliet)
      const moment = writeDateTime(before.results[1]!.stamp)
      assert.match(
        await it.command('archive purge', { jid: 'juliet@localhost', before: moment }),
        /nothing from before/,
      )
      assert.deepEqual((await ask(it.juliet)).ids, before.ids.slice(1))
      assert.equal(await refusal(ask(it.juliet, { set: `<after>${before.ids[0]}</after>` })), 'item-not-found')
      await it.command('archive purge', { jid: 'juliet@localhost', before: '2000-01-01' })
      assert.equal((await ask(it.juliet)).ids.length, 2)
      await it.juliet.disconnect()
      it.romeo.send(chat('juliet@localhost', 'waiting'))
      await logOf(it, 'juliet', 3)
      assert.match(await it.command('archive purge', { jid: 'juliet@localhost' }), /is empty/)
      const back = await it.house.connect('juliet@localhost/chamber')
      assert.deepEqual((await ask(back)).bodies, [])
      back.send('<presence/>')
      assert.equal((await messages(back, 1))[0]!.child('body')!.text, 'waiting')
      await collect(back)
      assert.deepEqual(await logOf(it, 'juliet', 0), [])
      // New ones are found, and ids do not come again (§3.2).
      it.romeo.send(chat('juliet@localhost', 'new'))
      await logOf(it, 'juliet', 1)
      const after = await ask(back, { form: { with: 'romeo@localhost' } })
      assert.deepEqual(after.bodies, ['new'])
      assert.ok(!before.ids.includes(after.ids[0]!))
      assert.equal((await ask(it.romeo)).ids.length, 5)
      await it.house.stop()
    })

    test('archive export: each message a line of JSON, from the place that is asked for', async () => {
      const it = await scene(open())
      await it.says('“one” \u202e')
      await it.says('two')
      it.juliet.send(chat('romeo@localhost', 'three'))
      await logOf(it, 'juliet', 3)
      const text = await it.command('archive export', { jid: 'juliet@localhost' })
      assert.match(text, /^[\x20-\x7e\n]*$/)
      const lines = text.split('\n').map(line => JSON.parse(line))
      assert.deepEqual(
        lines.map(line => [line.with, line.direction]),
        [
          ['romeo@localhost', 'in'],
          ['romeo@localhost', 'in'],
          ['romeo@localhost', 'out'],
        ],
      )
      assert.match(lines[0].xml, /<body>“one” \u202e<\/body>/)
      const rest = await it.command('archive export', { jid: 'juliet@localhost', after: lines[1].place })
      assert.deepEqual(JSON.parse(rest), lines[2])
      assert.equal(await it.command('archive export', { jid: 'juliet@localhost', after: lines[2].place }), '')
      await it.house.stop()
    })
  })
}

test('commands say what is wrong', async () => {
  const it = await scene()
  await assert.rejects(it.command('archive purge', { jid: 'nobody@localhost' }), /no account/)
  await assert.rejects(it.command('archive purge', { jid: 'juliet@localhost', before: 'soon' }), /"soon" is no moment/)
  await assert.rejects(it.command('archive purge', { jid: 'juliet@localhost', before: '2026-02-30' }), /is no moment/)
  await assert.rejects(it.command('archive export', { jid: 'juliet@localhost', after: 0.5 }), /whole number/)
  await it.house.stop()
})

test('a long export goes on where the last line says', async () => {
  // She is sent all of it as well, and does not read it.
  const it = await scene(openMemory(), { limits: { unsent: '16MiB' } })
  const body = 'x'.repeat(200_000)
  for (let at = 0; at < 25; at++) it.juliet.send(chat('juliet@localhost', `${at} ${body}`))
  await logOf(it, 'juliet', 25)
  const seen: string[] = []
  for (let after = 0, rounds = 0; rounds < 5; rounds++) {
    const lines = (await it.command('archive export', { jid: 'juliet@localhost', after })).split('\n')
    const last = JSON.parse(lines.at(-1)!)
    const messages = last.xml === undefined ? lines.slice(0, -1) : lines
    seen.push(...messages.map(line => /<body>(\d+)/.exec(line)![1]!))
    if (last.xml !== undefined) break
    after = last.after
  }
  assert.deepEqual(
    seen,
    Array.from({ length: 25 }, (_, at) => String(at)),
  )
  await it.house.stop()
})

async function until(fits: () => Promise<boolean>): Promise<void> {
  while (!(await fits())) await new Promise(setImmediate)
}
