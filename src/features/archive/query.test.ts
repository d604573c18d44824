import assert from 'node:assert/strict'
import { after, before, describe, test } from 'node:test'
import type { Element } from '../../wire/element.ts'
import { StanzaError } from '../../wire/errors.ts'
import { writeDateTime } from '../../wire/time.ts'
import {
  type Asked,
  ask,
  askRaw,
  chat,
  type Found,
  form,
  logOf,
  refusal,
  type Scene,
  scene,
  stores,
} from './test-scene.ts'
import { mam } from './wire.ts'

for (const [name, open] of stores) {
  describe(`queries, on ${name}`, () => {
    let it: Scene
    /** Everything that is in Juliet's archive: twelve messages of three conversations, a second apart. */
    let all: Found
    before(async () => {
      it = await scene(open())
      const nurse = await it.house.connect('nurse@localhost/house')
      for (let at = 0; at < 12; at++) {
        await it.house.advance(1000)
        if (at % 3 === 0) it.romeo.send(chat('juliet@localhost', `romeo ${at}`))
        else if (at % 3 === 1) nurse.send(chat('juliet@localhost/balcony', `nurse ${at}`))
        else it.juliet.send(chat(at < 6 ? 'romeo@localhost/orchard' : 'juliet@localhost', `juliet ${at}`))
        await logOf(it, 'juliet', at + 1)
      }
      all = await ask(it.juliet)
    })
    after(() => it.house.stop())

    const numbers = (found: Found) => found.bodies.map(body => Number(body.split(' ')[1]))

    test('everything, in order, with the time of each', () => {
      assert.deepEqual(
        numbers(all),
        Array.from({ length: 12 }, (_, at) => at),
      )
      assert.ok(all.complete)
      assert.equal(all.count, 12)
      assert.deepEqual([all.first, all.last], [all.ids[0], all.ids[11]])
      const times = all.results.map(({ stamp }) => Number(stamp))
      assert.deepEqual(
        times.map(time => time - times[0]!),
        Array.from({ length: 12 }, (_, at) => at * 1000),
      )
      assert.equal(new Set(all.ids).size, 12)
    })

    test('§4: with a queryid, and by the bare address of the account', async () => {
      const found = await ask(it.juliet, { to: 'juliet@localhost', queryid: 'f27', set: '<max>2</max>' })
      assert.deepEqual(numbers(found), [0, 1])
    })

    test('§4.1.1: with somebody, as bare and as full JID', async () => {
      const w = async (jid: string) => numbers(await ask(it.juliet, { form: { with: jid } }))
      assert.deepEqual(await w('romeo@localhost'), [0, 2, 3, 5, 6, 9])
      assert.deepEqual(await w('ROMEO@localhost'), [0, 2, 3, 5, 6, 9])
      assert.deepEqual(await w('romeo@localhost/orchard'), [0, 2, 3, 5, 6, 9])
      assert.deepEqual(await w('romeo@localhost/elsewhere'), [])
      assert.deepEqual(await w('nurse@localhost'), [1, 4, 7, 10])
      assert.deepEqual(await w('nobody@localhost'), [])
      assert.deepEqual(await w('juliet@localhost'), [8, 11])
      assert.deepEqual(await w('juliet@localhost/balcony'), [1, 2, 4, 5, 7, 8, 10, 11])
    })

    test('§4.1.2: from one moment to another, both included', async () => {
      const at = (number: number) => writeDateTime(all.results[number]!.stamp)
      const between = async (fields: Record<string, string>) => numbers(await ask(it.juliet, { form: fields }))
      assert.deepEqual(await between({ start: at(9) }), [9, 10, 11])
      assert.deepEqual(await between({ end: at(2) }), [0, 1, 2])
      assert.deepEqual(await between({ start: at(3), end: at(5) }), [3, 4, 5])
      assert.deepEqual(await between({ start: at(5), end: at(3) }), [])
      assert.deepEqual(await between({ start: at(3), end: at(9), with: 'nurse@localhost' }), [4, 7])
      assert.deepEqual(await between({ start: '0000-01-01T00:00:00Z', end: '9999-12-31T23:59:59Z' }), numbers(all))
      assert.deepEqual(await between({ start: '9999-12-31T23:59:59Z' }), [])
      assert.deepEqual(await between({ end: '0000-01-01T00:00:00Z' }), [])
    })

    test('§4.1.3: between messages, and single ones', async () => {
      const by = async (fields: Record<string, string | string[]>) => numbers(await ask(it.juliet, { form: fields }))
      const id = (number: number) => all.ids[number]!
      assert.deepEqual(await by({ 'after-id': id(8) }), [9, 10, 11])
      assert.deepEqual(await by({ 'before-id': id(3) }), [0, 1, 2])
      assert.deepEqual(await by({ 'after-id': id(3), 'before-id': id(6) }), [4, 5])
      assert.deepEqual(await by({ 'after-id': id(6), 'before-id': id(3) }), [])
      assert.deepEqual(await by({ ids: [id(7)] }), [7])
      assert.deepEqual(await by({ ids: [id(7), id(2), id(7), id(3)] }), [2, 3, 7])
      assert.deepEqual(await by({ ids: [id(7), id(2), id(3)], with: 'romeo@localhost' }), [2, 3])
      assert.deepEqual(await by({ ids: [id(7), id(2)], 'after-id': id(2) }), [7])
    })

    test('§4.3: forwards through a conversation, page by page, and it is said where it ends', async () => {
      const seen: number[] = []
      let last: string | undefined
      for (let page = 0; ; page++) {
        const set = `<max>2</max>${last === undefined ? '' : `<after>${last}</after>`}`
        const found = await ask(it.juliet, { form: { with: 'romeo@localhost' }, set })
        seen.push(...numbers(found))
        assert.equal(found.results.length, 2)
        assert.equal(found.complete, page === 2)
        assert.equal(found.count, undefined)
        if (found.complete) break
        last = found.last
      }
      assert.deepEqual(seen, [0, 2, 3, 5, 6, 9])
    })

    test('§4.3.3: backwards from the last page', async () => {
      const seen: number[][] = []
      let first = ''
      for (;;) {
        const found = await ask(it.juliet, { set: `<max>5</max><before>${first}</before>` })
        seen.push([...numbers(found)])
        assert.deepEqual([found.first, found.last], [found.ids[0], found.ids.at(-1)])
        if (found.complete) break
        first = found.first!
      }
      assert.deepEqual(seen, [
        [7, 8, 9, 10, 11],
        [2, 3, 4, 5, 6],
        [0, 1],
      ])
    })

    test('§4.3.4: a flipped page is the same page, the other way round', async () => {
      const found = await ask(it.juliet, { set: '<max>3</max>', flip: true })
      assert.deepEqual(numbers(found), [2, 1, 0])
      assert.deepEqual([found.first, found.last], [all.ids[0], all.ids[2]])
      assert.ok(!found.complete)
    })

    test('pages of the messages asked for by id, and of those of one resource', async () => {
      const ids = [1, 4, 7, 10].map(number => all.ids[number]!)
      const one = await ask(it.juliet, { form: { ids }, set: '<max>3</max>' })
      assert.deepEqual([numbers(one), one.complete], [[1, 4, 7], false])
      const two = await ask(it.juliet, { form: { ids }, set: `<max>3</max><after>${one.last}</after>` })
      assert.deepEqual([numbers(two), two.complete], [[10], true])
      const back = await ask(it.juliet, { form: { with: 'nurse@localhost/house' }, set: '<max>3</max><before/>' })
      assert.deepEqual([numbers(back), back.complete], [[4, 7, 10], false])
    })

    test('how much may be asked for at once, and how little', async () => {
      assert.equal((await ask(it.juliet, { set: '<max>1000000000</max>' })).results.length, 12)
      const none = await ask(it.juliet, { set: '<max>0</max>' })
      assert.deepEqual([none.results.length, none.complete, none.first], [0, false, undefined])
      assert.ok((await ask(it.juliet, { set: '<max>0</max>', form: { with: 'nobody@localhost' } })).complete)
      assert.ok((await ask(it.juliet, { set: `<max>0</max><after>${all.last}</after>` })).complete)
    })

    test('an id that is not there is an error, wherever it stands', async () => {
      const others = (await ask(it.romeo)).ids[0]!
      for (const id of ['1', 'forged', '0000000000000000', '0000000000000001', others, `${all.ids[0]}0`]) {
        const everywhere: readonly Asked[] = [
          { form: { 'after-id': id } },
          { form: { 'before-id': id } },
          { form: { ids: [all.ids[1]!, id] } },
          { set: `<after>${id}</after>` },
          { set: `<before>${id}</before>` },
        ]
        for (const asked of everywhere)
          assert.equal(await refusal(ask(it.juliet, asked)), 'item-not-found', `${id} ${JSON.stringify(asked)}`)
      }
    })

    test('§5: what the archive begins and ends with', async () => {
      const get = async (id: string) => {
        it.juliet.send(`<iq type="get" id="${id}"><metadata xmlns="${mam}"/></iq>`)
        const answer = await it.juliet.receive()
        return answer
          .child('metadata', mam)!
          .elements.map(one => [one.name, one.attribute('id'), one.attribute('timestamp')])
      }
      assert.deepEqual(await get('m'), [
        ['start', all.ids[0], writeDateTime(all.results[0]!.stamp)],
        ['end', all.ids[11], writeDateTime(all.results[11]!.stamp)],
      ])
    })

    test('many messages: nothing is left out or comes twice at the seams, and a page has its limit', async () => {
      const tybalt = await it.house.connect('tybalt@localhost/street')
      const mercutio = await it.house.connect('mercutio@localhost/square')
      for (let at = 0; at < 300; at++) tybalt.send(chat('mercutio@localhost', `to ${at}`))
      await logOf(it, 'mercutio', 300)
      const found = await ask(mercutio)
      assert.deepEqual([found.results.length, found.complete, found.count], [100, false, undefined])
      assert.equal((await ask(mercutio, { set: '<max>1000000</max>' })).results.length, 250)
      for (const asked of [{}, { form: { with: 'tybalt@localhost' } }, { form: { with: 'tybalt@localhost/street' } }]) {
        const seen: number[] = []
        let set = '<max>70</max>'
        for (;;) {
          const page = await ask(mercutio, { ...asked, set })
          seen.push(...numbers(page))
          if (page.complete) break
          set = `<max>70</max><after>${page.last}</after>`
        }
        assert.deepEqual(
          seen,
          Array.from({ length: 300 }, (_, at) => at),
        )
      }
      const end = await ask(mercutio, { set: '<max>120</max><before/>', form: { with: 'tybalt@localhost/street' } })
      assert.deepEqual([numbers(end)[0], numbers(end).at(-1), end.complete], [180, 299, false])
    })

    test('a page of long messages ends early, and says so', async () => {
      const balthasar = await it.house.connect('balthasar@localhost/road')
      for (let at = 0; at < 5; at++) balthasar.send(chat('balthasar@localhost', `${at} ${'x'.repeat(50_000)}`))
      await logOf(it, 'balthasar', 5)
      const found = await ask(balthasar)
      assert.deepEqual([found.results.length, found.complete], [2, false])
      const more = await ask(balthasar, { set: `<after>${found.last}</after>` })
      assert.deepEqual([more.results.length, more.complete], [2, false])
      const back = await ask(balthasar, { set: '<before/>' })
      assert.deepEqual([back.ids.length, back.ids[0]], [2, more.ids[1]])
    })
  })
}

describe('bad queries', () => {
  let it: Scene
  before(async () => {
    it = await scene()
    await it.says('one')
  })
  after(() => it.house.stop())

  const typed = (type: string, fields = '') =>
    `<x xmlns="jabber:x:data" type="${type}"><field var="FORM_TYPE"><value>${mam}</value></field>${fields}</x>`
  const bad: readonly [what: string, inside: string, condition: string][] = [
    ['a number that is negative', '<set xmlns="http://jabber.org/protocol/rsm"><max>-1</max></set>', 'bad-request'],
    ['a number that is none', '<set xmlns="http://jabber.org/protocol/rsm"><max>x</max></set>', 'bad-request'],
    [
      'a number beyond all',
      '<set xmlns="http://jabber.org/protocol/rsm"><max>99999999999999999999</max></set>',
      'bad-request',
    ],
    [
      'a page by its index',
      '<set xmlns="http://jabber.org/protocol/rsm"><index>1</index></set>',
      'feature-not-implemented',
    ],
    [
      'another form',
      `<x xmlns="jabber:x:data" type="submit"><field var="FORM_TYPE"><value>urn:x</value></field></x>`,
      'bad-request',
    ],
    ['a form of no type', `<x xmlns="jabber:x:data" type="submit"/>`, 'bad-request'],
    ['a form that is not filled in', typed('form'), 'bad-request'],
    ['a form that was cancelled', typed('cancel'), 'bad-request'],
    ['a form of an unknown kind', typed('x'), 'bad-request'],
    ['with nobody in particular', form({ with: '@' }), 'bad-request'],
    ['with two', form({ with: ['a@b', 'c@d'] }), 'bad-request'],
    ['a field twice', typed('submit', '<field var="with"/><field var="with"/>'), 'bad-request'],
    ['a time that is none', form({ start: 'yesterday' }), 'bad-request'],
    ['a day that is none', form({ end: '2026-02-30T00:00:00Z' }), 'bad-request'],
    ['groupchat, perhaps', form({ 'include-groupchat': 'perhaps' }), 'bad-request'],
    ['an unknown field', form({ '{urn:x}full-text-search': 'love' }), 'feature-not-implemented'],
    ['a field without a name', typed('submit', '<field><value>x</value></field>'), 'feature-not-implemented'],
    ['too many ids', form({ ids: Array.from({ length: 251 }, (_, at) => String(at)) }), 'policy-violation'],
  ]
  for (const [what, inside, condition] of bad)
    test(`${what}: ${condition}`, async () => {
      assert.equal(await refusal(askRaw(it.juliet, inside)), condition)
      assert.deepEqual((await ask(it.juliet)).bodies, ['one'])
    })

  test('§6.1.3: no node has an archive here', async () => {
    it.juliet.send(`<iq type="set" id="n"><query xmlns="${mam}" node="x"/></iq>`)
    assert.equal(StanzaError.from(await it.juliet.receive()).condition, 'feature-not-implemented')
  })

  test('fields that are empty ask for nothing', async () => {
    const fields = { with: '', start: '', end: '', 'after-id': '', 'before-id': '', ids: [''], 'include-groupchat': '' }
    assert.deepEqual((await ask(it.juliet, { form: fields })).bodies, ['one'])
    for (const include of ['true', 'false'])
      assert.deepEqual((await ask(it.juliet, { form: { 'include-groupchat': include } })).bodies, ['one'])
  })

  test('§8.1: somebody else is forbidden everything, whether there is such an account or not', async () => {
    const requests = [
      ['set', 'query'],
      ['get', 'query'],
      ['get', 'metadata'],
      ['get', 'prefs'],
      ['set', 'prefs'],
    ]
    for (const [type, name] of requests) {
      const answers: string[] = []
      for (const local of ['juliet', 'nobody']) {
        it.romeo.send(`<iq type="${type}" id="x" to="${local}@localhost"><${name} xmlns="${mam}"/></iq>`)
        answers.push(String(await it.romeo.receive()).replaceAll(local, ''))
      }
      assert.match(answers[0]!, /<forbidden/)
      assert.equal(answers[0], answers[1])
    }
  })

  test('§4.1.5: the form to ask with has all fields, none of them required', async () => {
    it.juliet.send(`<iq type="get" id="form1"><query xmlns="${mam}"/></iq>`)
    const x = (await it.juliet.receive()).child('query', mam)!.child('x', 'jabber:x:data')!
    assert.equal(x.attribute('type'), 'form')
    const shown = (field: Element) => [field.attribute('var'), field.attribute('type')]
    assert.deepEqual(x.elements.map(shown), [
      ['FORM_TYPE', 'hidden'],
      ['with', 'jid-single'],
      ['start', 'text-single'],
      ['end', 'text-single'],
      ['before-id', 'text-single'],
      ['after-id', 'text-single'],
      ['ids', 'list-multi'],
      ['include-groupchat', 'boolean'],
      ['{urn:xmpp:fulltext:0}fulltext', 'text-single'],
    ])
    const validate = x.elements[6]!.child('validate', 'http://jabber.org/protocol/xdata-validate')!
    assert.equal(validate.attribute('datatype'), 'xs:string')
    assert.ok(validate.child('open'))
    assert.ok(!String(x).includes('required'))
  })

  test('§5: an empty archive has no ends', async () => {
    const nurse = await it.house.connect('nurse@localhost/house')
    nurse.send(`<iq type="get" id="m" to="nurse@localhost"><metadata xmlns="${mam}"/></iq>`)
    assert.deepEqual((await nurse.receive()).child('metadata', mam)!.elements, [])
    const found = await ask(nurse)
    assert.deepEqual([found.complete, found.count, found.first], [true, 0, undefined])
  })

  test('§7: what accounts announce, where they have an archive', async () => {
    const features = async (scene: Scene) => {
      scene.juliet.send(
        '<iq type="get" id="d" to="juliet@localhost"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>',
      )
      const all = (await scene.juliet.receive()).elements[0]!.elements.map(one => one.attribute('var'))
      return all.filter(name => name?.startsWith('urn:xmpp:mam') || name === 'urn:xmpp:sid:0').sort()
    }
    assert.deepEqual(await features(it), [mam, `${mam}#extended`, `${mam}#groupchat-field`, 'urn:xmpp:sid:0'])
    const without = await scene(undefined, { archive: { enabled: false } })
    assert.deepEqual(await features(without), ['urn:xmpp:sid:0'])
    without.juliet.send(`<iq type="set" id="q"><query xmlns="${mam}"/></iq>`)
    assert.equal(StanzaError.from(await without.juliet.receive()).condition, 'service-unavailable')
    await without.house.stop()
  })

  test('XEP-0424 §2: retractions are archived, and account and server say so, where there are archives', async () => {
    const without = await scene(undefined, { archive: { enabled: false } })
    for (const [player, says] of [
      [it.juliet, true],
      [without.juliet, false],
    ] as const) {
      for (const to of ['juliet@localhost', 'localhost']) {
        player.send(`<iq type="get" id="d" to="${to}"><query xmlns="http://jabber.org/protocol/disco#info"/></iq>`)
        assert.equal(String(await player.receive()).includes('urn:xmpp:message-retract:1'), says, to)
      }
    }
    await without.house.stop()
  })

  test('many queries at once are answered one after the other, each with its own results', async () => {
    for (let at = 0; at < 30; at++)
      it.juliet.send(`<iq type="set" id="q${at}"><query xmlns="${mam}" queryid="${at}"/></iq>`)
    for (let at = 0; at < 30; at++) {
      assert.equal((await it.juliet.receive()).child('result', mam)?.attribute('queryid'), String(at))
      assert.equal((await it.juliet.receive()).attribute('id'), `q${at}`)
    }
  })
})

test('a page is no longer than what may wait for whoever asks, and the next one goes on behind it', async () => {
  const it = await scene(undefined, { limits: { unsent: 64 * 1024 } })
  const count = 40
  for (let at = 0; at < count; at++) {
    it.romeo.send(chat('juliet@localhost', `${at} ${'x'.repeat(3000)}`))
    await logOf(it, 'juliet', at + 1)
  }
  const bodies: string[] = []
  for (let place = ''; ; ) {
    const found = await ask(it.juliet, { set: `<max>100</max>${place}` })
    assert.ok(found.results.length < 11, `${found.results.length} at once`)
    bodies.push(...found.bodies)
    if (found.complete) break
    place = `<after>${found.last}</after>`
  }
  assert.deepEqual(
    bodies.map(body => Number.parseInt(body, 10)),
    Array.from({ length: count }, (_, at) => at),
  )
  await it.house.stop()
})
