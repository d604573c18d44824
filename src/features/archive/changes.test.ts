import assert from 'node:assert/strict'
import { test } from 'node:test'
import { ask, scene } from './test-scene.ts'

test('what changes or answers a message is in the archive behind it, and the message stays as it was', async () => {
  const it = await scene()
  const said = await it.says('Wherefore?', 'id="m1"')
  const id = said.child('stanza-id', 'urn:xmpp:sid:0')!.attribute('id')!
  const later = [
    '<body>Why?</body><replace xmlns="urn:xmpp:message-correct:0" id="m1"/>',
    `<reactions xmlns="urn:xmpp:reactions:0" id="${id}"><reaction>x</reaction></reactions>`,
    `<reactions xmlns="urn:xmpp:reactions:0" id="${id}"/>`,
    `<retract xmlns="urn:xmpp:message-retract:1" id="m1"/><body>gone</body><fallback xmlns="urn:xmpp:fallback:0" for="urn:xmpp:message-retract:1"/>`,
  ]
  for (const content of later) {
    it.romeo.send(`<message to="juliet@localhost" type="chat">${content}</message>`)
    await it.juliet.receive()
  }
  for (const player of [it.juliet, it.romeo]) {
    const { results, bodies } = await ask(player)
    assert.deepEqual(bodies, ['Wherefore?', 'Why?', '', '', 'gone'])
    assert.deepEqual(
      results.map(
        ({ stanza }) =>
          stanza.elements.find(
            ({ namespace }) => namespace.startsWith('urn:xmpp:m') || namespace.startsWith('urn:xmpp:r'),
          )?.name,
      ),
      [undefined, 'replace', 'reactions', 'reactions', 'retract'],
    )
  }
  const search = async (text: string) =>
    (await ask(it.juliet, { form: { '{urn:xmpp:fulltext:0}fulltext': text } })).bodies
  assert.deepEqual(await search('gone'), [])
  assert.deepEqual(await search('why'), ['Why?'])
  await it.house.stop()
})
