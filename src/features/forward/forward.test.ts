import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { parse } from '../../wire/reader.ts'
import { forwarded } from './wire.ts'

const message = `<message from='juliet@capulet.lit/orchard' id='0202197' to='romeo@montague.lit' type='chat'
    xmlns='jabber:client'><body>Yet I should kill thee with much cherishing.</body><mood
    xmlns='http://jabber.org/protocol/mood'><amorous/></mood></message>`
const delay = `<delay xmlns='urn:xmpp:delay' stamp='2010-07-10T23:08:25Z'/>`

// XEP-0297 §3.1, example 2; the schema of §8 lets both be missing.
cases(forwarded, [
  [
    `<message to='mercutio@verona.lit' from='romeo@montague.lit/orchard' type='chat' id='28gs' xmlns='jabber:client'>
      <body>A most courteous exposition!</body>
      <forwarded xmlns='urn:xmpp:forward:0'>${delay}${message}</forwarded>
    </message>`,
    { delay: { stamp: new Date('2010-07-10T23:08:25Z'), reason: '' }, stanza: parse(message) },
  ],
  [`<forwarded xmlns='urn:xmpp:forward:0'>${message}</forwarded>`, { stanza: parse(message) }],
  [`<forwarded xmlns='urn:xmpp:forward:0'/>`, {}],
])

test('XEP-0297 §3.2: the namespace of the stanza stays as it was, and what is in another one is none', () => {
  const xml = forwarded.write({ stanza: parse(message) }).toString()
  assert.match(xml, /^<forwarded xmlns="urn:xmpp:forward:0"><message xmlns="jabber:client"/)
  assert.deepEqual(forwarded.read(parse(`<forwarded xmlns='urn:xmpp:forward:0'><message/></forwarded>`)), {})
  const server = parse(`<forwarded xmlns='urn:xmpp:forward:0'><presence xmlns='jabber:server'/></forwarded>`)
  assert.equal(forwarded.read(server).stanza?.namespace, 'jabber:server')
})

test('XEP-0297 §8: one stanza, or it cannot be told which was meant', () => {
  const both = parse(`<forwarded xmlns='urn:xmpp:forward:0'>${message}${message}</forwarded>`)
  assert.throws(() => forwarded.read(both), Malformed)
})

test('the stanza can be put in the place of another one, and taken out', () => {
  const element = parse(`<forwarded xmlns='urn:xmpp:forward:0'>${message}${delay}</forwarded>`)
  const other = parse('<iq xmlns="jabber:client" type="get" id="1"/>')
  assert.deepEqual(
    forwarded.update(element, { stanza: other }).elements.map(child => child.name),
    ['iq', 'delay'],
  )
  assert.deepEqual(
    forwarded.update(element, { stanza: undefined }).elements.map(child => child.name),
    ['delay'],
  )
})
