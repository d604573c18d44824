import assert from 'node:assert/strict'
import { test } from 'node:test'
import { cases } from '../../testing/cases.ts'
import { parse } from '../../wire/reader.ts'
import { active, composing, gone, inactive, isStandalone, paused } from './wire.ts'

// XEP-0085 §6 and §7
const content = `<message xmlns='jabber:client' from='bernardo@shakespeare.lit/pda' to='francisco@shakespeare.lit' type='chat'>
  <body>Who's there?</body>
  <active xmlns='http://jabber.org/protocol/chatstates'/>
</message>`
const standalone = (state: string, more = '') =>
  `<message xmlns='jabber:client' from='romeo@montague.net/orchard' to='juliet@capulet.com/balcony' type='chat'>
  ${more}<${state} xmlns='http://jabber.org/protocol/chatstates'/>
</message>`
const thread = '<thread>act2scene2chat1</thread>'

cases(active, [[content, {}]])
cases(composing, [[standalone('composing', thread), {}]])
cases(paused, [[standalone('paused', thread), {}]])
cases(inactive, [[standalone('inactive', thread), {}]])
cases(gone, [[standalone('gone', thread), {}]])

test('XEP-0085 §2: what is a standalone notification, and what says something besides', () => {
  const remarks = `${thread}<no-store xmlns="urn:xmpp:hints"/><origin-id xmlns="urn:xmpp:sid:0" id="1"/>`
  const delay = '<delay xmlns="urn:xmpp:delay" stamp="2002-09-10T23:08:25Z"/>'
  for (const xml of [standalone('composing'), standalone('gone', remarks), standalone('active', delay)])
    assert.equal(isStandalone(parse(xml)), true, xml)
  const others = [
    content,
    standalone('active', '<body/>'),
    standalone('active', '<received xmlns="urn:xmpp:receipts" id="1"/>'),
    standalone('active', '<received xmlns="urn:xmpp:carbons:2"><x/></received>'),
    `<message xmlns='jabber:client'>${thread}</message>`,
    `<message xmlns='jabber:client'><no-store xmlns="urn:xmpp:hints"/></message>`,
    `<message xmlns='jabber:client'/>`,
  ]
  for (const xml of others) assert.equal(isStandalone(parse(xml)), false, xml)
})
