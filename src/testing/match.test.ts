import assert from 'node:assert/strict'
import test from 'node:test'
import { Element, type Node } from '../wire/element.ts'
import { ns } from '../wire/namespaces.ts'
import { mismatch, scansion } from './match.ts'

const el = (name: string, attributes: string[] = [], children: Node[] = [], namespace: string = ns.client) =>
  new Element(name, namespace, attributes, children)
const message = (attributes: string[], ...children: Node[]) => el('message', attributes, children)
const body = (text: string) => el('body', [], [text])
const strict = `{${scansion}}strict`
const optional = `{${scansion}}optional`

test('what is the same matches, and what servers stamp may be there', () => {
  const received = message(['from', 'a@b', 'to', 'c@d', 'id', '1', 'xml:lang', 'en', 'type', 'chat'], body('hello'))
  assert.equal(mismatch(message(['type', 'chat'], body('hello')), received), undefined)
  assert.equal(mismatch(message(['from', 'a@b', 'type', 'chat'], '\n', body('hello'), ' '), received), undefined)
})

test('a stanza may bear the id of an archive, but not what is in it', () => {
  const stanzaId = el('stanza-id', ['id', '1', 'by', 'c@d'], [], 'urn:xmpp:sid:0')
  assert.equal(mismatch(message([], body('hello')), message([], body('hello'), stanzaId)), undefined)
  assert.match(mismatch(message([strict, 'true']), message([], stanzaId))!, /contains <stanza-id/)
  assert.match(mismatch(message([], el('x')), message([], el('x', [], [stanzaId])))!, /<x> contains <stanza-id/)
})

test('each difference is told with its place', () => {
  const received = message(['type', 'chat', 'id', '1'], body('hello'), el('x', ['a', '1'], [], 'urn:x'))
  const told = (expected: Element) => mismatch(expected, received) ?? 'nothing'
  assert.match(told(el('iq')), /<iq> is <message>/)
  assert.match(told(message(['type', 'normal'])), /type of <message> is "chat", not "normal"/)
  assert.match(told(message(['type', 'chat', 'to', '{scansion:any}'])), /no attribute to/)
  assert.match(told(message([], body('hello'))), /attribute type="chat", which is not expected/)
  assert.match(told(message(['type', 'chat'], body('bye'))), /text of <message><body> is "hello", not "bye"/)
  assert.match(told(message(['type', 'chat'], body('hello'))), /contains <x xmlns="urn:x">/)
  assert.match(
    told(message(['type', 'chat'], body('hello'), el('x', [], [], 'urn:y'))),
    /no <x> of the namespace "urn:y"/,
  )
  assert.match(
    told(message(['type', 'chat'], body('hello'), el('x', [], [], 'urn:x'))),
    /<message><x> has the attribute a/,
  )
  assert.match(told(message(['type', 'chat'], body(''), el('x', ['a', '1'], [], 'urn:x'))), /text "hello", which/)
})

test('{scansion:any} stands for any value and any text, not for nothing', () => {
  const expected = message(['id', '{scansion:any}'], body('{scansion:any}'))
  assert.equal(mismatch(expected, message(['id', '5'], body('what'))), undefined)
  assert.match(mismatch(expected, message([], body('what')))!, /no attribute id/)
  assert.match(mismatch(expected, message(['id', '5']))!, /no <body>/)
})

test('{scansion:optional} stands for any value or none', () => {
  const expected = message(['id', '{scansion:optional}', 'ver', '{scansion:optional}'])
  assert.equal(mismatch(expected, message([])), undefined)
  assert.equal(mismatch(expected, message(['ver', '5'])), undefined)
  assert.match(mismatch(expected, message(['rev', '5']))!, /attribute rev/)
})

test('lenient elements may have more, and strict ones inside them not', () => {
  const received = message(['type', 'chat'], body('hello'), el('x', ['a', '1'], [el('y')], 'urn:x'))
  assert.equal(mismatch(message([strict, 'false'], body('hello')), received), undefined)
  assert.equal(mismatch(message([strict, 'false']), received), undefined)
  assert.match(mismatch(message([strict, 'false'], el('x', [strict, 'true'], [], 'urn:x')), received)!, /attribute a/)
  assert.match(mismatch(message([strict, 'true']), message(['id', '1']))!, /attribute id/)
  assert.match(mismatch(message([strict, 'false'], body('hello'), body('hello')), received)!, /no <body>.* left/)
})

test('children match in any order, each one other', () => {
  const item = (jid: string) => el('item', ['jid', jid])
  const expected = el('query', [], [item('{scansion:any}'), item('a')])
  assert.equal(mismatch(expected, el('query', [], [item('a'), item('b')])), undefined)
  assert.match(mismatch(expected, el('query', [], [item('c'), item('b')]))!, /jid of <query><item> is "c", not "a"/)
  assert.match(mismatch(expected, el('query', [], [item('a')]))!, /no <item>/)
})

test('an optional child may be missing, but not wrong', () => {
  const expected = message([], body('hello'), el('delay', [optional, 'true', 'stamp', '1'], [], 'urn:xmpp:delay'))
  assert.equal(mismatch(expected, message([], body('hello'))), undefined)
  const delay = (stamp: string) => el('delay', ['stamp', stamp], [], 'urn:xmpp:delay')
  assert.equal(mismatch(expected, message([], body('hello'), delay('1'))), undefined)
  assert.match(mismatch(expected, message([], body('hello'), delay('2')))!, /contains <delay/)
})

test('an error may have a text for people and tell by whom', () => {
  const condition = el('item-not-found', [], [], ns.stanzas)
  const received = el('error', ['type', 'cancel', 'by', 'b'], [condition, el('text', [], ['Nobody.'], ns.stanzas)])
  assert.equal(mismatch(message([], el('error', ['type', 'cancel'], [condition])), message([], received)), undefined)
  assert.match(
    mismatch(message([strict, 'true'], el('error', ['type', 'cancel'], [condition])), message([], received))!,
    /by/,
  )
})
