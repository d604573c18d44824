import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Envelope, envelope } from '../../server/envelope.ts'
import type { Owner } from '../../server/owner.ts'
import { cases } from '../../testing/cases.ts'
import { Malformed } from '../../wire/errors.ts'
import { Jid } from '../../wire/jid.ts'
import { parse } from '../../wire/reader.ts'
import { isEligible, type Way } from './eligible.ts'
import { Recent } from './recent.ts'
import { disable, enable, privately, received, sent } from './wire.ts'

const inner = `<message xmlns='jabber:client' from='juliet@capulet.example/balcony' to='romeo@montague.example/garden'
  type='chat'><body>What man art thou</body><thread>0e3141cd80894871a68e6fe6b1ec56fa</thread></message>`

// XEP-0280, examples 3, 6, 10, 13 and 14
cases(enable, [[`<iq xmlns='jabber:client' id='enable1' type='set'><enable xmlns='urn:xmpp:carbons:2'/></iq>`, {}]])
cases(disable, [[`<iq xmlns='jabber:client' id='disable1' type='set'><disable xmlns='urn:xmpp:carbons:2'/></iq>`, {}]])
cases(privately, [[`<message xmlns='jabber:client'><private xmlns='urn:xmpp:carbons:2'/></message>`, {}]])
for (const codec of [received, sent]) {
  cases(codec, [
    [
      `<message xmlns='jabber:client' from='romeo@montague.example' to='romeo@montague.example/home' type='chat'>
        <${codec.name} xmlns='urn:xmpp:carbons:2'><forwarded xmlns='urn:xmpp:forward:0'>${inner}</forwarded></${codec.name}>
      </message>`,
      { forwarded: { stanza: parse(inner) } },
    ],
  ])
  test(`<${codec.name}/> without what it is a copy of`, () => {
    assert.throws(() => codec.read(parse(`<${codec.name} xmlns='urn:xmpp:carbons:2'/>`)), Malformed)
  })
}

function coming(attributes: string, content: string, from = 'juliet@capulet.example/balcony'): Envelope {
  const to = 'romeo@montague.example'
  const stanza = parse(`<message xmlns='jabber:client' from='${from}' to='${to}' ${attributes}>${content}</message>`)
  return envelope(stanza, Jid.parse(from), Jid.parse(to), {} as Owner)
}

const body = '<body>hello</body>'
const pm = `<x xmlns='http://jabber.org/protocol/muc#user'/>`
const mediated = `<x xmlns='http://jabber.org/protocol/muc#user'><invite to='hecate@shakespeare.lit'/></x>`
const direct = `<x xmlns='jabber:x:conference' jid='darkcave@macbeth.shakespeare.lit'/>`
const occupant = 'coven@chat.shakespeare.lit/firstwitch'

const rules: readonly [what: string, e: Envelope, sent: boolean, received?: boolean][] = [
  ['of type chat', coming("type='chat'", ''), true],
  ['normal with a body', coming('', body), true],
  ['normal without a body', coming('', '<subject>news</subject>'), false],
  ['of a type that is not known, which counts as normal', coming("type='unheard-of'", body), true],
  ['a headline', coming("type='headline'", body), false],
  ['a receipt', coming('', "<received xmlns='urn:xmpp:receipts' id='1'/>"), true],
  ['a chat state', coming('', "<composing xmlns='http://jabber.org/protocol/chatstates'/>"), true],
  ['a marker', coming('', "<displayed xmlns='urn:xmpp:chat-markers:0' id='1'/>"), true],
  ['from a room', coming("type='groupchat'", body), false],
  ['a direct invitation', coming('', direct), true],
  ['an invitation by the room', coming('', mediated, 'coven@chat.shakespeare.lit'), true],
  ['between occupants', coming("type='chat'", body + pm, occupant), true, false],
  ['private', coming("type='chat'", `${body}<private xmlns='urn:xmpp:carbons:2'/>`), false],
  ['not to be copied (XEP-0334 §4.3)', coming("type='chat'", `${body}<no-copy xmlns='urn:xmpp:hints'/>`), false],
  ['an error', coming("type='error'", body), false],
]

for (const [what, e, sent, received = sent] of rules) {
  test(`XEP-0280 §6.1: ${what}`, () => {
    assert.equal(isEligible(e, 'sent'), sent)
    assert.equal(isEligible(e, 'received'), received)
  })
}

test('XEP-0280 §6.1: an error is eligible where the message was that it answers, and only the other way', () => {
  const recent = new Recent()
  recent.add(coming("type='chat' id='1'", body), 'received')
  const error = (id: string, to: string) => {
    const stanza = parse(`<message xmlns='jabber:client' type='error' ${id} to='${to}'/>`)
    return envelope(stanza, Jid.parse('romeo@montague.example/garden'), Jid.parse(to), {} as Owner)
  }
  const answered = (id: string, to: string, way: Way = 'sent') => recent.isAnsweredBy(error(id, to), way)
  assert.equal(answered("id='1'", 'juliet@capulet.example/balcony'), true)
  assert.equal(answered("id='1'", 'juliet@capulet.example'), true)
  assert.equal(answered("id='1'", 'juliet@capulet.example', 'received'), false)
  assert.equal(answered("id='2'", 'juliet@capulet.example'), false)
  assert.equal(answered('', 'juliet@capulet.example'), false)
  assert.equal(answered("id='1'", 'tybalt@capulet.example'), false)
})

test('the last hundred messages are remembered, and no endless id', () => {
  const recent = new Recent()
  const remembers = (id: string) => recent.isAnsweredBy(coming(`type='error' id='${id}'`, ''), 'received')
  const to = (id: string) =>
    envelope(coming(`id='${id}'`, body).stanza, Jid.parse('a@b'), Jid.parse('juliet@capulet.example'), {} as Owner)
  for (let i = 0; i < 100; i++) recent.add(to(String(i)), 'sent')
  recent.add(to('0'), 'sent')
  recent.add(to('100'), 'sent')
  assert.deepEqual([remembers('0'), remembers('1'), remembers('2'), remembers('100')], [true, false, true, true])
  recent.add(to('x'.repeat(1000)), 'sent')
  assert.equal(remembers('x'.repeat(1000)), false)
})
