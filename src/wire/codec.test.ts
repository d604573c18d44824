import assert from 'node:assert/strict'
import { test } from 'node:test'
import { attr, body, checked, element, flag, type Infer, leaf, many, maybe, one, rest } from './codec.ts'
import { Element, type Node } from './element.ts'
import { Malformed } from './errors.ts'
import { Jid } from './jid.ts'
import { base64, bool, date, int, jid, oneOf, text } from './kinds.ts'

const ns = 'urn:example'
const el = (name: string, attributes: string[] = [], children: Node[] = [], namespace = ns) =>
  new Element(name, namespace, attributes, children)

const item = element(ns, 'item', { jid: attr(jid), name: attr.maybe(text), group: many(leaf(text)) })
const list = element(ns, 'list', { version: attr.maybe(text, 'ver'), items: many(item) })
const wide = element(ns, 'wide', {
  when: attr(date),
  size: leaf(int),
  first: leaf('urn:other', text, 'first-name'),
  nick: maybe(leaf(text)),
  urgent: flag(),
  hush: flag('urn:hints', 'no-store'),
  item: one(item),
  second: maybe(one(list)),
  others: rest(),
})
const note = element(ns, 'note', { lang: attr.maybe(text, 'xml:lang'), mode: attr(oneOf('a', 'b')), value: body(text) })
const blob = element(ns, 'blob', { done: attr(bool), bytes: maybe(body(base64)) })

type Equal<A, B> = (<T>() => T extends A ? 1 : 2) extends <T>() => T extends B ? 1 : 2 ? true : false
const exact = <T extends true>(value?: T) => assert.equal(value, undefined)

test('the types of values are exact', () => {
  exact<Equal<Infer<typeof item>, { readonly jid: Jid; readonly group: readonly string[]; readonly name?: string }>>()
  exact<Equal<Infer<typeof list>, { readonly items: readonly Infer<typeof item>[]; readonly version?: string }>>()
  exact<
    Equal<
      Infer<typeof wide>,
      {
        readonly when: Date
        readonly size: number
        readonly first: string
        readonly urgent: boolean
        readonly hush: boolean
        readonly item: Infer<typeof item>
        readonly others: readonly Element[]
        readonly nick?: string
        readonly second?: Infer<typeof list>
      }
    >
  >()
  exact<Equal<Infer<typeof note>, { readonly mode: 'a' | 'b'; readonly value: string; readonly lang?: string }>>()
  exact<Equal<Infer<typeof blob>, { readonly done: boolean; readonly bytes?: Uint8Array }>>()
  // @ts-expect-error a field that is required is missing
  assert.throws(() => item.write({ group: [] }), Malformed)
  // @ts-expect-error no such field
  item.write({ jid: Jid.parse('a@b.c'), group: [], other: 1 })
})

const someone = { jid: Jid.parse('a@b.c'), group: ['x', 'y'] }

test('values come back as they were written', () => {
  const everything: Infer<typeof wide> = {
    when: new Date(Date.UTC(2024, 1, 29, 1, 2, 3)),
    size: -5,
    first: 'Juliet',
    nick: 'J & <J>',
    urgent: true,
    hush: true,
    item: { ...someone, name: 'A' },
    second: { version: '2', items: [someone, { ...someone, group: [] }] },
    others: [el('unknown', [], [], 'urn:else')],
  }
  const written = wide.write(everything)
  assert.equal(
    written.toString(),
    '<wide xmlns="urn:example" when="2024-02-29T01:02:03Z"><size>-5</size>' +
      '<first-name xmlns="urn:other">Juliet</first-name><nick>J &amp; &lt;J&gt;</nick><urgent/>' +
      '<no-store xmlns="urn:hints"/><item jid="a@b.c" name="A"><group>x</group><group>y</group></item>' +
      '<list ver="2"><item jid="a@b.c"><group>x</group><group>y</group></item><item jid="a@b.c"/></list>' +
      '<unknown xmlns="urn:else"/></wide>',
  )
  assert.deepEqual(wide.read(written), everything)
  const { nick: _, second: __, ...required } = { ...everything, urgent: false, hush: false, others: [] }
  assert.deepEqual(wide.read(wide.write(required)), required)
})

test('text of the element itself, and empty texts', () => {
  for (const value of [{ mode: 'a', value: '' } as const, { mode: 'b', value: ' x ', lang: 'de' } as const])
    assert.deepEqual(note.read(note.write(value)), value)
  assert.deepEqual(blob.read(blob.write({ done: true, bytes: new Uint8Array([1, 2]) })).bytes, new Uint8Array([1, 2]))
  assert.deepEqual(blob.read(el('blob', ['done', '1'])), { done: true })
  const nick = element(ns, 'x', { nick: leaf(text) })
  assert.equal(nick.write({ nick: '' }).toString(), '<x xmlns="urn:example"><nick/></x>')
  assert.deepEqual(nick.read(nick.write({ nick: '' })), { nick: '' })
})

test('of finds the child, is tells', () => {
  const payload = item.write(someone)
  const stanza = el('message', [], ['text', el('item', [], [], 'urn:wrong'), payload], 'jabber:client')
  assert.deepEqual(item.of(stanza), someone)
  assert.equal(list.of(stanza), undefined)
  assert.equal(item.is(payload), true)
  assert.equal(item.is(el('item', [], [], 'urn:wrong')), false)
  assert.throws(
    () => item.of(el('message', [], [el('item')])),
    /<item xmlns="urn:example"\/> lacks the attribute "jid"/,
  )
})

test('a refusal names the element and the field', () => {
  const said = (read: () => unknown, pattern: RegExp) =>
    assert.throws(read, error => error instanceof Malformed && pattern.test(error.message))
  said(() => list.read(el('item')), /<list xmlns="urn:example"\/> was expected, not <item xmlns="urn:example"\/>/)
  said(
    () => item.read(el('item', ['jid', '@b'])),
    /<item .*the attribute "jid" is not an address. The local part .* empty/,
  )
  said(() => list.read(el('list', [], [el('item')])), /<item xmlns="urn:example"\/> lacks the attribute "jid"/)
  said(() => wide.read(el('wide', ['when', 'today'])), /<wide .*"when" is not a date and time/)
  const when = ['when', '2024-02-29T01:02:03Z']
  said(() => wide.read(el('wide', when)), /<wide .* lacks the element <size xmlns="urn:example"\/>/)
  said(() => wide.read(el('wide', when, [el('size', [], ['x'])])), /<size .*the text is not a whole number/)
  said(() => note.read(el('note', ['mode', 'c'])), /"mode" is not one of a, b/)
})

test('update leaves what it does not know in its place', () => {
  const unknown = el('more', [], [], 'urn:more')
  const before = el(
    'list',
    ['x', '1', 'ver', '3', 'y', '2'],
    [
      '\n ',
      unknown,
      el('item', ['jid', 'a@b.c', 'extra', 'kept'], [el('more')]),
      '\n ',
      el('item', ['jid', 'd@e.f']),
      unknown,
    ],
  )
  assert.equal(list.update(before, {}).toString(), before.toString())
  assert.equal(list.update(before, list.read(before)).toString(), before.toString())
  assert.deepEqual(list.update(before, { version: '4' }).attributes, ['x', '1', 'ver', '4', 'y', '2'])
  assert.deepEqual(list.update(before, { version: undefined }).attributes, ['x', '1', 'y', '2'])
  const after = list.update(before, { items: [{ jid: Jid.parse('n@e.w'), group: [] }, list.read(before).items[0]!] })
  assert.equal(
    after.toString(),
    '<list xmlns="urn:example" x="1" ver="3" y="2">\n <more xmlns="urn:more"/>' +
      '<item jid="n@e.w"/>\n <item jid="a@b.c" extra="kept"><more/></item><more xmlns="urn:more"/></list>',
  )
  assert.deepEqual(list.read(list.update(before, { items: [] })).items, [])
})

test('update reaches into children and takes away what is gone', () => {
  const inner = element(ns, 'inner', { a: attr.maybe(text), b: maybe(leaf(text)) })
  const outer = element(ns, 'outer', { inner: one(inner), on: flag(), word: maybe(body(text)), rest: rest() })
  const before = el(
    'outer',
    [],
    ['old', el('inner', ['a', '1', 'z', '9'], [el('b', ['k', 'v'], ['x']), el('c')]), el('on'), 'more', el('d')],
  )
  const write = (change: Partial<Infer<typeof outer>>) => outer.update(before, change).inner
  assert.equal(write({ inner: { b: 'y' } }), 'old<inner z="9"><b k="v">y</b><c/></inner><on/>more<d/>')
  assert.equal(write({ inner: {} }), 'old<inner z="9"><c/></inner><on/>more<d/>')
  assert.equal(write({ on: false }), 'old<inner a="1" z="9"><b k="v">x</b><c/></inner>more<d/>')
  assert.equal(write({ on: true }), before.inner)
  assert.equal(write({ word: 'new' }), 'new<inner a="1" z="9"><b k="v">x</b><c/></inner><on/><d/>')
  assert.equal(write({ word: undefined }), '<inner a="1" z="9"><b k="v">x</b><c/></inner><on/><d/>')
  assert.equal(write({ rest: [el('e'), el('f')] }), 'old<inner a="1" z="9"><b k="v">x</b><c/></inner><on/>more<e/><f/>')
})

test('checked refuses what does not go together', () => {
  const pair = element(ns, 'pair', { a: attr.maybe(int), b: attr.maybe(int) })
  const ordered = checked(pair, ({ a = 0, b = 0 }) => {
    if (a > b) throw new Malformed('a is greater than b')
  })
  const wrong = el('pair', ['a', '2', 'b', '1'])
  assert.throws(() => ordered.read(wrong), Malformed)
  assert.throws(() => ordered.of(el('x', [], [wrong])), Malformed)
  assert.deepEqual(ordered.of(el('x', [], [el('pair', ['b', '1'])])), { b: 1 })
  assert.equal(ordered.of(el('x')), undefined)
})
