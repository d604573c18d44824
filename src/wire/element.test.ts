import assert from 'node:assert/strict'
import { test } from 'node:test'
import { Element } from './element.ts'
import { parse } from './reader.ts'

const stanza = (attributes: readonly string[], ...children: (Element | string)[]) =>
  new Element('presence', 'jabber:client', attributes, children)

test('an attribute is set, put in the place of another, or taken away; the element itself stays', () => {
  const one = stanza(['from', 'a', 'to', 'b'])
  assert.deepEqual(one.with('id', '1').attributes, ['from', 'a', 'to', 'b', 'id', '1'])
  assert.deepEqual(one.with('from', 'c').attributes, ['to', 'b', 'from', 'c'])
  assert.deepEqual(one.with('from', undefined).attributes, ['to', 'b'])
  assert.deepEqual(one.with('id', undefined).attributes, ['from', 'a', 'to', 'b'])
  assert.deepEqual(one.attributes, ['from', 'a', 'to', 'b'])
})

test('what stands around an attribute is the text of all that differ in it', () => {
  const all = [
    stanza([]),
    stanza(['from', 'a"b', '{urn:x}y', 'z']),
    stanza(['to', 'somebody', 'type', 'unavailable'], new Element('status', 'jabber:client', [], ['<away>'])),
    stanza(['to', ''], new Element('c', 'urn:other', ['to', 'nobody'])),
  ]
  for (const one of all)
    for (const inherited of ['jabber:client', '']) {
      const [before, behind] = one.around('to', inherited)
      assert.equal(`${before}juliet@example.com${behind}`, one.with('to', 'juliet@example.com').xml(inherited))
    }
})

test('attributes are written in their order, whatever they are called, and read as they were', () => {
  const names = ['from', 'to', 'type', 'id', 'xml:lang', 'other', '{urn:example:a}one', '{urn:example:b}two']
  const values = ['a@b/<c>', 'd & e', '"', "'", 'en', ' \t\n\r', '>', '']
  for (let first = 0; first < names.length; first++) {
    const list = names.flatMap((_, i) => [names[(first + i) % names.length]!, values[(first + i) % names.length]!])
    for (const name of ['message', 'other'])
      for (const children of [[], ['text & more']]) {
        const xml = new Element(name, 'urn:example', list, children).xml()
        const read = parse(`<stream>${xml}</stream>`).elements[0]!
        assert.deepEqual(
          [read.name, read.namespace, read.attributes, read.children],
          [name, 'urn:example', list, children],
        )
      }
  }
  const plain = new Element('message', 'jabber:client', ['to', 'a', 'from', 'b', 'id', 'c'], ['d'])
  assert.equal(plain.xml('jabber:client'), '<message to="a" from="b" id="c">d</message>')
  assert.equal(new Element('message', 'jabber:client').xml('jabber:client'), '<message/>')
})
