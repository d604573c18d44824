import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import { openMemory } from '../../storage/memory.ts'
import type { OpenStorage, Storage } from '../../storage/storage.ts'
import { escapeText } from '../../wire/element.ts'
import { writeDateTime } from '../../wire/time.ts'
import { ask, askRaw, chat, form, logOf, refusal, type Scene, scene, stores } from './test-scene.ts'
import { fulltext } from './wire.ts'

const field = `{${fulltext}}fulltext`

for (const [name, open] of stores) {
  describe(`searching (XEP-0431), on ${name}`, () => {
    let it: Scene
    const find = async (text: string, form: Record<string, string | string[]> = {}, set = '') =>
      ask(it.juliet, { form: { ...form, [field]: escapeText(text) }, set })
    const found = async (text: string, form: Record<string, string | string[]> = {}) => (await find(text, form)).bodies

    const said = [
      'Wherefore art thou',
      'Größe, naïve CAFÉ',
      '日本語のテキスト',
      '👍🏽 peace',
      "I'll not budge",
      'Peaceful thou',
    ]
    before(async () => {
      it = await scene(open())
      for (const body of said) {
        await it.house.advance(1000)
        await it.says(escapeText(body))
      }
    })
    after(() => it.house.stop())

    test('all words must be in a message, by their beginnings, whatever their capitals and accents', async () => {
      assert.deepEqual(await found('thou'), [said[0], said[5]])
      assert.deepEqual(await found('THOU where'), [said[0]])
      assert.deepEqual(await found('grosse cafe'), [said[1]])
      assert.deepEqual(await found('本語'), [said[2]])
      assert.deepEqual(await found('語'), [said[2]])
      assert.deepEqual(await found('本の'), [])
      assert.deepEqual(await found('👍'), [said[3]])
      assert.deepEqual(await found('peace'), [said[3], said[5]])
      assert.deepEqual(await found('peace thou'), [said[5]])
      assert.deepEqual(await found('pe'), [])
      assert.deepEqual(await found('nothing'), [])
    })

    test('nothing that a user writes is anything but words', async () => {
      assert.deepEqual(await found('"thou'), [said[0], said[5]])
      assert.deepEqual(await found('thou" OR "x'), [])
      assert.deepEqual(await found('thou NOT peaceful'), [])
      assert.deepEqual(await found('said:thou'), [])
      assert.deepEqual(await found("I'll"), [said[4]])
      for (const text of [
        '-thou',
        'thou*',
        '(thou',
        'thou)',
        '^thou',
        '{thou}',
        '+thou',
        'thou;--',
        "thou'",
        '%thou',
        '\\thou',
      ])
        assert.deepEqual(await found(text), [said[0], said[5]], text)
      // What has no words in it is in no message.
      for (const text of [
        '"',
        '""',
        '*',
        "'",
        '-',
        '()',
        'AND*:',
        '   ',
        '. … !',
        '\u00ad',
        '\u0301',
        '\ufffd',
        '\u{e000}',
      ])
        assert.deepEqual(await found(text), [], text)
      assert.deepEqual(await found('1x* AND 2xthou'), [])
    })

    test('an empty field asks for nothing in particular', async () => {
      assert.deepEqual(await found(''), said)
    })

    test('more than anybody can want: policy-violation', async () => {
      assert.equal(await refusal(found('x'.repeat(1001))), 'policy-violation')
      assert.equal(await refusal(found(Array.from({ length: 65 }, (_, at) => `w${at}`).join(' '))), 'policy-violation')
      assert.equal(
        await refusal(
          found(
            `${'日本語'.repeat(1)}${[...'一二三四五六七八九十'].flatMap(a => [...'甲乙丙丁戊己庚'].map(b => a + b)).join('')}`,
          ),
        ),
        'policy-violation',
      )
      assert.deepEqual(await found(Array.from({ length: 64 }, (_, at) => `w${at}`).join(' ')), [])
      assert.deepEqual(await found('thou '.repeat(200)), [said[0], said[5]])
      assert.equal(await refusal(askRaw(it.juliet, form({ [field]: ['a', 'b'] }))), 'bad-request')
    })

    test('together with a peer, times, ids and pages', async () => {
      const all = await ask(it.juliet)
      assert.deepEqual(await found('thou', { with: 'romeo@localhost' }), [said[0], said[5]])
      assert.deepEqual(await found('thou', { with: 'romeo@localhost/orchard' }), [said[0], said[5]])
      assert.deepEqual(await found('thou', { with: 'romeo@localhost/elsewhere' }), [])
      assert.deepEqual(await found('thou', { with: 'nurse@localhost' }), [])
      const start = writeDateTime(all.results[1]!.stamp)
      assert.deepEqual(await found('thou', { start }), [said[5]])
      assert.deepEqual(await found('thou', { end: start }), [said[0]])
      assert.deepEqual(await found('thou', { 'after-id': all.ids[0]! }), [said[5]])
      assert.deepEqual(await found('thou', { ids: [all.ids[5]!, all.ids[1]!] }), [said[5]])
      assert.deepEqual(await found('!', { ids: [all.ids[5]!] }), [])
      const one = await find('thou', {}, '<max>1</max>')
      assert.deepEqual([one.bodies, one.complete], [[said[0]], false])
      const two = await find('thou', {}, `<max>1</max><after>${one.last}</after>`)
      assert.deepEqual([two.bodies, two.complete], [[said[5]], true])
      const last = await find('thou', {}, '<max>1</max><before/>')
      assert.deepEqual([last.bodies, last.complete], [[said[5]], false])
      const first = await find('thou', {}, `<max>1</max><before>${last.first}</before>`)
      assert.deepEqual([first.bodies, first.complete], [[said[0]], true])
      // The place to go on from need not be one that was found.
      assert.deepEqual((await find('thou', {}, `<after>${all.ids[2]}</after>`)).bodies, [said[5]])
      assert.equal(await refusal(find('thou', {}, '<after>0000000000000000</after>')), 'item-not-found')
      assert.equal(await refusal(find('!', { ids: ['0000000000000000'] })), 'item-not-found')
    })

    test('nobody is found what others said', async () => {
      const nurse = await it.house.connect('nurse@localhost/house')
      nurse.send(chat('nurse@localhost', 'secretly'))
      await logOf(it, 'nurse', 1)
      assert.equal((await ask(nurse, { form: { [field]: 'secretly' } })).bodies.length, 1)
      assert.deepEqual(await found('secretly'), [])
      assert.deepEqual((await ask(nurse, { form: { [field]: 'thou' } })).bodies, [])
      assert.equal(await refusal(ask(nurse, { to: 'juliet@localhost', form: { [field]: 'thou' } })), 'forbidden')
    })

    test('one’s own last message is found, and what is purged is not', async () => {
      const mercutio = await it.house.connect('mercutio@localhost/square')
      const search = async (text: string) => (await ask(mercutio, { form: { [field]: text } })).bodies
      for (let at = 0; at < 5; at++) {
        mercutio.send(chat('mercutio@localhost', `plague ${at}`))
        const got = await search('plague')
        assert.equal(got.length, at + 1)
      }
      await it.command('archive purge', { jid: 'mercutio@localhost' })
      assert.deepEqual(await search('plague'), [])
      mercutio.send(chat('mercutio@localhost', 'plague again'))
      assert.deepEqual(await search('plague'), ['plague again'])
    })

    test('messages without words, encrypted ones and long archives: everything else is found all the same', async () => {
      const tybalt = await it.house.connect('tybalt@localhost/street')
      for (let at = 0; at < 230; at++) {
        const inside = at % 10 === 3 ? '<encryption xmlns="urn:xmpp:eme:0" namespace="x"/>' : ''
        const body = at % 10 === 4 ? '' : `<body>cat ${at} ${at % 50 === 7 ? 'x '.repeat(40_000) : ''}</body>`
        tybalt.send(
          `<message to="tybalt@localhost" type="chat">${body}${inside}<store xmlns="urn:xmpp:hints"/></message>`,
        )
      }
      await logOf(it, 'tybalt', 230)
      const seen: number[] = []
      let set = '<max>60</max>'
      for (;;) {
        const page = await ask(tybalt, { form: { [field]: 'cat' }, set })
        seen.push(...page.bodies.map(body => Number(body.split(' ')[1])))
        if (page.complete) break
        set = `<max>60</max><after>${page.last}</after>`
      }
      const expected = Array.from({ length: 230 }, (_, at) => at).filter(at => at % 10 !== 3 && at % 10 !== 4)
      assert.deepEqual(seen, expected)
    })
  })
}

/** A store whose indexing takes so many milliseconds, by the clock of the test. */
function slowly(passes: () => Promise<void>): { open: OpenStorage; indexed: number[] } {
  const indexed: number[] = []
  const open: OpenStorage = async shapes => {
    const storage = await openMemory()(shapes)
    return new Proxy(storage, {
      get(target, name: keyof Storage) {
        if (name !== 'index')
          return typeof target[name] === 'function' ? (target[name] as () => void).bind(target) : target[name]
        return async (...[owner, to, entries]: Parameters<Storage['index']>) => {
          indexed.push(entries.length)
          await passes()
          return target.index(owner, to, entries)
        }
      },
    })
  }
  return { open, indexed }
}

test('an archive that takes long to be made ready: wait, and it goes on where it was', async () => {
  const { open, indexed } = slowly(() => it.house.advance(9000))
  const it = await scene(open)
  for (let at = 0; at < 450; at++) it.juliet.send(chat('juliet@localhost', `love ${at}`))
  await logOf(it, 'juliet', 450)
  const search = () => ask(it.juliet, { form: { [field]: 'love' }, set: '<max>1</max>' })
  assert.equal(await refusal(search()), 'resource-constraint')
  assert.deepEqual(indexed, [100, 100, 100])
  // Other queries need not wait for it.
  assert.equal((await ask(it.juliet, { set: '<max>1</max>' })).results.length, 1)
  assert.deepEqual((await search()).bodies, ['love 0'])
  assert.deepEqual(indexed, [100, 100, 100, 100, 50])
  await search()
  assert.equal(indexed.length, 5)
  await it.house.stop()
})

test('who does not search has no index', async () => {
  const { open, indexed } = slowly(async () => {})
  const it = await scene(open)
  await it.says('love')
  await ask(it.juliet)
  assert.deepEqual(indexed, [])
  await it.house.stop()
})

test('where searching is off, there is no such field and nobody is told of one', async () => {
  const it = await scene(openMemory(), { archive: { search: false } })
  await it.says('love')
  assert.equal(await refusal(ask(it.juliet, { form: { [field]: 'love' } })), 'feature-not-implemented')
  it.juliet.send('<iq type="get" id="f"><query xmlns="urn:xmpp:mam:2"/></iq>')
  assert.ok(!String(await it.juliet.receive()).includes(fulltext))
  it.juliet.send(
    '<iq type="get" id="d" to="juliet@localhost"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>',
  )
  assert.ok(!String(await it.juliet.receive()).includes(fulltext))
  await it.house.stop()
})

test('accounts announce that they can be searched', async () => {
  const it = await scene()
  it.juliet.send(
    '<iq type="get" id="d" to="juliet@localhost"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>',
  )
  assert.match(String(await it.juliet.receive()), new RegExp(`<feature var=["']${fulltext}["']`))
  await it.house.stop()
})
